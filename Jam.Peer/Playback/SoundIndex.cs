namespace Jam.Peer.Playback;

/// <summary>
/// Where the sound of a FLAC, an Ogg or a file of plain samples stands in its bytes, and what a decoder must have read before it: with
/// that in front of them, the bytes from any entry on are a file of their own, which is as long as the rest of the track.
/// </summary>
/// <remarks>
/// Layout: "JIX", version 2, kind (1 byte), then integers (see <see cref="IndexBytes"/>): sample rate, channels, sound frames, place
/// behind the last sound, bytes of the head, bytes of the tail, entries, holes; head; tail; the first entry's place; then for each further
/// entry its distance to the one before, in bytes and in sound frames; then for each hole its distance to the end of the one before, and
/// its length.
/// </remarks>
internal sealed class SoundIndex : TrackIndex
{
    /// <summary>What a decoder must have read first is no longer.</summary>
    public const int MaxHeadBytes = 32 * 1024;

    private const int MaxTailBytes = 256;
    private const int MaxRate = 1_000_000;
    private const int MaxChannels = 64;
    private const long MaxFrames = 1L << 40;
    private const int MaxHoles = 1_000;

    /// <summary>A decoder of Vorbis that jumped is silent for at most so many frames.</summary>
    private const int LongestPriming = 8192;

    /// <summary>Until a decoder of Opus that jumped holds what one that came from the start holds, seconds (measured: -120 dB).</summary>
    private const double SettleS = 0.4;

    private static readonly byte[] s_magic = [(byte)'J', (byte)'I', (byte)'X', 2];

    private readonly long[] _offsets;
    private readonly long[] _frames;

    private readonly SoundHole[] _holes;

    private SoundIndex(in SoundLayout layout, long[] offsets, long[] frames, SoundHole[] holes)
    {
        Layout = layout;
        (_offsets, _frames, _holes) = (offsets, frames, holes);
    }

    /// <summary>What holds for the whole track.</summary>
    public SoundLayout Layout { get; }

    /// <summary>Where the entries stand, bytes, rising.</summary>
    public ReadOnlySpan<long> Offsets => _offsets;

    /// <summary>The sound frames that the entries begin with, rising from 0; in Vorbis a decoder that begins there gives some later one first.</summary>
    public ReadOnlySpan<long> Frames => _frames;

    /// <summary>Makes an index; a long one is thinned out.</summary>
    /// <param name="layout">What holds for the whole track.</param>
    /// <param name="offsets">Where entries stand, bytes, rising.</param>
    /// <param name="frames">The sound frames they begin with, rising from 0.</param>
    /// <param name="holes">What cannot be decoded, rising.</param>
    /// <returns>The index; null where the track is beyond what one can hold.</returns>
    public static SoundIndex? Create(
        in SoundLayout layout, IReadOnlyList<long> offsets, IReadOnlyList<long> frames, params IReadOnlyList<SoundHole> holes)
    {
        if (!IsSane(layout) || offsets.Count == 0 || offsets.Count != frames.Count || holes.Count > MaxHoles)
            return null;
        return new SoundIndex(layout, [.. offsets], [.. frames], [.. holes]).Within(MaxBytes);
    }

    /// <summary>The same with fewer entries, so that it takes no more than so many bytes; null where even that does not help.</summary>
    public SoundIndex? Within(int maxBytes)
    {
        var room = maxBytes - 100 - Layout.Head.Length - Layout.Tail.Length - 16 * _holes.Length;
        if (room < 0)
            return null;
        var every = 1;
        while (_offsets.Length / every >= MaxEntries || IndexBytes.SizeOf(_offsets, every) + IndexBytes.SizeOf(_frames, every) > room)
            every *= 2;
        return every == 1 ? this : new SoundIndex(Layout, Every(_offsets, every), Every(_frames, every), _holes);
    }

    /// <summary>Whether a blob says that it is one of these.</summary>
    public static bool IsOne(ReadOnlySpan<byte> blob) => blob.Length > s_magic.Length && blob.StartsWith(s_magic);

    /// <summary>Reads a blob that <see cref="IsOne"/>.</summary>
    public static SoundIndex? Parse(ReadOnlySpan<byte> blob, long trackBytes, out string? error)
    {
        error = "the track index is damaged";
        var kind = (SoundKind)blob[s_magic.Length];
        var rest = blob[(s_magic.Length + 1)..];
        Span<long> values = stackalloc long[8];
        foreach (ref var value in values)
        {
            if (!IndexBytes.TryTake(ref rest, out value))
                return null;
        }
        var (headBytes, tailBytes, entries, holes) = (values[4], values[5], values[6], values[7]);
        // An entry takes two bytes at least, but for the first; so the blob's own length bounds what is allocated.
        if (headBytes > MaxHeadBytes || tailBytes > MaxTailBytes || entries is < 1 or > MaxEntries || values[0] > MaxRate || values[1] > MaxChannels
            || holes > MaxHoles || headBytes + tailBytes + 2 * entries - 1 + 2 * holes > rest.Length)
            return null;
        var layout = new SoundLayout(
            kind, (int)values[0], (int)values[1], values[2], values[3], rest[..(int)headBytes].ToArray(),
            rest.Slice((int)headBytes, (int)tailBytes).ToArray());
        rest = rest[(int)(headBytes + tailBytes)..];
        if (!IsSane(layout) || layout.EndByte > trackBytes || !TryTakeEntries(ref rest, layout, new long[entries], out var offsets, out var frames)
            || !TryTakeHoles(ref rest, layout.EndByte, new SoundHole[holes], out var made) || !rest.IsEmpty)
            return null;
        error = null;
        return new SoundIndex(layout, offsets, frames, made);
    }

    /// <inheritdoc/>
    public override byte[] ToBytes()
    {
        var bytes = new List<byte>(64 + Layout.Head.Length + Layout.Tail.Length + 6 * _offsets.Length);
        bytes.AddRange(s_magic);
        bytes.Add((byte)Layout.Kind);
        foreach (var value in (ReadOnlySpan<long>)
            [Layout.SampleRate, Layout.Channels, Layout.LengthFrames, Layout.EndByte, Layout.Head.Length, Layout.Tail.Length, _offsets.Length, _holes.Length])
            IndexBytes.Put(bytes, value);
        bytes.AddRange(Layout.Head);
        bytes.AddRange(Layout.Tail);
        IndexBytes.Put(bytes, _offsets[0]);
        for (var i = 1; i < _offsets.Length; i++)
        {
            IndexBytes.Put(bytes, _offsets[i] - _offsets[i - 1]);
            IndexBytes.Put(bytes, _frames[i] - _frames[i - 1]);
        }
        var end = 0L;
        foreach (var hole in _holes)
        {
            IndexBytes.Put(bytes, hole.From - end);
            IndexBytes.Put(bytes, hole.Until - hole.From);
            end = hole.Until;
        }
        return [.. bytes];
    }

    /// <summary>The last entry from which a decoder, settled, gives a frame.</summary>
    public int EntryFor(long frame)
    {
        var before = Layout.Kind switch
        {
            SoundKind.Vorbis => LongestPriming,
            SoundKind.Opus => (long)(SettleS * Layout.SampleRate),
            _ => 0,
        };
        return Math.Max(0, EntryAt(frame - before));
    }

    /// <summary>Behind the last byte that can be decoded in one go from an entry on.</summary>
    public long EndOf(int entry)
    {
        foreach (var hole in _holes)
        {
            if (hole.Until > _offsets[entry])
                return Math.Max(hole.From, _offsets[entry]);
        }
        return Layout.EndByte;
    }

    /// <summary>The first frame that comes out of a decoder that was given the bytes from an entry on.</summary>
    /// <param name="entry">Which one.</param>
    /// <param name="length">How many frames that file has by its decoder's reckoning.</param>
    /// <returns>The frame; negative where index and track do not fit.</returns>
    public long FirstOf(int entry, long length)
    {
        if (entry == 0 || Layout.Kind is SoundKind.Flac or SoundKind.Plain)
            return _frames[entry];
        var first = Layout.LengthFrames - length;
        return first >= _frames[entry] && first - _frames[entry] <= LongestPriming ? first : -1;
    }

    /// <summary>Which byte holds an instant of the track, between two entries by proportion.</summary>
    /// <param name="positionUs">Position in the track, microseconds; beyond the end is the end.</param>
    public double ByteAt(long positionUs)
    {
        var frame = Math.Clamp(positionUs * 1e-6 * Layout.SampleRate, 0, Layout.LengthFrames);
        var entry = Math.Max(0, EntryAt((long)frame));
        var (from, at) = (_frames[entry], _offsets[entry]);
        var (until, end) = entry + 1 < _frames.Length ? (_frames[entry + 1], _offsets[entry + 1]) : (Layout.LengthFrames, Layout.EndByte);
        return at + (end - at) * Math.Clamp((frame - from) / Math.Max(1, until - from), 0, 1);
    }

    private int EntryAt(long frame)
    {
        var found = Array.BinarySearch(_frames, frame);
        return found >= 0 ? found : ~found - 1;
    }

    private static long[] Every(long[] values, int every)
    {
        var kept = new long[(values.Length + every - 1) / every];
        for (var i = 0; i < kept.Length; i++)
            kept[i] = values[i * every];
        return kept;
    }

    private static bool TryTakeEntries(
        ref ReadOnlySpan<byte> rest, in SoundLayout layout, long[] room, out long[] offsets, out long[] frames)
    {
        (offsets, frames) = (room, new long[room.Length]);
        if (!IndexBytes.TryTake(ref rest, out offsets[0]) || offsets[0] > layout.EndByte)
            return false;
        for (var i = 1; i < room.Length; i++)
        {
            if (!IndexBytes.TryTake(ref rest, out var bytes) || !IndexBytes.TryTake(ref rest, out var sound) || bytes == 0 || sound == 0
                || bytes > layout.EndByte - offsets[i - 1] || sound > layout.LengthFrames - frames[i - 1])
                return false;
            (offsets[i], frames[i]) = (offsets[i - 1] + bytes, frames[i - 1] + sound);
        }
        return true;
    }

    private static bool TryTakeHoles(ref ReadOnlySpan<byte> rest, long endByte, SoundHole[] room, out SoundHole[] holes)
    {
        holes = room;
        var end = 0L;
        foreach (ref var hole in holes.AsSpan())
        {
            if (!IndexBytes.TryTake(ref rest, out var distance) || !IndexBytes.TryTake(ref rest, out var length) || distance > endByte - end
                || length == 0 || length > endByte - end - distance)
                return false;
            hole = new SoundHole(end + distance, end + distance + length);
            end = hole.Until;
        }
        return true;
    }

    private static bool IsSane(in SoundLayout layout) =>
        layout.Kind is SoundKind.Flac or SoundKind.Vorbis or SoundKind.Opus or SoundKind.Plain && layout.SampleRate is > 0 and <= MaxRate
        && layout.Channels is > 0 and <= MaxChannels && layout.LengthFrames is > 0 and <= MaxFrames
        && layout.EndByte > 0 && layout.Head.Length is > 0 and <= MaxHeadBytes && layout.Tail.Length <= MaxTailBytes;
}
