using System.Buffers.Binary;

namespace Jam.Peer.Playback;

/// <summary>Where the frames of an MP3 stand in its bytes.</summary>
/// <remarks>
/// Layout: "JIX", version 1, the header of the first frame (4 bytes), then variable-length integers of 7 bits per byte, low first: place of
/// the first frame, frames, sound frames to skip, sound frames in the track, frames per entry, then for each further entry its distance
/// in bytes to the one before.
/// </remarks>
internal sealed class Mp3Index : TrackIndex
{
    private const int HeadBytes = 8;
    private const int MaxStep = 1 << 20;
    private const long MaxFrames = 1L << 32;
    private const int MaxSkip = 1 << 16;

    /// <summary>No frame of MPEG audio holds more.</summary>
    private const int MaxSoundPerFrame = 1152;

    private static readonly byte[] s_magic = [(byte)'J', (byte)'I', (byte)'X', 1];

    private readonly long[] _offsets;

    private Mp3Index(uint header, long frames, int skipFrames, long lengthFrames, int step, long[] offsets)
    {
        (Header, Frames, SkipFrames, LengthFrames, Step) = (header, frames, skipFrames, lengthFrames, step);
        _offsets = offsets;
    }

    /// <summary>The four bytes that begin the first frame, big endian.</summary>
    public uint Header { get; }

    /// <summary>Frames of the codec in the track.</summary>
    public long Frames { get; }

    /// <summary>Sound frames that the encoder and the decoder put before the first.</summary>
    public int SkipFrames { get; }

    /// <summary>Sound frames in the track, without padding.</summary>
    public long LengthFrames { get; }

    /// <summary>Frames per entry, a power of two.</summary>
    public int Step { get; }

    /// <summary>Where every <see cref="Step"/>th frame begins, bytes.</summary>
    public ReadOnlySpan<long> Offsets => _offsets;

    /// <summary>Makes an index; a long one is thinned out.</summary>
    /// <param name="header">The first frame's header.</param>
    /// <param name="frames">Frames in the track, above 0.</param>
    /// <param name="skipFrames">Sound frames before the first.</param>
    /// <param name="lengthFrames">Sound frames in the track.</param>
    /// <param name="step">Frames per entry, a power of two.</param>
    /// <param name="offsets">Rising places in bytes, one per step begun.</param>
    /// <returns>The index; null where the track is beyond what one can hold.</returns>
    public static Mp3Index? Create(
        uint header, long frames, long skipFrames, long lengthFrames, int step, IReadOnlyList<long> offsets)
    {
        if (!IsSane(frames, skipFrames, lengthFrames, step) || offsets.Count != Entries(frames, step))
            return null;
        var thin = 1;
        // A hundred bytes beside the places is more than the head takes.
        while (Entries(frames, step * thin) > MaxEntries || IndexBytes.SizeOf(offsets, thin) > MaxBytes - 100)
            thin *= 2;
        var kept = new long[Entries(frames, step * thin)];
        for (var i = 0; i < kept.Length; i++)
            kept[i] = offsets[i * thin];
        return new Mp3Index(header, frames, (int)skipFrames, lengthFrames, step * thin, kept);
    }

    /// <summary>Whether a blob says that it is one of these.</summary>
    public static bool IsOne(ReadOnlySpan<byte> blob) => blob.Length >= HeadBytes && blob.StartsWith(s_magic);

    /// <summary>Reads a blob that <see cref="IsOne"/>.</summary>
    public static Mp3Index? Parse(ReadOnlySpan<byte> blob, long trackBytes, out string? error)
    {
        var header = BinaryPrimitives.ReadUInt32BigEndian(blob[4..]);
        var rest = blob[HeadBytes..];
        error = "the track index is damaged";
        if (!IndexBytes.TryTake(ref rest, out var first) || !IndexBytes.TryTake(ref rest, out var frames)
            || !IndexBytes.TryTake(ref rest, out var skip) || !IndexBytes.TryTake(ref rest, out var length)
            || !IndexBytes.TryTake(ref rest, out var step))
            return null;
        // An entry takes a byte at least, so the blob's own length bounds what is allocated.
        if (step > MaxStep || !IsSane(frames, skip, length, (int)step) || Entries(frames, (int)step) - 1 > rest.Length)
            return null;
        var offsets = new long[Entries(frames, (int)step)];
        offsets[0] = first;
        for (var i = 1; i < offsets.Length; i++)
        {
            if (!IndexBytes.TryTake(ref rest, out var distance) || distance == 0 || distance > trackBytes)
                return null;
            offsets[i] = offsets[i - 1] + distance;
            if (offsets[i] >= trackBytes)
                return null;
        }
        if (!rest.IsEmpty || first >= trackBytes || offsets.Length > MaxEntries)
            return null;
        error = null;
        return new Mp3Index(header, frames, (int)skip, length, (int)step, offsets);
    }

    /// <inheritdoc/>
    public override byte[] ToBytes()
    {
        var bytes = new List<byte>(HeadBytes + 16 + 3 * _offsets.Length);
        bytes.AddRange(s_magic);
        Span<byte> header = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(header, Header);
        bytes.AddRange(header);
        foreach (var value in (ReadOnlySpan<long>)[_offsets[0], Frames, SkipFrames, LengthFrames, Step])
            IndexBytes.Put(bytes, value);
        for (var i = 1; i < _offsets.Length; i++)
            IndexBytes.Put(bytes, _offsets[i] - _offsets[i - 1]);
        return [.. bytes];
    }

    private static bool IsSane(long frames, long skip, long length, int step) =>
        frames is > 0 and <= MaxFrames && skip is >= 0 and <= MaxSkip && length >= 0 && length <= (frames + 1) * MaxSoundPerFrame
        && step is > 0 and <= MaxStep && System.Numerics.BitOperations.IsPow2(step);

    private static int Entries(long frames, int step) => (int)Math.Min(int.MaxValue, (frames + step - 1) / step);
}
