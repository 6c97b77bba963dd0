using Jam.Peer.Playback;
using Jam.Peer.Session;

namespace Jam.Peer.Audio.Sndfile;

/// <summary>
/// Decodes what libsndfile knows, reached one way or another: WAV, AIFF, FLAC, Ogg Vorbis and Opus among others. Bytes are waited for
/// outside the library where that can be foreseen; a wait inside it that is cancelled costs the library's state, and the next seek opens
/// it anew.
/// </summary>
internal sealed class SndfileDecoder : ITrackDecoder
{
    /// <summary>More is no music.</summary>
    public const int MaxChannels = 64;

    /// <summary>Decoded in one go.</summary>
    private const int BlockFrames = 1024;

    /// <summary>What a decoder may read ahead of the frames that it gives.</summary>
    private const int ReadAheadBytes = 8 * 1024;

    /// <summary>Frames until a Vorbis or Opus decoder that jumped holds what one that came from the start holds.</summary>
    private const int SettleFrames = 8192;

    /// <summary>No page of Vorbis or Opus holds more.</summary>
    private const int LongestPageFrames = 255 * 8192;

    /// <summary>At most so much is silent before sound is looked for again.</summary>
    private const int LongestSkipBlocks = 256;

    /// <summary>A count beyond this is "unknown" in disguise.</summary>
    private const long MaxFrames = 1L << 40;

    private readonly ITrackReader _reader;
    private readonly TrackBytes _bytes;
    private readonly float[] _block;
    private readonly double _bytesPerFrame;
    private readonly TrackOpening _opening;
    private ISoundFile? _file;
    private StereoMix? _mix;
    private long _position;
    private int _silentBlocks;
    private long? _lastPageFrame;

    private SndfileDecoder(ITrackReader reader, TrackBytes bytes, TrackOpening opening, ISoundFile file)
    {
        (_reader, _bytes, _opening, _file) = (reader, bytes, opening, file);
        SampleRate = file.SampleRate;
        Channels = file.Channels;
        LengthFrames = file.Frames is > 0 and < MaxFrames ? file.Frames : null;
        _bytesPerFrame = LengthFrames is { } length ? (double)reader.LengthBytes / length : 4 * Channels;
        _block = new float[BlockFrames * Channels];
    }

    public int SampleRate { get; }

    public int Channels { get; }

    public long? LengthFrames { get; }

    public long PositionFrames => _file is null ? -1 : _position;

    public int Concealed { get; private set; }

    /// <inheritdoc/>
    public string? Remark => _opening.Remark;

    /// <summary>Frames that were replaced by silence, so far.</summary>
    public long ConcealedFrames { get; private set; }

    /// <summary>Opens a track; waits for the bytes that its format needs for that (the last ones, too, in an Ogg file), where it has no index.</summary>
    /// <param name="reader">The track.</param>
    /// <param name="index">Where its sound stands; null: nobody has said.</param>
    /// <param name="library">What decodes.</param>
    /// <param name="plain">How it is opened without an index; null: not at all.</param>
    /// <param name="error">Why the bytes cannot be played.</param>
    /// <param name="cancellationToken">Ends a wait for bytes.</param>
    /// <returns>The decoder, at frame 0, or null.</returns>
    /// <exception cref="JamException">The library is not installed.</exception>
    public static SndfileDecoder? Open(
        ITrackReader reader, SoundIndex? index, OpenSoundFile library, PlainOpening? plain, out string? error, CancellationToken cancellationToken)
    {
        var bytes = new TrackBytes(reader);
        var opening = new TrackOpening(bytes, library, plain);
        if (index is not null)
            opening.UseIndex(index);
        var file = opening.Open(out error, cancellationToken);
        var isOpen = false;
        try
        {
            ThrowIfFailed(bytes, cancellationToken);
            error = file is null ? $"it is damaged: {error}" : TrackLimits.WhyNot(file.SampleRate, file.Channels, MaxChannels);
            isOpen = error is null;
            return isOpen ? new SndfileDecoder(reader, bytes, opening, file!) : null;
        }
        finally
        {
            if (!isOpen)
                file?.Dispose();
        }
    }

    public int Read(Span<float> stereo, CancellationToken cancellationToken)
    {
        if (_file is null)
            throw new InvalidOperationException("A seek or read that was cancelled needs a seek first.");
        var wanted = stereo.Length / 2;
        var done = 0;
        while (done < wanted)
        {
            var count = (int)Math.Min(Math.Min(wanted - done, BlockFrames), (LengthFrames ?? long.MaxValue) - _position);
            int got;
            try
            {
                got = count <= 0 ? 0 : ReadBlock(count, cancellationToken);
            }
            catch (OperationCanceledException) when (done > 0)
            {
                // What was decoded before the wait is not lost; the next read, or seek, waits again.
                break;
            }
            if (got == 0)
                break;
            _mix ??= new StereoMix(_file!.Layout);
            _mix.Mix(_block.AsSpan(0, got * Channels), stereo.Slice(2 * done, 2 * got));
            done += got;
        }
        return done;
    }

    public void SeekFrames(long frame, CancellationToken cancellationToken)
    {
        frame = Math.Clamp(frame, 0, LengthFrames ?? long.MaxValue);
        if (_opening.IsStale)
            Close();
        if (_file is null)
            Reopen(cancellationToken);
        _silentBlocks = 0;
        if (frame == LengthFrames || GoTo(frame, cancellationToken))
            _position = frame;
        else if (LengthFrames is null)
            WalkTo(frame, cancellationToken);
        else
            (_position, _silentBlocks) = (frame, 1);
    }

    /// <summary>Takes effect with the next seek; an index of another track is left.</summary>
    public void UseIndex(TrackIndex index)
    {
        if (index is SoundIndex { Layout: var layout } sound && layout.LengthFrames == LengthFrames && layout.SampleRate == SampleRate
            && layout.Channels == Channels)
            _opening.UseIndex(sound);
    }

    /// <summary>Counts the frames of the whole track by decoding it. The place is lost.</summary>
    public long CountFrames(CancellationToken cancellationToken)
    {
        SeekFrames(0, cancellationToken);
        for (int got; (got = ReadBlock(BlockFrames, cancellationToken)) > 0;)
            cancellationToken.ThrowIfCancellationRequested();
        return _position;
    }

    public void Dispose() => Close();

    /// <summary>Decodes the next frames into the block; silence where they cannot be decoded; 0 at the end of the track.</summary>
    private int ReadBlock(int count, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (_silentBlocks > 0)
            return Conceal(0, count, cancellationToken);
        _bytes.Await((long)(count * _bytesPerFrame) + ReadAheadBytes, cancellationToken);
        var got = Call(count, out var hasFailed, cancellationToken);
        if (got == count && !hasFailed)
        {
            _opening.OnSound();
            _position += got;
            return got;
        }
        if (LengthFrames is not null)
            return Conceal(hasFailed ? 0 : got, count, cancellationToken);
        _position += got;
        return got;
    }

    /// <summary>
    /// Replaces what cannot be decoded by silence, so that the count of frames stays, and looks for sound behind it: at once, and then
    /// at distances that double.
    /// </summary>
    private int Conceal(int good, int count, CancellationToken cancellationToken)
    {
        _block.AsSpan(good * Channels, (count - good) * Channels).Clear();
        Concealed++;
        ConcealedFrames += count - good;
        _silentBlocks++;
        var isGivenUp = _opening.OnSilence();
        _position += count;
        if (_position == LengthFrames)
            return count;
        if (isGivenUp || System.Numerics.BitOperations.IsPow2(_silentBlocks) || _silentBlocks % LongestSkipBlocks == 0)
        {
            // A handle that has met damage does not always find back to itself.
            var (position, tries) = (_position, _silentBlocks);
            Reopen(cancellationToken);
            _silentBlocks = GoTo(position, cancellationToken) ? 0 : tries;
            _position = position;
        }
        return count;
    }

    private long CallSeek(long frame, CancellationToken cancellationToken)
    {
        _bytes.Begin(cancellationToken);
        var result = _file!.Seek(frame);
        CloseIfFailed(cancellationToken);
        return result;
    }

    private int Call(int count, out bool hasFailed, CancellationToken cancellationToken)
    {
        _bytes.Begin(cancellationToken);
        var got = _file!.Read(_block, count, out hasFailed);
        CloseIfFailed(cancellationToken);
        return got;
    }

    private bool GoTo(long frame, CancellationToken cancellationToken)
    {
        var needsSettling = _file!.NeedsSettling;
        var from = needsSettling ? BeforeLastPage(Math.Max(0, frame - SettleFrames), cancellationToken) : frame;
        if (from == 0 && needsSettling)
            Reopen(cancellationToken);
        else if (CallSeek(from, cancellationToken) != from)
            return false;
        while (from < frame)
        {
            var got = Call((int)Math.Min(BlockFrames, frame - from), out _, cancellationToken);
            if (got == 0)
                return false;
            from += got;
        }
        return true;
    }

    private long BeforeLastPage(long frame, CancellationToken cancellationToken)
    {
        if (LengthFrames is not { } length || frame < length - LongestPageFrames)
            return frame;
        _lastPageFrame ??= OggTail.LastPageFrame(new ByteWindow(_reader), cancellationToken);
        return Math.Max(0, Math.Min(frame, _lastPageFrame.Value - SettleFrames));
    }

    private void WalkTo(long frame, CancellationToken cancellationToken)
    {
        Reopen(cancellationToken);
        while (_position < frame && ReadBlock((int)Math.Min(BlockFrames, frame - _position), cancellationToken) > 0)
        {
            // Counted by the condition.
        }
    }

    private void Reopen(CancellationToken cancellationToken)
    {
        Close();
        _file = _opening.Open(out var error, cancellationToken);
        CloseIfFailed(cancellationToken);
        _position = 0;
        if (_file is null)
            throw new JamException($"it cannot be opened again: {error}");
        if (_file.Channels == Channels)
            return;
        Close();
        throw new JamException("its channels have changed");
    }

    private void CloseIfFailed(CancellationToken cancellationToken)
    {
        if (_bytes.Failure is null)
            return;
        Close();
        ThrowIfFailed(_bytes, cancellationToken);
    }

    private static void ThrowIfFailed(TrackBytes bytes, CancellationToken cancellationToken)
    {
        if (bytes.Failure is OperationCanceledException)
            throw new OperationCanceledException("The wait for bytes was cancelled.", bytes.Failure, cancellationToken);
        if (bytes.Failure is { } failure)
            throw new IOException(failure.Message, failure);
    }

    private void Close()
    {
        _file?.Dispose();
        _file = null;
    }
}
