using Jam.Peer.Playback;

namespace Jam.Peer.Audio.Aac;

/// <summary>
/// Decodes the AAC of an MP4 by ffmpeg, where that is installed. The file's own tables say where each frame stands, so a place is exact
/// by construction and a seek needs the bytes around it alone; ffmpeg sees only frames.
/// </summary>
internal sealed class AacDecoder : ITrackDecoder
{
    /// <summary>What to do where ffmpeg is missing.</summary>
    public const string Missing = "it is AAC, and ffmpeg, which decodes it, is not installed";

    /// <summary>One clause.</summary>
    public const string Install = "install it (apt-get install ffmpeg)";

    private const int CoreFrameSamples = 1024;

    /// <summary>Frames until a decoder that jumped holds what one that came from the start holds; one for AAC, some more for its extensions.</summary>
    private const int SettleFrames = 10;

    /// <summary>So far ahead is decoded on rather than jumped to.</summary>
    private const double DecodeOnS = 1;

    private readonly string _program;
    private readonly ITrackReader _reader;
    private readonly Mp4Track _track;
    private readonly int _samplesPerFrame;
    private readonly long _skip;
    private readonly float[] _scratch = new float[2 * CoreFrameSamples];
    private FfmpegPipe _pipe;
    private long _toDrop;
    private int _lostBefore;
    private int _atEnd;
    private bool _hasEnded;

    private AacDecoder(string program, ITrackReader reader, Mp4Track track, FfmpegPipe pipe, int rate, int firstFrame)
    {
        (_program, _reader, _track, _pipe, SampleRate) = (program, reader, track, pipe, rate);
        var scale = rate / track.Config.Rate;
        _samplesPerFrame = CoreFrameSamples * scale;
        _skip = track.SkipSamples * scale;
        LengthFrames = track.LengthSamples * scale;
        // What comes from a place in the middle is dropped until a decoder that came from the start would say the same.
        var settled = firstFrame == 0 ? 0 : (long)(firstFrame + SettleFrames) * _samplesPerFrame;
        PositionFrames = Math.Clamp(settled - _skip, 0, LengthFrames.Value);
        _toDrop = PositionFrames + _skip - (long)firstFrame * _samplesPerFrame;
    }

    public int SampleRate { get; }

    public int Channels => _track.Config.Channels == 7 ? 8 : _track.Config.Channels;

    public long? LengthFrames { get; }

    public long PositionFrames { get; private set; }

    public int Concealed => _lostBefore + _pipe.Lost + _atEnd;

    /// <summary>Whether there was less of it than its tables say.</summary>
    public bool IsCutOff => _atEnd > 0;

    /// <summary>
    /// Opens a track; waits for the bytes of its tables and of its first frames, or of those at a place: who joins in the middle needs no others,
    /// and no second ffmpeg.
    /// </summary>
    /// <param name="reader">Its bytes.</param>
    /// <param name="fromUs">What will be asked for first, microseconds of the track.</param>
    /// <param name="error">Why the bytes cannot be played.</param>
    /// <param name="cancellationToken">Ends a wait for bytes.</param>
    /// <returns>The decoder, at that place or a little before it, or null.</returns>
    public static AacDecoder? Open(ITrackReader reader, long fromUs, out string? error, CancellationToken cancellationToken)
    {
        if (Mp4Track.Open(reader, out error, cancellationToken) is not { } track)
            return null;
        if (FfmpegPipe.Find() is not { } program)
        {
            error = $"{Missing}; {Install}";
            return null;
        }

        var from = (long)((Int128)Math.Max(0, fromUs) * track.Config.Rate / 1_000_000) + track.SkipSamples;
        var first = (int)Math.Clamp(from / CoreFrameSamples - SettleFrames, 0, track.Sizes.Length - 1);
        var pipe = new FfmpegPipe(program, reader, track, first, fills: true);
        try
        {
            var rate = pipe.Rate(cancellationToken);
            if (rate == 2 * track.Config.Rate)
            {
                pipe.Dispose();
                pipe = new FfmpegPipe(program, reader, track, first, fills: false);
            }

            if (rate == track.Config.Rate || rate == 2 * track.Config.Rate)
                return new AacDecoder(program, reader, track, pipe, rate, first);
            error = "ffmpeg cannot decode it";
        }
        catch
        {
            pipe.Dispose();
            throw;
        }

        pipe.Dispose();
        return null;
    }

    public int Read(Span<float> stereo, CancellationToken cancellationToken)
    {
        while (_toDrop > 0 && !_hasEnded)
        {
            var dropped = _pipe.Read(_scratch.AsSpan(0, (int)Math.Min(_toDrop, CoreFrameSamples) * 2), cancellationToken);
            _hasEnded = dropped == 0;
            _toDrop -= dropped;
        }

        var wanted = (int)Math.Min(stereo.Length / 2, LengthFrames!.Value - PositionFrames);
        if (wanted <= 0)
            return 0;
        var got = _hasEnded ? 0 : _pipe.Read(stereo[..(2 * wanted)], cancellationToken);
        if (got == 0)
        {
            // Frames that it could not decode are missing at the end: silence keeps the count.
            _hasEnded = true;
            _atEnd++;
            stereo[..(2 * wanted)].Clear();
            got = wanted;
        }

        PositionFrames += got;
        return got;
    }

    public void SeekFrames(long frame, CancellationToken cancellationToken)
    {
        frame = Math.Clamp(frame, 0, LengthFrames!.Value);
        // A little further on it is there sooner than another ffmpeg would be.
        if (!_hasEnded && frame >= PositionFrames && frame - PositionFrames <= (long)(DecodeOnS * SampleRate))
        {
            _toDrop += frame - PositionFrames;
            PositionFrames = frame;
            return;
        }

        var raw = frame + _skip;
        var first = (int)Math.Max(0, raw / _samplesPerFrame - SettleFrames);
        _pipe.Dispose();
        _lostBefore += _pipe.Lost;
        _pipe = new FfmpegPipe(_program, _reader, _track, first, fills: SampleRate == _track.Config.Rate);
        (_toDrop, _hasEnded, PositionFrames) = (raw - (long)first * _samplesPerFrame, false, frame);
    }

    public void Dispose() => _pipe.Dispose();
}
