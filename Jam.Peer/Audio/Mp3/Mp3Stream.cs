using System.Buffers.Binary;
using Jam.Peer.Playback;

namespace Jam.Peer.Audio.Mp3;

/// <summary>
/// The frames of an MP3 file by number, with their exact places. Frame numbers are what peers agree on: they come from counting
/// frames from the start, or, in a file whose tag says that its bitrate is constant, from the place in bytes, which gives the same
/// number and needs nothing of what lies before. A file of variable bitrate is counted; that needs the bytes up to the wanted frame.
/// </summary>
internal sealed class Mp3Stream
{
    /// <summary>Frames per entry of the index.</summary>
    private const int IndexStep = 16;

    /// <summary>Junk before the first frame, beside ID3v2, bytes.</summary>
    private const int MaxJunkBytes = 256 * 1024;

    /// <summary>This many frames in a row are no accident.</summary>
    private const int ProofFrames = 3;

    private readonly ByteWindow _window;
    private readonly List<long> _index = [];
    private Mp3Index? _given;
    private long _countedFrames;
    private long _countedOffset;

    private Mp3Stream(ByteWindow window, Mp3Header first, long firstOffset, Mp3InfoTag? tag)
    {
        _window = window;
        First = first;
        FirstOffset = _countedOffset = firstOffset;
        Tag = tag;
        var isConstant = tag is { IsConstantBitrate: true, Frames: > 0, Bytes: > 0 };
        if (isConstant)
        {
            // The tag's own figures must bear it out: a wrong guess would put this peer beside the others.
            var drift = Math.Abs(tag!.Value.Bytes!.Value - (tag.Value.Frames!.Value + 1) * first.MeanFrameBytes);
            isConstant = drift < 2 * first.MeanFrameBytes;
        }
        IsConstantBitrate = isConstant;
    }

    /// <summary>The header of the first frame of sound.</summary>
    public Mp3Header First { get; }

    /// <summary>Where frame 0 begins, bytes.</summary>
    public long FirstOffset { get; }

    /// <summary>Sound frames that encoder and decoder put before the first.</summary>
    public long SkipFrames => _given?.SkipFrames ?? (Tag?.Delay is { } delay ? delay + Mp3InfoTag.DecoderDelay : 0);

    /// <summary>Frames in the track as its index or its tag says; null where neither does.</summary>
    public long? Frames => _given?.Frames ?? (Tag?.Frames is > 0 and var frames ? frames : null);

    /// <summary>Sound frames in the track without padding; null where nothing says.</summary>
    public long? LengthFrames => _given?.LengthFrames
        ?? (Tag?.Frames is > 0 ? Math.Max(0, Tag.Value.Frames.Value * First.Samples - (Tag.Value.Delay ?? 0) - (Tag.Value.Padding ?? 0)) : null);

    /// <summary>What the encoder wrote of the file, if anything.</summary>
    public Mp3InfoTag? Tag { get; }

    /// <summary>Whether a frame's place follows from its number.</summary>
    public bool IsConstantBitrate { get; }

    /// <summary>Bytes that are no frames, between those that were counted.</summary>
    public long GarbageBytes { get; private set; }

    /// <summary>The number of the first frame that garbage stands before; -1 where none does.</summary>
    public long FirstGarbageAt { get; private set; } = -1;

    /// <summary>Finds the first frame.</summary>
    /// <returns>The stream, or null and why the bytes cannot be played.</returns>
    public static Mp3Stream? Open(ITrackReader reader, out string? error, CancellationToken cancellationToken)
    {
        var window = new ByteWindow(reader);
        var start = Id3.Skip(window, cancellationToken);
        var offset = FindFrame(window, start, start + MaxJunkBytes, null, cancellationToken);
        if (offset < 0 || !Mp3Header.TryParse(window.Get(offset, Mp3Header.Size, cancellationToken), out var header))
        {
            error = reader.LengthBytes == 0 ? "the file is empty" : "it holds no audio";
            return null;
        }
        error = null;

        var frame = window.Get(offset, header.FrameBytes, cancellationToken);
        if (!Mp3InfoTag.TryParse(header, frame, out var tag))
            return new Mp3Stream(window, header, offset, null);
        var next = FindFrame(window, offset + header.FrameBytes, offset + header.FrameBytes + MaxJunkBytes, header, cancellationToken);
        if (next < 0 || !Mp3Header.TryParse(window.Get(next, Mp3Header.Size, cancellationToken), out header))
        {
            error = "it holds no audio after its tag";
            return null;
        }
        return new Mp3Stream(window, header, next, tag);
    }

    /// <summary>A stream whose frames an index tells, which needs none of the first bytes.</summary>
    /// <returns>The stream, or null where the index is not one of such a stream.</returns>
    public static Mp3Stream? Open(ITrackReader reader, Mp3Index index)
    {
        Span<byte> bits = stackalloc byte[Mp3Header.Size];
        BinaryPrimitives.WriteUInt32BigEndian(bits, index.Header);
        return Mp3Header.TryParse(bits, out var first)
            ? new Mp3Stream(new ByteWindow(reader), first, index.Offsets[0], null) { _given = index }
            : null;
    }

    /// <summary>Takes an index that came later; one that does not begin as this stream does is left.</summary>
    public void Use(Mp3Index index)
    {
        if (index.Header == First.Bits && index.Offsets[0] == FirstOffset && index.SkipFrames == SkipFrames
            && (LengthFrames is null || LengthFrames == index.LengthFrames))
            _given = index;
    }

    /// <summary>The index of the whole track; needs all of its bytes.</summary>
    /// <returns>The index; null where no frame can be found, or the track is too long for one.</returns>
    public Mp3Index? MakeIndex(CancellationToken cancellationToken)
    {
        var frames = CountAll(cancellationToken);
        // Of a damaged file less is here than its tag announces.
        var length = Math.Min(LengthFrames ?? long.MaxValue, Math.Max(0, frames * First.Samples - SkipFrames));
        return Mp3Index.Create(First.Bits, frames, SkipFrames, length, IndexStep, _index);
    }

    /// <summary>Finds a frame by number. Returns its place in bytes, or -1 where the track ends before it.</summary>
    public long OffsetOf(long frame, CancellationToken cancellationToken)
    {
        if (frame < _countedFrames)
            return Walk(_index[(int)(frame / IndexStep)], frame % IndexStep, cancellationToken);
        if (_given is { } given)
        {
            if (frame >= given.Frames)
                return -1;
            var at = given.Offsets[(int)(frame / given.Step)];
            if (IsFrame(_window.Get(at, Mp3Header.Size, cancellationToken), out _))
                return Walk(at, frame % given.Step, cancellationToken);
            // It is not of this track: counting is slower, but true.
            _given = null;
        }
        if (IsConstantBitrate && frame > _countedFrames + IndexStep)
        {
            var near = Near(frame, cancellationToken);
            if (near >= 0)
                return near;
        }
        while (_countedFrames < frame)
        {
            if (!CountNext(cancellationToken))
                return -1;
        }
        return _countedOffset;
    }

    /// <summary>How many frames the track has; needs all of its bytes.</summary>
    public long CountAll(CancellationToken cancellationToken)
    {
        while (CountNext(cancellationToken))
        {
            // Counted by the condition.
        }
        return _countedFrames;
    }

    /// <summary>
    /// Reads the frame at a place, or the next one after it where there is garbage. Valid until the next call. What is read in order is
    /// counted on the way.
    /// </summary>
    /// <param name="offset">Where to look.</param>
    /// <param name="found">Where the frame begins.</param>
    /// <param name="frame">All of it.</param>
    /// <param name="cancellationToken">Ends a wait for bytes.</param>
    /// <returns>False at the end of the track; a frame that is cut short there does not count.</returns>
    public bool TryRead(long offset, out long found, out ReadOnlySpan<byte> frame, CancellationToken cancellationToken)
    {
        found = offset;
        frame = default;
        if (!IsFrame(_window.Get(offset, Mp3Header.Size, cancellationToken), out var header))
        {
            found = FindFrame(_window, offset, long.MaxValue, First, cancellationToken);
            if (found < 0 || !IsFrame(_window.Get(found, Mp3Header.Size, cancellationToken), out header))
                return false;
        }
        frame = _window.Get(found, header.FrameBytes, cancellationToken);
        return frame.Length == header.FrameBytes;
    }

    /// <summary>Notes where a frame was found, if it is the next one to be counted.</summary>
    public void Count(long frame, long offset, int length)
    {
        if (frame != _countedFrames)
            return;
        if (frame % IndexStep == 0)
            _index.Add(offset);
        _countedFrames++;
        _countedOffset = offset + length;
    }

    private bool CountNext(CancellationToken cancellationToken)
    {
        if (!TryRead(_countedOffset, out var found, out var bytes, cancellationToken))
            return false;
        if (found > _countedOffset)
        {
            GarbageBytes += found - _countedOffset;
            FirstGarbageAt = FirstGarbageAt < 0 ? _countedFrames : FirstGarbageAt;
        }
        Count(_countedFrames, found, bytes.Length);
        return true;
    }

    private long Walk(long offset, long frames, CancellationToken cancellationToken)
    {
        for (; ; frames--)
        {
            if (!TryRead(offset, out var found, out var bytes, cancellationToken))
                return -1;
            if (frames == 0)
                return found;
            offset = found + bytes.Length;
        }
    }

    /// <summary>The frame whose place is nearest to where this number must be; -1 where none is near enough to be sure.</summary>
    private long Near(long frame, CancellationToken cancellationToken)
    {
        var expected = FirstOffset + frame * First.MeanFrameBytes;
        var tolerance = (int)(First.MeanFrameBytes / 3);
        var from = Math.Max(FirstOffset, (long)expected - tolerance);
        var best = -1L;
        for (var at = from; at <= expected + tolerance;)
        {
            var found = FindFrame(_window, at, (long)expected + tolerance + 1, First, cancellationToken);
            if (found < 0)
                break;
            if (best < 0 || Math.Abs(found - expected) < Math.Abs(best - expected))
                best = found;
            at = found + 1;
        }
        return best;
    }

    private bool IsFrame(ReadOnlySpan<byte> bytes, out Mp3Header header) =>
        Mp3Header.TryParse(bytes, out header) && header.IsOfSameStream(First);

    private static long FindFrame(ByteWindow window, long from, long before, Mp3Header? like, CancellationToken cancellationToken)
    {
        for (var at = from; at < Math.Min(before, window.LengthBytes);)
        {
            var bytes = window.Get(at, 4096, cancellationToken);
            if (bytes.Length < Mp3Header.Size)
                return -1;
            var sync = bytes.IndexOf((byte)0xFF);
            if (sync != 0)
            {
                at += sync < 0 ? bytes.Length : sync;
                continue;
            }
            if (IsProven(window, at, like, cancellationToken))
                return at < before ? at : -1;
            at++;
        }
        return -1;
    }

    /// <summary>Whether a frame stands here and others follow it, or it ends exactly with the track.</summary>
    private static bool IsProven(ByteWindow window, long at, Mp3Header? like, CancellationToken cancellationToken)
    {
        for (var i = 0; i < ProofFrames; i++)
        {
            if (!Mp3Header.TryParse(window.Get(at, Mp3Header.Size, cancellationToken), out var header))
                return i > 0 && (at == window.LengthBytes || IsTrailer(window.Get(at, 8, cancellationToken)));
            if (like is { } first && !header.IsOfSameStream(first))
                return false;
            like ??= header;
            at += header.FrameBytes;
            if (at > window.LengthBytes)
                return false;
        }
        return true;
    }

    private static bool IsTrailer(ReadOnlySpan<byte> bytes) => bytes.StartsWith("TAG"u8) || bytes.StartsWith("APETAGEX"u8);
}
