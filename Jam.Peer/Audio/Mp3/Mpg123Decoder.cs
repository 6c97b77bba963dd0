using Jam.Peer.Playback;
using Jam.Peer.Session;

namespace Jam.Peer.Audio.Mp3;

/// <summary>
/// Decodes an MP3 with libmpg123. The frames are found and counted by <see cref="Mp3Stream"/>; the library gets one whole frame after
/// the other. So a place in the track is exact by construction, and a read that is cancelled between frames loses nothing.
/// </summary>
internal sealed unsafe class Mpg123Decoder : ITrackDecoder
{
    private const int FloatsPerFrame = 2;

    /// <summary>Bytes of earlier frames that a layer 3 frame may draw on.</summary>
    private const int BitReservoirBytes = 511;

    /// <summary>Frames until overlap and filter bank hold what a decoder that came from the start holds.</summary>
    private const int SettleFrames = 3;

    private readonly Mp3Stream _stream;
    private readonly nint _handle;
    private readonly float[] _decoded;
    private readonly int _samples;
    private readonly long _skip;
    private readonly long _endRaw;
    private readonly long _endFrames;
    private long _nextFrame;
    private long _nextOffset;
    private long _decodedRaw;
    private int _decodedStart;
    private int _decodedCount;
    private long _fedRaw;
    private bool _isAtEnd;
    private bool _isPlaced;

    private Mpg123Decoder(Mp3Stream stream, nint handle)
    {
        _stream = stream;
        _handle = handle;
        SampleRate = stream.First.SampleRate;
        Channels = stream.First.Channels;
        _samples = stream.First.Samples;
        _decoded = new float[4 * _samples * FloatsPerFrame];
        _skip = stream.SkipFrames;
        LengthFrames = stream.LengthFrames;
        _endRaw = LengthFrames is { } length ? _skip + length : long.MaxValue;
        _endFrames = stream.Frames ?? -1;
    }

    /// <summary>The frames of the track.</summary>
    public Mp3Stream Stream => _stream;

    public int SampleRate { get; }

    public int Channels { get; }

    public long? LengthFrames { get; }

    public int Concealed { get; private set; }

    public long PositionFrames => _isPlaced ? _decodedRaw - _skip : -1;

    /// <summary>Opens a track by its index; waits for no bytes.</summary>
    /// <returns>The decoder, which needs a seek first, or null where the index is not one of an MP3.</returns>
    /// <exception cref="JamException">The library is not installed.</exception>
    public static Mpg123Decoder? Open(ITrackReader reader, TrackIndex index) =>
        Mp3Stream.Open(reader, index) is { } stream ? new Mpg123Decoder(stream, CreateHandle(stream.First.SampleRate)) : null;

    /// <summary>Opens a track; waits for the bytes of its first frames.</summary>
    /// <returns>The decoder, at frame 0, or null and why the bytes cannot be played.</returns>
    /// <exception cref="JamException">The library is not installed.</exception>
    public static Mpg123Decoder? Open(ITrackReader reader, out string? error, CancellationToken cancellationToken)
    {
        if (Mp3Stream.Open(reader, out error, cancellationToken) is not { } stream)
            return null;
        var decoder = new Mpg123Decoder(stream, CreateHandle(stream.First.SampleRate));
        decoder.SeekFrames(0, cancellationToken);
        return decoder;
    }

    public int Read(Span<float> stereo, CancellationToken cancellationToken)
    {
        if (!_isPlaced)
            throw new InvalidOperationException("A seek that was cancelled has to be made again first.");
        var wanted = stereo.Length / FloatsPerFrame;
        var done = 0;
        while (done < wanted && _decodedRaw < _endRaw)
        {
            if (_decodedCount == 0)
            {
                if (_isAtEnd || !TryDecodeNext(done > 0, cancellationToken))
                    break;
                continue;
            }
            var count = (int)Math.Min(Math.Min(wanted - done, _decodedCount), _endRaw - _decodedRaw);
            _decoded.AsSpan(_decodedStart * FloatsPerFrame, count * FloatsPerFrame).CopyTo(stereo[(done * FloatsPerFrame)..]);
            Consume(count);
            done += count;
        }
        return done;
    }

    public void SeekFrames(long frame, CancellationToken cancellationToken)
    {
        _isPlaced = false;
        var raw = Math.Min(Math.Max(0, frame) + _skip, _endRaw);
        var first = Math.Max(0, raw / _samples - PrerollFrames());
        // Beyond a known end there is nothing to look for, least of all in bytes that are not here.
        var offset = raw >= _endRaw ? -1 : _stream.OffsetOf(first, cancellationToken);
        _isAtEnd = offset < 0;
        _nextFrame = first;
        _nextOffset = offset;
        _decodedStart = _decodedCount = 0;
        _decodedRaw = _fedRaw = first * _samples;
        Check(Mpg123Native.OpenFeed(_handle));
        while (_decodedRaw < raw && (_decodedCount > 0 || (!_isAtEnd && DecodeNext(cancellationToken))))
            Consume((int)Math.Min(_decodedCount, raw - _decodedRaw));
        if (_decodedCount == 0 && _isAtEnd)
            _decodedRaw = raw;
        _isPlaced = true;
    }

    public void UseIndex(TrackIndex index) => _stream.Use(index);

    /// <summary>Counts the frames of the whole track by its headers. The place is lost.</summary>
    public long CountFrames(CancellationToken cancellationToken)
    {
        _isPlaced = false;
        return Math.Max(0, _stream.CountAll(cancellationToken) * _samples - _skip);
    }

    public void Dispose() => Mpg123Native.Delete(_handle);

    private int PrerollFrames()
    {
        var payload = Math.Max(1, _stream.First.FrameBytes - Mp3Header.Size - _stream.First.SideInfoBytes);
        return SettleFrames + Math.Min(40, (BitReservoirBytes + payload - 1) / payload);
    }

    private void Consume(int count)
    {
        _decodedStart += count;
        _decodedCount -= count;
        _decodedRaw += count;
    }

    private bool TryDecodeNext(bool hasSome, CancellationToken cancellationToken)
    {
        try
        {
            return DecodeNext(cancellationToken);
        }
        catch (OperationCanceledException) when (hasSome)
        {
            // What was decoded before the wait is not lost; the next read throws.
            return false;
        }
    }

    /// <summary>Feeds the next frame and takes what comes out; false at the end of the track.</summary>
    private bool DecodeNext(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (!_stream.TryRead(_nextOffset, out var found, out var frame, cancellationToken))
        {
            _isAtEnd = true;
            return TryFlush();
        }
        _stream.Count(_nextFrame, found, frame.Length);
        _nextOffset = found + frame.Length;
        _nextFrame++;
        _fedRaw += _samples;
        Feed(frame);
        // The library holds back one frame at most; if more is missing, it has refused one: silence keeps the count.
        var missing = _fedRaw - (_decodedRaw + _decodedCount) - _samples;
        if (missing > 0)
        {
            Concealed++;
            var silent = (int)Math.Min(missing, _decoded.Length / FloatsPerFrame - _decodedCount);
            _decoded.AsSpan(_decodedCount * FloatsPerFrame, silent * FloatsPerFrame).Clear();
            _decodedCount += silent;
        }
        return true;
    }

    /// <summary>
    /// The last samples of a track whose encoder padded it by less than the decoder's delay still stand in the filter bank: a frame of
    /// nothing drives them out.
    /// </summary>
    private bool TryFlush()
    {
        if (_endRaw == long.MaxValue || _decodedRaw >= _endRaw || _fedRaw != _endFrames * _samples)
            return false;
        Feed(_stream.First.SilentFrame());
        _decodedCount = (int)Math.Min(_decodedCount, _endRaw - _decodedRaw);
        return _decodedCount > 0;
    }

    private void Feed(ReadOnlySpan<byte> frame)
    {
        _decodedStart = _decodedCount = 0;
        fixed (byte* input = frame)
        fixed (float* output = _decoded)
        {
            var (pending, bytes) = ((nint)input, frame.Length);
            for (var rounds = 0; rounds < 8; rounds++)
            {
                var used = _decodedCount * FloatsPerFrame;
                var result = Mpg123Native.Decode(
                    _handle, (byte*)pending, (nuint)bytes, (byte*)(output + used), (nuint)((_decoded.Length - used) * sizeof(float)),
                    out var done);
                (pending, bytes) = (0, 0);
                _decodedCount += (int)done / (FloatsPerFrame * sizeof(float));
                // Anything but these is a frame that it cannot decode; the count above makes up for it.
                if (result is not (Mpg123Native.Ok or Mpg123Native.NewFormat))
                    break;
            }
        }
    }

    private static nint CreateHandle(int rate)
    {
        try
        {
            Check(Mpg123Native.Init());
            var handle = Mpg123Native.New(0, out var error);
            Check(handle == 0 ? error : Mpg123Native.Ok);
            Check(Mpg123Native.Param(handle, Mpg123Native.ParameterVerbose, 0, 0));
            Check(Mpg123Native.Param(handle, Mpg123Native.ParameterAddFlags, Mpg123Native.Flags, 0));
            Check(Mpg123Native.Param(handle, Mpg123Native.ParameterRemoveFlags, Mpg123Native.GaplessFlag, 0));
            Check(Mpg123Native.FormatNone(handle));
            Check(Mpg123Native.Format(handle, rate, Mpg123Native.Stereo, Mpg123Native.Float32));
            return handle;
        }
        catch (DllNotFoundException e)
        {
            throw new JamException("libmpg123-0 is missing: apt-get install libmpg123-0", e);
        }
    }

    private static void Check(int result)
    {
        if (result != Mpg123Native.Ok)
            throw new JamException($"libmpg123 failed to start (error {result})");
    }
}
