namespace Jam.Peer.Playback;

/// <summary>
/// A second-order delay-locked loop from noisy timing readings to a smooth model of when frame n is heard. Loop after F. Adriaensen,
/// "Using a DLL to filter time" (2005); bandwidths, clipping and the recovery from an underrun are measured values of this project.
/// </summary>
internal sealed class WriteClock : IOutputClock
{
    /// <summary>Loop bandwidth once settled, hertz.</summary>
    private const double BandwidthHz = 0.1;

    /// <summary>Bandwidth times age while settling: wide at first, then narrowing.</summary>
    private const double BandwidthTimesAge = 0.6;

    /// <summary>Largest loop step, so that a long gap between readings stays stable.</summary>
    private const double MaxLoopStep = 0.7;

    /// <summary>No lock earlier than this after the first reading: the first ones are off by most of a millisecond.</summary>
    private const long LockAfterUs = 400_000;

    private const int LockReadings = 6;

    /// <summary>Where the first readings agree there is nothing to wait for.</summary>
    private const long EarlyLockAfterUs = 120_000;

    /// <summary>Half of the readings lie within this of their median, and the earlier ones say what the later ones do.</summary>
    private const double AgreeUs = 30;

    /// <summary>Of readings that lie further apart no median is worth anything: a plug-in's delay, say, while its queue begins to move.</summary>
    private const double ScatteredUs = 1_000;

    /// <summary>A device that never comes to rest is taken as it is.</summary>
    private const long PatienceUs = 2_000_000;

    /// <summary>After an underrun the device settles for this many readings.</summary>
    private const int SkipAfterUnderrun = 2;

    private const int ReanchorReadings = 5;

    /// <summary>An error is clipped to this many times the mean one.</summary>
    private const double ClipFactor = 4;

    private const double MinClipUs = 20;

    /// <summary>No sound card is further off its nominal rate.</summary>
    private const double MaxDeviation = 700e-6;

    /// <summary>So far off, reading after reading, is no noise: the output has jumped (moved, suspended).</summary>
    private const double JumpUs = 2_000;

    /// <summary>Weight of a new error in the mean error.</summary>
    private const double MeanWeight = 1.0 / 16;

    /// <summary>The age given to a re-anchored loop: its period is known, only its phase is new.</summary>
    private const double AgeAfterReanchorS = 1;

    private readonly double _nominalUs;
    private readonly bool _locksEarly;
    private readonly Reading[] _collected = new Reading[64];
    private readonly double[] _scratch = new double[64];
    private int _collectedCount;
    private int _skip;
    private int _jumps;
    private State _state = State.Locking;
    private long _anchorFrame;
    private long _anchorUs;
    private double _anchorFractionUs;
    private long _lastAtUs;
    private double _ageS;
    private double _meanErrorUs;
    private long? _begunUs;

    /// <param name="sampleRate">Frames per second, nominally.</param>
    /// <param name="locksEarly">
    /// Whether first readings that agree may be believed: those of a raw place in the device's queue, which an interpolation does not smooth.
    /// </param>
    public WriteClock(int sampleRate, bool locksEarly = false)
    {
        _locksEarly = locksEarly;
        _nominalUs = 1e6 / sampleRate;
        PeriodUs = _nominalUs;
    }

    private enum State
    {
        Locking,

        /// <summary>Locked early: until the time of a lock that is not, it stands on the median of all that was read.</summary>
        Settling,
        Locked,
        Reanchoring,
    }

    public bool IsLocked => _state is State.Locked or State.Settling;

    /// <summary>Whether it has never been locked for good, or everything is learnt anew: then every reading counts.</summary>
    public bool IsBeginning => _state is State.Locking or State.Settling;

    public double PeriodUs { get; private set; }

    /// <summary>Mean absolute residual of the readings.</summary>
    public double UncertaintyUs => IsLocked ? _meanErrorUs : double.PositiveInfinity;

    public double HeardAtUs(long frame) => _anchorUs + (_anchorFractionUs + (frame - _anchorFrame) * PeriodUs);

    /// <summary>Takes one reading: <paramref name="frame"/> is heard at <paramref name="heardUs"/>.</summary>
    /// <param name="frame">A frame of the stream: the next to be written, or the one that the device takes next.</param>
    /// <param name="heardUs">When it is heard, local monotonic microseconds.</param>
    /// <param name="atUs">When this was read, local monotonic microseconds.</param>
    public void Add(long frame, double heardUs, long atUs)
    {
        switch (_state)
        {
            case State.Locked:
                Track(frame, heardUs, atUs);
                break;
            case State.Locking:
            case State.Settling:
                Collect(frame, heardUs, atUs);
                if (_collectedCount >= LockReadings)
                    Begin(atUs);
                break;
            default:
                if (_skip > 0)
                {
                    _skip--;
                    break;
                }
                Collect(frame, heardUs, atUs);
                if (_collectedCount >= ReanchorReadings)
                    Anchor(AgeAfterReanchorS);
                break;
        }
    }

    /// <summary>The device ran dry: its phase is lost, its rate is not.</summary>
    public void OnUnderrun()
    {
        if (IsBeginning)
        {
            (_state, _collectedCount, _begunUs) = (State.Locking, 0, null);
            return;
        }
        _state = State.Reanchoring;
        _skip = SkipAfterUnderrun;
        _collectedCount = 0;
    }

    /// <summary>Another device, or one that slept: everything is learnt anew.</summary>
    public void Reset()
    {
        _state = State.Locking;
        _collectedCount = 0;
        _begunUs = null;
        PeriodUs = _nominalUs;
    }

    // Locks where that can be believed; what is too scattered goes, the oldest first.
    private void Begin(long atUs)
    {
        _begunUs ??= _collected[0].AtUs;
        var forUs = atUs - _collected[0].AtUs;
        var isOver = forUs >= LockAfterUs;
        if (!isOver && !(_locksEarly && forUs >= EarlyLockAfterUs && (_state == State.Settling || DoAgree())))
            return;
        if (isOver && _state == State.Locking && atUs - _begunUs < PatienceUs && SpreadUs(0, _collectedCount, out _) > ScatteredUs)
        {
            _collectedCount -= LockReadings / 2;
            Array.Copy(_collected, LockReadings / 2, _collected, 0, _collectedCount);
            return;
        }
        var kept = _collectedCount;
        Anchor(forUs / 1e6);
        if (!isOver)
            (_state, _collectedCount) = (State.Settling, kept);
    }

    private bool DoAgree()
    {
        var half = _collectedCount / 2;
        if (SpreadUs(0, _collectedCount, out _) > AgreeUs)
            return false;
        SpreadUs(0, half, out var before);
        SpreadUs(half, _collectedCount - half, out var after);
        return Math.Abs(after - before) <= AgreeUs;
    }

    private void Track(long frame, double heardUs, long atUs)
    {
        var dtUs = atUs - _lastAtUs;
        if (dtUs <= 0)
            return;
        var error = heardUs - _anchorUs - (_anchorFractionUs + (frame - _anchorFrame) * PeriodUs);
        if (WatchForJump(frame, heardUs, atUs, error))
            return;

        var clip = Math.Max(ClipFactor * _meanErrorUs, MinClipUs);
        var clipped = Math.Clamp(error, -clip, clip);
        _ageS += dtUs / 1e6;
        var bandwidth = Math.Max(BandwidthHz, BandwidthTimesAge / _ageS);
        var w = Math.Min(2 * Math.PI * bandwidth * dtUs / 1e6, MaxLoopStep);
        MoveAnchor(frame, heardUs - error + Math.Sqrt(2) * w * clipped);
        PeriodUs = Math.Clamp(
            PeriodUs + w * w * clipped / (dtUs / _nominalUs), _nominalUs * (1 - MaxDeviation), _nominalUs * (1 + MaxDeviation));
        _meanErrorUs += (Math.Abs(clipped) - _meanErrorUs) * MeanWeight;
        _lastAtUs = atUs;
    }

    private bool WatchForJump(long frame, double heardUs, long atUs, double error)
    {
        if (Math.Abs(error) < JumpUs)
        {
            _jumps = 0;
            return false;
        }
        if (_jumps++ == 0)
            _collectedCount = 0;
        Collect(frame, heardUs, atUs);
        if (_collectedCount >= ReanchorReadings)
            Anchor(AgeAfterReanchorS);
        return true;
    }

    private void Collect(long frame, double heardUs, long atUs)
    {
        if (_collectedCount == _collected.Length)
        {
            Array.Copy(_collected, 1, _collected, 0, _collected.Length - 1);
            _collectedCount--;
        }
        _collected[_collectedCount++] = new Reading(frame, heardUs, atUs);
    }

    private void Anchor(double ageS)
    {
        var last = _collected[_collectedCount - 1];
        _meanErrorUs = SpreadUs(0, _collectedCount, out var median);
        MoveAnchor(last.Frame, last.HeardUs + median);
        _lastAtUs = last.AtUs;
        _ageS = Math.Max(ageS, 0.1);
        _collectedCount = 0;
        _jumps = 0;
        _state = State.Locked;
    }

    // The median of some of what was collected, against the last of all, and how far half of them are from it at most.
    private double SpreadUs(int first, int count, out double median)
    {
        var last = _collected[_collectedCount - 1];
        var values = _scratch.AsSpan(0, count);
        for (var i = 0; i < count; i++)
            values[i] = _collected[first + i].HeardUs - last.HeardUs + (last.Frame - _collected[first + i].Frame) * PeriodUs;
        values.Sort();
        median = values[count / 2];
        for (var i = 0; i < count; i++)
            values[i] = Math.Abs(values[i] - median);
        values.Sort();
        return values[count / 2];
    }

    private void MoveAnchor(long frame, double us)
    {
        _anchorFrame = frame;
        _anchorUs = (long)us;
        _anchorFractionUs = us - _anchorUs;
    }

    private readonly record struct Reading(long Frame, double HeardUs, long AtUs);
}
