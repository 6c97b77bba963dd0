using Jam.Peer.Playback;
using Jam.Peer.Session;

namespace Jam.Peer.Audio.Mp3;

/// <summary>
/// Decodes an MP3. The frames are found and counted by <see cref="Mp3Stream"/>; a codec gets one whole frame after the other. So a place
/// in the track is exact by construction, whatever decodes it, and a read that is cancelled between frames loses nothing.
/// </summary>
internal sealed class Mp3Decoder : ITrackDecoder
{
    private const int FloatsPerFrame = 2;

    /// <summary>Bytes of earlier frames that a layer 3 frame may draw on.</summary>
    private const int BitReservoirBytes = 511;

    /// <summary>Frames until overlap and filter bank hold what a decoder that came from the start holds.</summary>
    private const int SettleFrames = 3;

    private readonly Mp3Stream _stream;
    private readonly IMp3Codec _codec;
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

    private Mp3Decoder(Mp3Stream stream, IMp3Codec codec)
    {
        _stream = stream;
        _codec = codec;
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
    /// <exception cref="JamException">The codec's library is not installed.</exception>
    public static Mp3Decoder? Open(ITrackReader reader, Mp3Index index, Func<Mp3Header, IMp3Codec> codec) =>
        Mp3Stream.Open(reader, index) is { } stream ? new Mp3Decoder(stream, codec(stream.First)) : null;

    /// <summary>Opens a track; waits for the bytes of its first frames.</summary>
    /// <returns>The decoder, at frame 0, or null and why the bytes cannot be played.</returns>
    /// <exception cref="JamException">The codec's library is not installed.</exception>
    public static Mp3Decoder? Open(
        ITrackReader reader, Func<Mp3Header, IMp3Codec> codec, out string? error, CancellationToken cancellationToken)
    {
        if (Mp3Stream.Open(reader, out error, cancellationToken) is not { } stream)
            return null;
        var decoder = new Mp3Decoder(stream, codec(stream.First));
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
        _codec.Reset();
        while (_decodedRaw < raw && (_decodedCount > 0 || (!_isAtEnd && DecodeNext(cancellationToken))))
            Consume((int)Math.Min(_decodedCount, raw - _decodedRaw));
        if (_decodedCount == 0 && _isAtEnd)
            _decodedRaw = raw;
        _isPlaced = true;
    }

    public void UseIndex(TrackIndex index)
    {
        if (index is Mp3Index places)
            _stream.Use(places);
    }

    /// <summary>Counts the frames of the whole track by its headers. The place is lost.</summary>
    public long CountFrames(CancellationToken cancellationToken)
    {
        _isPlaced = false;
        return Math.Max(0, _stream.CountAll(cancellationToken) * _samples - _skip);
    }

    public void Dispose() => _codec.Dispose();

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
        // If more is missing than the codec may hold back, it has refused a frame: silence keeps the count.
        var missing = _fedRaw - (_decodedRaw + _decodedCount) - _codec.HeldFrames * _samples;
        if (missing > 0)
        {
            // What is decoded on the way to a place may well lack what lies before.
            Concealed += _isPlaced ? 1 : 0;
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
        _decodedStart = 0;
        _decodedCount = _codec.Decode(frame, _decoded);
    }
}
