using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Jam.Peer.Audio.Aac;

/// <summary>
/// What an encoder has put before and behind the sound of an MP4: its own count of samples (iTunSMPB, which Apple's write beside or in the place of
/// an edit list), else how long the edit list says the sound is.
/// </summary>
internal static class Mp4Gapless
{
    private const string Item = "iTunSMPB";

    /// <summary>The encoder's count: samples before the sound, and of it; null where there is none that can be read.</summary>
    /// <param name="movie">The content of the box that describes the tracks.</param>
    public static (long Skip, long Length)? Counted(ReadOnlySpan<byte> movie)
    {
        var meta = Mp4Track.Find(movie, "udta", "meta");
        for (var items = Mp4Track.Find(meta[Math.Min(4, meta.Length)..], "ilst"); Mp4Track.TryBox(ref items, out var name, out var item);)
        {
            // Version and flags come before the name, type and locale before the value.
            if (name != "----" || Text(Mp4Track.Find(item, "name"), 4) != Item)
                continue;
            var words = Text(Mp4Track.Find(item, "data"), 8).Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return words.Length >= 4 && TryHex(words[1], out var skip) && TryHex(words[3], out var length) && length > 0 ? (skip, length) : null;
        }

        return null;
    }

    /// <summary>How long the first edit that is not empty says that the sound is, in samples at a rate, a tick of its clock too many; null where it does not.</summary>
    /// <param name="movie">The content of the box that describes the tracks.</param>
    /// <param name="edits">The content of the track's edit list.</param>
    /// <param name="rate">Samples per second.</param>
    public static long? Edited(ReadOnlySpan<byte> movie, ReadOnlySpan<byte> edits, int rate) =>
        FirstEdit(edits) is { Ticks: > 0 and < long.MaxValue and var ticks } && Mp4Track.Timescale(Mp4Track.Find(movie, "mvhd")) is { } scale
            ? (long)Int128.Min(((Int128)ticks + 1) * rate / scale, long.MaxValue)
            : null;

    /// <summary>Where in the media that edit begins, in ticks of the media's clock; 0 where there is none.</summary>
    /// <param name="edits">The content of the track's edit list.</param>
    public static long Skip(ReadOnlySpan<byte> edits) => Math.Min(FirstEdit(edits)?.Time ?? 0, 1 << 20);

    // The first that is not empty: how long it is, in ticks of the movie's clock, and where in the media it begins.
    private static (long Ticks, long Time)? FirstEdit(ReadOnlySpan<byte> edits)
    {
        if (edits.Length < 8)
            return null;
        var isLong = edits[0] == 1;
        var size = isLong ? 20 : 12;
        for (edits = edits[8..]; edits.Length >= size; edits = edits[size..])
        {
            var (ticks, time) = isLong
                ? (BinaryPrimitives.ReadInt64BigEndian(edits), BinaryPrimitives.ReadInt64BigEndian(edits[8..]))
                : (BinaryPrimitives.ReadUInt32BigEndian(edits), BinaryPrimitives.ReadInt32BigEndian(edits[4..]));
            if (time >= 0)
                return (ticks, time);
        }

        return null;
    }

    private static string Text(ReadOnlySpan<byte> box, int from) => box.Length > from ? Encoding.Latin1.GetString(box[from..]) : "";

    private static bool TryHex(string word, out long value) =>
        long.TryParse(word, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value) && value is >= 0 and < 1L << 40;
}
