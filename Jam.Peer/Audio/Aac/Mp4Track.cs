using System.Buffers.Binary;
using System.Text;
using Jam.Peer.Audio.Tags;
using Jam.Peer.Playback;

namespace Jam.Peer.Audio.Aac;

/// <summary>
/// The AAC track of an MP4 file (ISO/IEC 14496-12): where its frames stand, and what its edit list cuts off. Fragmented files, and
/// other codecs, are named and refused. Reads the boxes that it needs, from anyone, and believes none of their figures.
/// </summary>
internal sealed class Mp4Track
{
    private const int MaxBoxes = 10_000;
    private const int MaxMovieBytes = 8 * 1024 * 1024;
    private const int MaxFrames = 4_000_000;
    private const int FrameSamples = 1024;

    /// <summary>No encoder puts more before the sound.</summary>
    private const int MaxSkip = 8 * FrameSamples;

    private Mp4Track(AacConfig config, long[] offsets, int[] sizes, long skip, long length) =>
        (Config, Offsets, Sizes, SkipSamples, LengthSamples) = (config, offsets, sizes, skip, length);

    /// <summary>What an ADTS header says of each frame.</summary>
    public AacConfig Config { get; }

    /// <summary>Where each frame begins, bytes.</summary>
    public long[] Offsets { get; }

    /// <summary>How long each is, bytes.</summary>
    public int[] Sizes { get; }

    /// <summary>Samples of the core rate before the first that sounds.</summary>
    public long SkipSamples { get; }

    /// <summary>Samples of the core rate that sound.</summary>
    public long LengthSamples { get; }

    /// <summary>Reads the file's boxes; waits for those bytes. Null where it cannot be played, and why.</summary>
    public static Mp4Track? Open(ITrackReader reader, out string? error, CancellationToken cancellationToken)
    {
        var movie = Movie(reader, out error, cancellationToken);
        return movie.Length == 0 ? null : Parse(movie, reader.LengthBytes, out error);
    }

    /// <summary>The content of the box that describes the tracks; empty where it cannot be had, and why.</summary>
    internal static byte[] Movie(ITrackReader reader, out string? error, CancellationToken cancellationToken)
    {
        error = "it is a damaged MP4";
        var window = new ByteWindow(reader);
        var at = 0L;
        for (var boxes = 0; boxes < MaxBoxes && at + 8 <= reader.LengthBytes; boxes++)
        {
            var head = window.Get(at, 16, cancellationToken);
            if (head.Length < 8)
                break;
            long size = BinaryPrimitives.ReadUInt32BigEndian(head);
            if (size == 1 && head.Length == 16)
                size = BinaryPrimitives.ReadInt64BigEndian(head[8..]);
            else if (size == 0)
                size = reader.LengthBytes - at;
            if (size < 8 || size > reader.LengthBytes - at)
            {
                error = "it is cut off: its last bytes are missing";
                break;
            }

            if (head[4..8].SequenceEqual("moov"u8))
                return size > MaxMovieBytes ? [] : TagBytes.Read(reader, at + 8, size - 8, cancellationToken);
            at += size;
        }

        return [];
    }

    private static Mp4Track? Parse(ReadOnlySpan<byte> movie, long fileBytes, out string? error)
    {
        error = "it is an MP4 without AAC";
        for (var rest = movie; TryBox(ref rest, out var name, out var track);)
        {
            if (name != "trak")
                continue;
            var table = Find(track, "mdia", "minf", "stbl");
            var entry = Find(table, "stsd");
            // Version and count, then the first entry: its size and its type.
            if (entry.Length < 16 + 28 || !entry[12..16].SequenceEqual("mp4a"u8))
            {
                if (entry.Length >= 16 && entry[12..16].SequenceEqual("alac"u8))
                    error = "it is Apple Lossless, which cannot be played";
                continue;
            }

            if (AacConfig.Find(entry[(16 + 28)..]) is not { } config)
            {
                error = "it is no AAC-LC or HE-AAC";
                continue;
            }

            error = "it is a damaged or fragmented MP4";
            return Places(table, fileBytes) is { } places && Length(table, places.Sizes.Length) is { } samples
                && Find(track, "mdia", "mdhd") is var media && Timescale(media) is { } scale
                ? Cut(config, places, samples, scale, movie, Find(track, "edts", "elst"), out error)
                : null;
        }

        return null;
    }

    private static Mp4Track? Cut(
        AacConfig config, (long[] Offsets, int[] Sizes) places, long units, long scale, ReadOnlySpan<byte> movie, ReadOnlySpan<byte> edits,
        out string? error)
    {
        error = null;
        var held = (long)places.Sizes.Length * FrameSamples;
        // Of a doubled rate nobody says whether it is the one that was counted by.
        if (scale == config.Rate && Mp4Gapless.Counted(movie) is var (before, length) && before <= MaxSkip && length <= held - before)
            return new Mp4Track(config, places.Offsets, places.Sizes, before, length);
        // Durations are in the track's own units, which for HE-AAC may be those of the doubled rate.
        var all = Math.Min((long)((Int128)units * config.Rate / scale), held);
        var skip = Math.Clamp(Mp4Gapless.Skip(edits) * config.Rate / scale, 0, MaxSkip);
        var sounds = Math.Min(all - skip, Mp4Gapless.Edited(movie, edits, config.Rate) ?? long.MaxValue);
        if (sounds > 0)
            return new Mp4Track(config, places.Offsets, places.Sizes, skip, sounds);
        error = "it holds no sound";
        return null;
    }

    private static (long[] Offsets, int[] Sizes)? Places(ReadOnlySpan<byte> table, long fileBytes)
    {
        var sizes = Find(table, "stsz");
        var runs = Find(table, "stsc");
        var narrow = Find(table, "stco");
        var wide = Find(table, "co64");
        if (sizes.Length < 12 || runs.Length < 8)
            return null;
        var fixedSize = BinaryPrimitives.ReadInt32BigEndian(sizes[4..]);
        var count = BinaryPrimitives.ReadInt32BigEndian(sizes[8..]);
        if (count is <= 0 or > MaxFrames || (fixedSize == 0 && sizes.Length < 12 + 4L * count))
            return null;
        var places = new long[count];
        var lengths = new int[count];
        var frame = 0;
        var chunks = (Math.Max(narrow.Length, wide.Length) - 8) / (wide.Length > 0 ? 8 : 4);
        for (int chunk = 0, run = 0; chunk < chunks && frame < count; chunk++)
        {
            while (20 + 12 * run + 4 <= runs.Length && BinaryPrimitives.ReadUInt32BigEndian(runs[(20 + 12 * run)..]) <= chunk + 1)
                run++;
            if (12 + 12 * run + 4 > runs.Length)
                return null;
            var perChunk = BinaryPrimitives.ReadUInt32BigEndian(runs[(12 + 12 * run)..]);
            var at = wide.Length > 0 ? BinaryPrimitives.ReadInt64BigEndian(wide[(8 + 8 * chunk)..]) : BinaryPrimitives.ReadUInt32BigEndian(narrow[(8 + 4 * chunk)..]);
            for (var i = 0u; i < perChunk && frame < count; i++, frame++)
            {
                lengths[frame] = fixedSize != 0 ? fixedSize : BinaryPrimitives.ReadInt32BigEndian(sizes[(12 + 4 * frame)..]);
                places[frame] = at;
                if (lengths[frame] is <= 0 or > Adts.MaxPayload || at < 0 || at + lengths[frame] > fileBytes)
                    return null;
                at += lengths[frame];
            }
        }

        return frame == count ? (places, lengths) : null;
    }

    // The sum of all durations, in the track's units.
    private static long? Length(ReadOnlySpan<byte> table, int frames)
    {
        var times = Find(table, "stts");
        if (times.Length < 8)
            return null;
        var (sum, counted) = (0L, 0L);
        for (times = times[8..]; times.Length >= 8 && counted < frames; times = times[8..])
        {
            var count = Math.Min(BinaryPrimitives.ReadUInt32BigEndian(times), frames - counted);
            sum += count * Math.Min(BinaryPrimitives.ReadUInt32BigEndian(times[4..]), 1u << 16);
            counted += count;
        }

        return counted == frames ? sum : null;
    }

    /// <summary>Units per second in the header of a track's media or of the movie; null where there is none.</summary>
    internal static long? Timescale(ReadOnlySpan<byte> media)
    {
        var at = media.Length > 0 && media[0] == 1 ? 20 : 12;
        return media.Length >= at + 4 && BinaryPrimitives.ReadUInt32BigEndian(media[at..]) is > 0 and var scale ? scale : null;
    }

    /// <summary>The content of a box by its path; empty where there is none.</summary>
    internal static ReadOnlySpan<byte> Find(ReadOnlySpan<byte> boxes, params ReadOnlySpan<string> path)
    {
        foreach (var wanted in path)
        {
            var found = ReadOnlySpan<byte>.Empty;
            while (TryBox(ref boxes, out var name, out var content))
            {
                if (name != wanted)
                    continue;
                found = content;
                break;
            }

            boxes = found;
        }

        return boxes;
    }

    internal static bool TryBox(scoped ref ReadOnlySpan<byte> boxes, out string name, out ReadOnlySpan<byte> content)
    {
        name = "";
        content = default;
        if (boxes.Length < 8 || BinaryPrimitives.ReadUInt32BigEndian(boxes) is var size && (size < 8 || size > boxes.Length))
            return false;
        name = Encoding.Latin1.GetString(boxes.Slice(4, 4));
        content = boxes[8..(int)size];
        boxes = boxes[(int)size..];
        return true;
    }
}
