using System.Buffers.Binary;

namespace Jam.Peer.Playback;

/// <summary>
/// Where the frames of a compressed track stand in its bytes, made by who has the whole file, so that others can seek, or join in the
/// middle, with no bytes but those around the playhead. A blob under its hash: it is as trustworthy as who named the hash, and a wrong
/// one gives wrong sound, never a crash.
/// </summary>
/// <remarks>
/// Layout: "JIX", version 1, the header of the first frame (4 bytes), then variable-length integers of 7 bits per byte, low first: place of
/// the first frame, frames, sound frames to skip, sound frames in the track, frames per entry, then for each further entry its distance
/// in bytes to the one before.
/// </remarks>
public sealed class TrackIndex
{
    /// <summary>No blob is longer.</summary>
    public const int MaxBytes = 64 * 1024;

    /// <summary>Entries at most; a longer track has fewer per time.</summary>
    internal const int MaxEntries = 16 * 1024;

    private const int HeadBytes = 8;
    private const int MaxStep = 1 << 20;
    private const long MaxFrames = 1L << 32;
    private const int MaxSkip = 1 << 16;

    /// <summary>No frame of MPEG audio holds more.</summary>
    private const int MaxSoundPerFrame = 1152;

    private static readonly byte[] s_magic = [(byte)'J', (byte)'I', (byte)'X', 1];

    private readonly long[] _offsets;

    private TrackIndex(uint header, long frames, int skipFrames, long lengthFrames, int step, long[] offsets)
    {
        (Header, Frames, SkipFrames, LengthFrames, Step) = (header, frames, skipFrames, lengthFrames, step);
        _offsets = offsets;
    }

    /// <summary>The four bytes that begin the first frame, big endian.</summary>
    internal uint Header { get; }

    /// <summary>Frames of the codec in the track.</summary>
    internal long Frames { get; }

    /// <summary>Sound frames that the encoder and the decoder put before the first.</summary>
    internal int SkipFrames { get; }

    /// <summary>Sound frames in the track, without padding.</summary>
    internal long LengthFrames { get; }

    /// <summary>Frames per entry, a power of two.</summary>
    internal int Step { get; }

    /// <summary>Where every <see cref="Step"/>th frame begins, bytes.</summary>
    internal ReadOnlySpan<long> Offsets => _offsets;

    /// <summary>Makes an index; a long one is thinned out.</summary>
    /// <param name="header">The first frame's header.</param>
    /// <param name="frames">Frames in the track, above 0.</param>
    /// <param name="skipFrames">Sound frames before the first.</param>
    /// <param name="lengthFrames">Sound frames in the track.</param>
    /// <param name="step">Frames per entry, a power of two.</param>
    /// <param name="offsets">Rising places in bytes, one per step begun.</param>
    /// <returns>The index; null where the track is beyond what one can hold.</returns>
    internal static TrackIndex? Create(
        uint header, long frames, long skipFrames, long lengthFrames, int step, IReadOnlyList<long> offsets)
    {
        if (!IsSane(frames, skipFrames, lengthFrames, step) || offsets.Count != Entries(frames, step))
            return null;
        var thin = 1;
        // A hundred bytes beside the places is more than the head takes.
        while (Entries(frames, step * thin) > MaxEntries || SizeOf(offsets, thin) > MaxBytes - 100)
            thin *= 2;
        var kept = new long[Entries(frames, step * thin)];
        for (var i = 0; i < kept.Length; i++)
            kept[i] = offsets[i * thin];
        return new TrackIndex(header, frames, (int)skipFrames, lengthFrames, step * thin, kept);
    }

    /// <summary>Reads a blob.</summary>
    /// <param name="blob">From anyone.</param>
    /// <param name="trackBytes">Length of the track that it should fit.</param>
    /// <param name="error">One clause; null where it is good.</param>
    /// <returns>The index, or null.</returns>
    public static TrackIndex? TryParse(ReadOnlySpan<byte> blob, long trackBytes, out string? error)
    {
        error = "it is no track index of version 1";
        if (blob.Length is < HeadBytes or > MaxBytes || !blob.StartsWith(s_magic))
            return null;
        var header = BinaryPrimitives.ReadUInt32BigEndian(blob[4..]);
        var rest = blob[HeadBytes..];
        error = "the track index is damaged";
        if (!TryTake(ref rest, out var first) || !TryTake(ref rest, out var frames) || !TryTake(ref rest, out var skip)
            || !TryTake(ref rest, out var length) || !TryTake(ref rest, out var step))
            return null;
        // An entry takes a byte at least, so the blob's own length bounds what is allocated.
        if (step > MaxStep || !IsSane(frames, skip, length, (int)step) || Entries(frames, (int)step) - 1 > rest.Length)
            return null;
        var offsets = new long[Entries(frames, (int)step)];
        offsets[0] = first;
        for (var i = 1; i < offsets.Length; i++)
        {
            if (!TryTake(ref rest, out var distance) || distance == 0 || distance > trackBytes)
                return null;
            offsets[i] = offsets[i - 1] + distance;
            if (offsets[i] >= trackBytes)
                return null;
        }
        if (!rest.IsEmpty || first >= trackBytes || offsets.Length > MaxEntries)
            return null;
        error = null;
        return new TrackIndex(header, frames, (int)skip, length, (int)step, offsets);
    }

    /// <summary>The blob, at most <see cref="MaxBytes"/>; the same index gives the same bytes.</summary>
    public byte[] ToBytes()
    {
        var bytes = new List<byte>(HeadBytes + 16 + 3 * _offsets.Length);
        bytes.AddRange(s_magic);
        Span<byte> header = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(header, Header);
        bytes.AddRange(header);
        foreach (var value in (ReadOnlySpan<long>)[_offsets[0], Frames, SkipFrames, LengthFrames, Step])
            Put(bytes, value);
        for (var i = 1; i < _offsets.Length; i++)
            Put(bytes, _offsets[i] - _offsets[i - 1]);
        return [.. bytes];
    }

    private static bool IsSane(long frames, long skip, long length, int step) =>
        frames is > 0 and <= MaxFrames && skip is >= 0 and <= MaxSkip && length >= 0 && length <= (frames + 1) * MaxSoundPerFrame
        && step is > 0 and <= MaxStep && System.Numerics.BitOperations.IsPow2(step);

    private static int Entries(long frames, int step) => (int)Math.Min(int.MaxValue, (frames + step - 1) / step);

    private static long SizeOf(IReadOnlyList<long> offsets, int thin)
    {
        var bytes = 0L;
        for (var i = thin; i < offsets.Count; i += thin)
            bytes += (64 - System.Numerics.BitOperations.LeadingZeroCount((ulong)(offsets[i] - offsets[i - thin]) | 1) + 6) / 7;
        return bytes;
    }

    private static void Put(List<byte> bytes, long value)
    {
        for (; value > 0x7F; value >>= 7)
            bytes.Add((byte)(value | 0x80));
        bytes.Add((byte)value);
    }

    private static bool TryTake(ref ReadOnlySpan<byte> rest, out long value)
    {
        value = 0;
        // Eight groups are 56 bits: no sign is reached.
        for (var i = 0; i < 8 && i < rest.Length; i++)
        {
            value |= (long)(rest[i] & 0x7F) << (7 * i);
            if (rest[i] > 0x7F)
                continue;
            // One number has one spelling, so that one index has one hash.
            var isShortest = i == 0 || rest[i] != 0;
            rest = rest[(i + 1)..];
            return isShortest;
        }
        return false;
    }
}
