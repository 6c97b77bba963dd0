using Jam.Peer.Clock;
using Jam.Server.Contracts;

namespace Jam.Peer.Playback;

/// <summary>
/// Renders the track so that what is heard follows the timeline. Every block asks anew where the track should be when its first frame
/// is heard: nothing accumulates. Small errors are closed by speed, big ones by one crossfade. The render allocates nothing and takes
/// no lock; other threads hand it whole immutable things.
/// </summary>
internal sealed class PlayoutEngine
{
    /// <summary>Largest stretch that is rendered with one speed.</summary>
    public const int MaxBlockFrames = 480;

    /// <summary>An error is closed at this time constant.</summary>
    private const double CloseInS = 0.5;

    /// <summary>Largest change of speed: well under what an ear notices.</summary>
    private const double MaxCorrection = 500e-6;

    /// <summary>A bigger error is closed by one jump.</summary>
    private const double SnapUs = 5_000;

    /// <summary>A bigger error comes from a sleep or a stall: what was known is void, and the guard does not count it.</summary>
    private const double ReanchorUs = 500_000;

    private const double FadeS = 0.005;
    private const double PauseFadeS = 0.004;

    /// <summary>So much must be here before a playback begins, or begins again: who starts on less runs dry at once.</summary>
    private const double StartS = 0.1;

    private readonly int _outputRate;
    private readonly OutputChannel _channel;
    private readonly double _latencyUs;
    private readonly int _fadeFrames;
    private readonly int _pauseFadeFrames;
    private readonly SnapGuard _guard = new();
    private readonly SyncMeter _meter = new();
    private readonly VolumeRamp _volume;
    private readonly PlayoutVoice _main = new();
    private readonly PlayoutVoice _tail = new();
    private Timeline? _anchor;
    private RoomScore? _score;
    private RoomScore? _heardScore;
    private FollowedTimeline _followed;

    private TimelinePair? _newestPair;
    private Tracks _tracks = new(null, null);
    private int _underruns;
    private int _snaps;
    private bool _gaveUp;
    private double _leadUs;
    private double _uncertaintyUs = double.PositiveInfinity;

    /// <param name="outputRate">Frames per second of the output.</param>
    /// <param name="latencyUs">The device sounds this much later than it reports.</param>
    /// <param name="volume">0 to 1.</param>
    /// <param name="channel">What goes to which loudspeaker.</param>
    public PlayoutEngine(int outputRate, double latencyUs, double volume, OutputChannel channel = OutputChannel.Stereo)
    {
        _channel = channel;
        _outputRate = outputRate;
        _latencyUs = latencyUs;
        _fadeFrames = (int)(FadeS * outputRate);
        _pauseFadeFrames = (int)(PauseFadeS * outputRate);
        _volume = new VolumeRamp(outputRate, volume);
        _followed = FollowedTimeline.Nothing;
    }

    /// <summary>Any thread: 0 to 1, reached by a short ramp.</summary>
    public double Volume
    {
        get => _volume.Target;
        set => _volume.Target = value;
    }

    /// <summary>Any thread: what it says of itself.</summary>
    public PlayoutStatus Status => new(
        _meter.IsSounding, _meter.ErrorUs, Volatile.Read(ref _uncertaintyUs), Volatile.Read(ref _leadUs), Volatile.Read(ref _underruns),
        Volatile.Read(ref _snaps), Volatile.Read(ref _gaveUp));

    /// <summary>Any thread: what to follow; null is silence.</summary>
    public void SetTimeline(TimelinePair? pair) => Volatile.Write(ref _newestPair, pair);

    /// <summary>One thread: the room's track and the one before it, which sounds until the timeline leaves it.</summary>
    public void SetTracks(PlayoutTrack? current, PlayoutTrack? previous)
    {
        var old = Volatile.Read(ref _tracks);
        Volatile.Write(ref _tracks, new Tracks(Prepare(current, old), Prepare(previous, old)));
    }

    /// <summary>Any thread: what sounds beside the track; null: nothing.</summary>
    public RoomScore? Score
    {
        get => Volatile.Read(ref _score);
        set => Volatile.Write(ref _score, value);
    }

    /// <summary>Audio thread: renders the frames from <paramref name="firstFrame"/> of the output on.</summary>
    /// <param name="output">Interleaved stereo, overwritten.</param>
    /// <param name="firstFrame">Place of the first frame in the output's stream.</param>
    /// <param name="nowUs">Local monotonic microseconds.</param>
    /// <param name="clock">When the output's frames are heard.</param>
    /// <param name="room">The newest estimate of the room clock.</param>
    public void Render(Span<float> output, long firstFrame, long nowUs, IOutputClock clock, RoomClockSnapshot room)
    {
        output.Clear();
        _followed.Take(Volatile.Read(ref _newestPair), room);
        var tracks = Volatile.Read(ref _tracks);
        var frames = output.Length / 2;
        for (var done = 0; done < frames;)
        {
            var count = Math.Min(MaxBlockFrames, frames - done);
            var due = Locate(tracks, clock, firstFrame + done, ref count);
            RenderBlock(output.Slice(2 * done, 2 * count), firstFrame + done, due);
            done += count;
        }
        AddScore(output, clock.HeardAtUs(firstFrame) + _latencyUs, clock);
        ChannelPick.Apply(_channel, output);
        _volume.Apply(output);
        Publish(clock, firstFrame + frames, nowUs);
    }

    /// <summary>As the timeline: a beat on a clock that is not measured yet is taken over once it is, and the last one goes on until then.</summary>
    private void AddScore(Span<float> output, double heardAtUs, IOutputClock clock)
    {
        var newest = Volatile.Read(ref _score);
        if (newest is null || newest.ClockId == _followed.Room.ClockId)
            _heardScore = newest;
        if (clock.IsLocked)
            _heardScore?.AddTo(output, _followed.Room, heardAtUs, clock.PeriodUs, 1);
    }

    /// <summary>Where the track should be at an output frame; shortens the count so that no record begins inside the block.</summary>
    private Due Locate(Tracks tracks, IOutputClock clock, long frame, ref int count)
    {
        if (_followed.Pair is not { } pair || !clock.IsLocked)
            return default;
        var room = _followed.Room;
        var roomUs = room.ToRoomUs(clock.HeardAtUs(frame) + _latencyUs);
        var roomPerFrame = clock.PeriodUs * (1 + room.Drift);
        if (roomUs < pair.Current.AtUs)
            count = FramesUntil(pair.Current.AtUs - roomUs, roomPerFrame, count);
        var record = _followed.At(roomUs);
        if (record is not null && roomUs < record.AtUs)
        {
            count = FramesUntil(record.AtUs - roomUs, roomPerFrame, count);
            return default;
        }
        if (record is not { Status: PlaybackStatus.Play } || tracks.Find(record.TrackId) is not { } source)
            return default;
        var rate = source.Track.SampleRate;
        var position = (record.PositionUs + (roomUs - record.AtUs)) * rate / 1e6;
        return new Due(record, source, position, roomPerFrame * rate / 1e6, roomUs);
    }

    private static int FramesUntil(double us, double perFrameUs, int count)
    {
        var frames = Math.Ceiling(us / perFrameUs);
        return frames < count ? Math.Max(1, (int)frames) : count;
    }

    private void RenderBlock(Span<float> output, long outputFrame, in Due due)
    {
        if (due.Source is null)
        {
            if (_main.IsActive)
                Release(_pauseFadeFrames);
        }
        else
        {
            Follow(due, output.Length / 2);
        }

        var step = due.Step;
        if (_main.IsActive)
        {
            step *= 1 + Correction(_main.AheadOf(due.Position), due.Source!.Track.SampleRate);
            _meter.OnRendered(outputFrame, output.Length / 2, _main.IsSounding ? _main.Track : null, _main.Frame, _main.Fraction, step);
            _main.AddTo(output, step);
        }
        else
        {
            _meter.OnRendered(outputFrame, output.Length / 2, null, 0, 0, 0);
        }
        if (_tail.IsActive)
            RenderTail(output);
    }

    /// <summary>Decides whether the voice that plays goes on, jumps, or falls silent for lack of frames; or starts it.</summary>
    private void Follow(in Due due, int count)
    {
        if (_main.IsActive)
        {
            var errorUs = Math.Abs(_main.AheadOf(due.Position)) * 1e6 / due.Source!.Track.SampleRate;
            var isOther = !ReferenceEquals(_main.Track, due.Source.Track);
            if (isOther || errorUs > SnapUs)
                Jump(due, count, isOther, errorUs);
            else
                _guard.OnSmallError(due.RoomUs);
        }
        if (_main.IsActive)
        {
            _anchor = due.Record;
            if (!_main.HasFrames(count, due.Step * (1 + MaxCorrection), SourceFrames(due, _fadeFrames + MaxBlockFrames)))
            {
                _underruns++;
                Release(_fadeFrames);
            }
        }
        else
        {
            // A start at the very beginning of a track is the music's own; anywhere else it would click.
            TryStart(due, count, due.Position < 1 ? 0 : _fadeFrames);
        }
        Volatile.Write(ref _gaveUp, _guard.HasGivenUp);
    }

    private void Jump(in Due due, int count, bool isOther, double errorUs)
    {
        // Another record moved the position on purpose: that is no error.
        var isIntended = isOther || !ReferenceEquals(_anchor, due.Record);
        if (isIntended || errorUs > ReanchorUs)
            _guard.Reset();
        else if (_guard.MaySnap(due.RoomUs))
            Volatile.Write(ref _snaps, _snaps + 1);
        else
            return;
        Release(_fadeFrames);
        TryStart(due, count, _fadeFrames);
    }

    private void TryStart(in Due due, int count, int fadeFrames)
    {
        var kernel = due.Source!.Kernel;
        var reserve = (int)(StartS * due.Source.Track.SampleRate);
        var first = (long)Math.Floor(due.Position) - kernel.Before;
        var needed = SincResampler.FramesNeeded(kernel, 1, due.Step * (1 + MaxCorrection), count) + reserve;
        if (due.Source.Track.Find(first, needed) is not { } ring)
            return;
        _main.Start(due.Source, ring, due.Position, fadeFrames);
        _anchor = due.Record;
    }

    private static int SourceFrames(in Due due, int outputFrames) => (int)(outputFrames * due.Source!.Ratio) + 1;

    private static double Correction(double aheadFrames, int rate) =>
        Math.Clamp(-aheadFrames / (CloseInS * rate), -MaxCorrection, MaxCorrection);

    private void Release(int fadeFrames) => _tail.FadeOutFrom(_main, fadeFrames);

    private void RenderTail(Span<float> output)
    {
        var step = (double)_tail.Track!.SampleRate / _outputRate;
        // In short pieces, so that the end of a fade inside a block needs no more frames than the fade itself.
        for (var at = 0; at < output.Length && _tail.IsActive;)
        {
            var length = Math.Min(output.Length - at, 2 * 64);
            _tail.AddTo(output.Slice(at, length), step);
            at += length;
        }
    }

    private void Publish(IOutputClock clock, long nextFrame, long nowUs)
    {
        Volatile.Write(ref _uncertaintyUs, clock.UncertaintyUs);
        if (!clock.IsLocked)
        {
            _meter.Measure(double.NegativeInfinity, null, 0);
            return;
        }
        var leadUs = clock.HeardAtUs(nextFrame) + _latencyUs - nowUs;
        Volatile.Write(ref _leadUs, leadUs);
        var roomUs = _followed.Room.ToRoomUs(nowUs);
        _meter.Measure(nextFrame - leadUs / clock.PeriodUs, _followed.At(roomUs), roomUs);
    }

    private PreparedTrack? Prepare(PlayoutTrack? track, Tracks old)
    {
        if (track is null)
            return null;
        if (ReferenceEquals(old.Current?.Track, track))
            return old.Current;
        return ReferenceEquals(old.Previous?.Track, track) ? old.Previous : new PreparedTrack(track, _outputRate);
    }

    private readonly record struct Due(Timeline? Record, PreparedTrack? Source, double Position, double Step, double RoomUs);

    private sealed record Tracks(PreparedTrack? Current, PreparedTrack? Previous)
    {
        public PreparedTrack? Find(string? trackId)
        {
            if (Current is not null && Current.Track.TrackId == trackId)
                return Current;
            return Previous is not null && Previous.Track.TrackId == trackId ? Previous : null;
        }
    }
}
