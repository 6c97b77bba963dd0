using Jam.Peer.Clock;
using Jam.Server.Contracts;

namespace Jam.Peer.Playback;

/// <summary>
/// Renders the track so that what is heard follows the timeline. Every block asks anew where the track should be when its first frame
/// is heard: nothing accumulates. Small errors are closed by speed, big ones by one crossfade. What is queued already is rendered again
/// where something has changed, from the state that the engine had there, so a change is heard long before the queue has run out. The
/// render allocates nothing and takes no lock; other threads hand it whole immutable things.
/// </summary>
internal sealed class PlayoutEngine
{
    /// <summary>Largest stretch that is rendered with one speed.</summary>
    public const int MaxBlockFrames = 480;

    /// <summary>An error is closed at this time constant.</summary>
    private const double CloseInS = 0.5;

    /// <summary>Largest change of speed: well under what an ear notices.</summary>
    public const double MaxCorrection = 500e-6;

    /// <summary>A bigger error is closed by one jump.</summary>
    private const double SnapUs = 5_000;

    /// <summary>A bigger error comes from a sleep or a stall: what was known is void, and the guard does not count it.</summary>
    private const double ReanchorUs = 500_000;

    private const double FadeS = 0.005;
    private const double PauseFadeS = 0.004;

    private readonly int _outputRate;
    private readonly OutputChannel _channel;
    private readonly int _fadeFrames;
    private readonly int _pauseFadeFrames;
    private readonly SnapGuard _guard = new();
    private readonly SyncMeter _meter = new();
    private readonly VolumeRamp _volume;
    private readonly PlayoutVoice _main = new();
    private readonly PlayoutVoice _tail = new();
    private readonly PlayoutHistory _history = new();
    private Timeline? _anchor;
    private readonly FollowedScore _score = new();
    private FollowedTimeline _followed = FollowedTimeline.Nothing;
    private Rendered _rendered;
    private bool _mustJump;
    private long _starvedFrom = -1;

    private TimelinePair? _newestPair;
    private PreparedTracks _tracks = PreparedTracks.None;
    private double _latencyUs;
    private ClickPattern? _clicks;
    private int _underruns;
    private int _snaps;
    private bool _gaveUp;
    private double _leadUs;
    private double _rewriteLeadUs = double.PositiveInfinity;
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
        _rendered = new Rendered(null, volume, latencyUs, null, null);
        _fadeFrames = (int)(FadeS * outputRate);
        _pauseFadeFrames = (int)(PauseFadeS * outputRate);
        _volume = new VolumeRamp(outputRate, volume);
    }

    /// <summary>Any thread: 0 to 1, reached by a short ramp.</summary>
    public double Volume
    {
        get => _volume.Target;
        set => _volume.Target = value;
    }

    /// <summary>Any thread: how much later than it reports the device sounds; a change is one jump.</summary>
    public double LatencyUs
    {
        get => Volatile.Read(ref _latencyUs);
        set => Volatile.Write(ref _latencyUs, value);
    }

    /// <summary>Any thread: what is clicked in the place of the music; null: nothing.</summary>
    public ClickPattern? Clicks
    {
        get => Volatile.Read(ref _clicks);
        set => Volatile.Write(ref _clicks, value);
    }

    /// <summary>Any thread: whether it renders silence where the track should sound.</summary>
    public bool IsStarved => Volatile.Read(ref _starvedFrom) >= 0;

    /// <summary>Any thread: whether no track plays, fades, or is to: what is clicked beside it does not count.</summary>
    public bool IsIdle => !_main.IsActive && !_tail.IsActive && Volatile.Read(ref _newestPair)?.Current.Status != PlaybackStatus.Play;

    /// <summary>Any thread: what it says of itself.</summary>
    public PlayoutStatus Status => new(
        _meter.IsSounding, _meter.ErrorUs, Volatile.Read(ref _uncertaintyUs),
        Math.Min(Volatile.Read(ref _leadUs), Volatile.Read(ref _rewriteLeadUs)), Volatile.Read(ref _underruns), Volatile.Read(ref _snaps),
        Volatile.Read(ref _gaveUp));

    /// <summary>Any thread: what to follow; null is silence.</summary>
    public void SetTimeline(TimelinePair? pair) => Volatile.Write(ref _newestPair, pair);

    /// <summary>One thread: the room's track and the one before it, which sounds until the timeline leaves it.</summary>
    public void SetTracks(PlayoutTrack? current, PlayoutTrack? previous) =>
        Volatile.Write(ref _tracks, Volatile.Read(ref _tracks).Next(current, previous, _outputRate));

    /// <summary>Any thread: what sounds beside the track; null: nothing.</summary>
    public RoomScore? Score
    {
        get => _score.Newest;
        set => _score.Newest = value;
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
        var now = Wanted();
        _mustJump |= now.LatencyUs != _rendered.LatencyUs && _main.IsActive;
        _rendered = now;
        var tracks = Volatile.Read(ref _tracks);
        var frames = output.Length / 2;
        for (var done = 0; done < frames;)
        {
            var count = Math.Min(MaxBlockFrames, frames - done);
            var due = Due.At(_followed, tracks, clock, firstFrame + done, now.LatencyUs, ref count);
            var block = output.Slice(2 * done, 2 * count);
            _history.Add(new Checkpoint(
                firstFrame + done, _main.State, _tail.State, _anchor, _guard.State, _volume.Now, _underruns, _snaps, _starvedFrom));
            RenderBlock(block, firstFrame + done, due);
            var heardAtUs = clock.HeardAtUs(firstFrame + done) + now.LatencyUs;
            if (clock.IsLocked)
                now.Score?.AddTo(block, _followed.Room, heardAtUs, clock.PeriodUs, 1);
            _volume.Apply(block, now.Clicks is null ? now.Volume : 0);
            if (clock.IsLocked && _followed.Pair is not null)
                now.Clicks?.AddTo(block, _followed.Room, heardAtUs, clock.PeriodUs, now.Volume);
            done += count;
        }
        ChannelPick.Apply(_channel, output);
        Publish(clock, firstFrame + frames, nowUs);
    }

    /// <summary>
    /// Audio thread: whether what was rendered from some frame on no longer holds (the timeline, the volume or the latency changed, or
    /// frames that were missing have come). Where it gives a frame, the caller must render again from there, all that was rendered.
    /// </summary>
    /// <param name="earliestFrame">The first frame that can still be changed.</param>
    /// <param name="nowUs">Local monotonic microseconds.</param>
    /// <param name="clock">When the output's frames are heard.</param>
    /// <param name="room">The newest estimate of the room clock.</param>
    /// <returns>A frame at or after the earliest; -1: all holds.</returns>
    public long Rewind(long earliestFrame, long nowUs, IOutputClock clock, RoomClockSnapshot room)
    {
        Volatile.Write(ref _rewriteLeadUs, clock.HeardAtUs(earliestFrame) + LatencyUs - nowUs);
        _followed.Take(Volatile.Read(ref _newestPair), room);
        var isChanged = Wanted() != _rendered;
        if (!isChanged && _starvedFrom < 0)
            return -1;
        var from = _history.FirstFrom(isChanged ? earliestFrame : Math.Max(earliestFrame, _starvedFrom));
        if (from < 0 || !(isChanged || HasCome(clock, from)))
            return -1;
        var point = _history.TakeBack(from);
        (_main.State, _tail.State, _guard.State) = (point.Main, point.Tail, point.Guard);
        (_anchor, _volume.Now, _underruns, _snaps, _starvedFrom) = (point.Anchor, point.Volume, point.Underruns, point.Snaps, point.StarvedFrom);
        _meter.Rewind(from);
        return from;
    }

    /// <summary>Whether the track could sound where it was silent for lack of frames.</summary>
    private bool HasCome(IOutputClock clock, long frame)
    {
        var count = MaxBlockFrames;
        var due = Due.At(_followed, Volatile.Read(ref _tracks), clock, frame, _rendered.LatencyUs, ref count);
        return due.Source is not null && due.FindStart(count) is not null;
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
        if (_main.IsActive || !due.IsWanted)
            Volatile.Write(ref _starvedFrom, -1);
        else if (_starvedFrom < 0)
            Volatile.Write(ref _starvedFrom, outputFrame);
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
            _tail.FadeInto(output, _outputRate);
    }

    /// <summary>Decides whether the voice that plays goes on, jumps, or falls silent for lack of frames; or starts it.</summary>
    private void Follow(in Due due, int count)
    {
        if (_main.IsActive)
        {
            if (_anchor is { } anchor && anchor.ClockId != due.Record!.ClockId)
                _guard.OnReconnect(due.RoomUs);
            var errorUs = Math.Abs(_main.AheadOf(due.Position)) * 1e6 / due.Source!.Track.SampleRate;
            var isOther = !ReferenceEquals(_main.Track, due.Source.Track);
            if (isOther || _mustJump || errorUs > SnapUs)
                Jump(due, count, isOther, errorUs);
            else
                _guard.OnSmallError(due.RoomUs);
        }
        if (_main.IsActive)
        {
            _anchor = due.Record;
            if (!_main.HasFrames(count, due.FastestStep, due.SourceFrames(_fadeFrames + MaxBlockFrames)))
            {
                _underruns++;
                Release(_fadeFrames);
            }
        }
        else
        {
            _mustJump = false;
            // A start at the very beginning of a track is the music's own; anywhere else it would click.
            TryStart(due, count, due.Position < 1 ? 0 : _fadeFrames);
            if (_main.IsActive)
                _guard.OnStart(due.RoomUs);
        }
        Volatile.Write(ref _gaveUp, _guard.HasGivenUp);
    }

    private void Jump(in Due due, int count, bool isOther, double errorUs)
    {
        // Another record of the same authority moved the position on purpose: that is no error. A new authority moves nothing.
        var isIntended = isOther || _mustJump || (!ReferenceEquals(_anchor, due.Record) && _anchor?.ClockId == due.Record!.ClockId);
        _mustJump = false;
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
        if (due.FindStart(count) is not { } ring)
            return;
        _main.Start(due.Source!, ring, due.Position, fadeFrames);
        _anchor = due.Record;
    }

    private static double Correction(double aheadFrames, int rate) =>
        Math.Clamp(-aheadFrames / (CloseInS * rate), -MaxCorrection, MaxCorrection);

    private void Release(int fadeFrames) => _tail.FadeOutFrom(_main, fadeFrames);

    private Rendered Wanted() => new(_followed.Pair, _volume.Target, LatencyUs, Clicks, _score.Take(_followed.Room));

    private void Publish(IOutputClock clock, long nextFrame, long nowUs)
    {
        Volatile.Write(ref _uncertaintyUs, clock.UncertaintyUs);
        if (!clock.IsLocked)
        {
            _meter.Measure(double.NegativeInfinity, null, 0);
            return;
        }
        var leadUs = clock.HeardAtUs(nextFrame) + _rendered.LatencyUs - nowUs;
        Volatile.Write(ref _leadUs, leadUs);
        var roomUs = _followed.Room.ToRoomUs(nowUs);
        _meter.Measure(nextFrame - leadUs / clock.PeriodUs, _followed.At(roomUs), roomUs);
    }
}
