namespace Jam.Peer.Clock;

/// <summary>
/// Estimates the room clock from probes over the rendezvous connection. Pure: it says when to probe and is told of every
/// answer; local instants are microseconds on this machine's monotonic clock. Not safe for use by several threads at once;
/// the snapshots that it publishes are.
/// </summary>
/// <remarks>
/// Eight answered probes make a burst, which is taken in whole by a <see cref="Corridor"/>, unless it contradicts what is known. When they
/// are due is up to a <see cref="ProbeCadence"/>.
/// </remarks>
/// <param name="keepsFirst">
/// Whether it goes by its first estimate for good: no drift, no correction. Only for the control run of a measurement, which must fail.
/// </param>
public sealed class RoomClockEstimator(bool keepsFirst = false)
{
    private const long OverlapUs = 5_000;
    private const double OverlapWaits = 0.75;
    private const int MostOut = 32;
    private const long QuickUs = 25;
    private const double GateUs = 2_000;

    private readonly Corridor _corridor = new();
    private readonly Burst _burst = new();
    private readonly ProbeCadence _cadence = new();
    private Guid _clockId;
    private readonly Queue<long> _outT1Us = new(MostOut);
    private long _lastT1Us;
    private long _nextAtUs = long.MinValue;
    private int _taken;
    private long _burstBegunUs;
    private long _begunUs;
    private bool _hasAnswer;
    private bool _isHolding;
    private readonly ReadyRule _ready = new();
    private long _restUntilUs = long.MinValue;
    private long _judgeAtUs = long.MaxValue;
    private volatile RoomClockSnapshot _snapshot = RoomClockSnapshot.None;

    /// <summary>The latest estimate; may be read from any thread.</summary>
    public RoomClockSnapshot Snapshot => _snapshot;

    /// <summary>How long after its sending a probe that is unanswered counts as lost, microseconds.</summary>
    public long PatienceUs { get; set; } = 1_000_000;

    /// <summary>Whether probes are datagrams by now, which cost less, and hold up nothing.</summary>
    public bool AreLight { set => _cadence.IsLight = value; }

    /// <summary>When to call <see cref="TryBeginProbe"/> next: a probe is due then, or the one that is out counts as lost.</summary>
    public long NextProbeAtUs => Math.Max(_ready.IsReady ? _restUntilUs : long.MinValue, _outT1Us.Count == 0 ? _nextAtUs : MayOverlap ? _lastT1Us + OverlapUs + (long)(OverlapWaits * _cadence.WaitUs) : _outT1Us.Peek() + PatienceUs);

    /// <summary>As <see cref="NextProbeAtUs"/>, or earlier where what is known is enough by then: on a full way the next probe may be 8 s off.</summary>
    public long DueUs => Math.Min(NextProbeAtUs, _judgeAtUs);

    /// <summary>Whether several probes may be out at a time: what comes back then does not tell which of them were lost.</summary>
    public bool MayOverlap => _hasAnswer && _cadence.MayOverlap && _outT1Us.Count is > 0 and < MostOut;

    /// <summary>Begins a probe where one is due; it must be sent at once, with this stamp.</summary>
    public bool TryBeginProbe(long nowUs, out long t1Us)
    {
        t1Us = nowUs;
        if (nowUs >= _judgeAtUs)
            Publish(nowUs);
        if (nowUs < NextProbeAtUs)
            return false;
        if (_outT1Us.Count > 0 && nowUs >= _outT1Us.Peek() + PatienceUs)
        {
            // Whatever swallowed this one will swallow the next: make do with what the burst has.
            _outT1Us.Clear();
            _hasAnswer = false;
            EndBurst(nowUs);
            if (nowUs < _nextAtUs)
                return false;
        }

        if (_burst.Answers == 0)
            _burstBegunUs = nowUs;
        _outT1Us.Enqueue(nowUs);
        _lastT1Us = nowUs;
        return true;
    }

    /// <summary>Takes an answer. One that is late, or of no probe, is ignored: its burst has ended without it.</summary>
    /// <param name="t1Us">Sent, local clock.</param>
    /// <param name="t2Us">Received by the server, room clock.</param>
    /// <param name="t3Us">Sent back, room clock.</param>
    /// <param name="t4Us">Received, local clock, before parsing.</param>
    /// <param name="clockId">The room's clock; another one than before resets everything.</param>
    public void OnResponse(long t1Us, long t2Us, long t3Us, long t4Us, Guid clockId)
    {
        if (!Take(t1Us))
            return;
        _hasAnswer = true;
        if (clockId != _clockId)
            Reset(clockId);
        if (_burst.Answers == 0 && _taken == 0)
            _begunUs = t1Us;
        var probe = new Probe(t1Us + (t4Us - t1Us) / 2, (t2Us - t1Us + (t3Us - t4Us)) / 2.0, t4Us - t1Us - (t3Us - t2Us));
        _burst.Add(probe);
        _cadence.OnAnswer(probe);
        if (_burst.Answers == _cadence.ProbesFor(_isHolding) || IsQuick(probe))
            EndBurst(t4Us);
    }

    /// <summary>
    /// The connection is gone: what is out will not be answered. The estimate stays, and once there is a connection again the
    /// next burst is due at once.
    /// </summary>
    public void OnConnectionLost()
    {
        _outT1Us.Clear();
        _hasAnswer = false;
        _burst.Clear();
        _cadence.OnConnectionLost();
        _nextAtUs = long.MinValue;
    }

    /// <summary>
    /// Measures anew, at once. A burst that is under way goes on: on a long way it takes two seconds, and whoever asks that often would
    /// otherwise never get one. Where the way is full, what seems another way is a queue that is longer or shorter: it is measured as before.
    /// </summary>
    public void MeasureAnew()
    {
        if (_cadence.IsFull)
            return;
        _cadence.Repeat();
        if (_outT1Us.Count == 0 && _burst.Answers == 0)
            _nextAtUs = long.MinValue;
    }

    /// <summary>No probe before then, if the estimate is good enough to play by: on 400 kbit/s three who measure densely leave nothing for the music.</summary>
    public void Rest(long untilUs)
    {
        _restUntilUs = untilUs;
        _cadence.Relax();
    }

    /// <summary>Publishes the estimate anew with the error that it has by now. Needed only while no probes are answered.</summary>
    public void HoldOver(long nowUs)
    {
        if (!IsKept && _corridor.Count > 0 && nowUs > _snapshot.ReferenceLocalUs)
            Publish(nowUs);
    }

    // Once in its stride: a probe that met no queue ends the burst, since seven more could tell no more than it does, unless it
    // says something new. For a host with a slow uplink and a full room, the answers would be a quarter of what it can send.
    private bool IsQuick(Probe probe) =>
        _cadence.IsSteady && !_isHolding && probe.RttUs > 0 && probe.RttUs <= _corridor.LowestRttUs + QuickUs
        && !IsOutlier(probe);

    /// <summary>Whether a probe with this stamp was out. Answers come in order: what went before it is lost.</summary>
    private bool Take(long t1Us)
    {
        if (!_outT1Us.Contains(t1Us))
            return false;
        while (_outT1Us.Dequeue() != t1Us)
        {
        }

        return true;
    }

    private bool IsKept => keepsFirst && _ready.IsReady;

    private void EndBurst(long nowUs)
    {
        _cadence.OnBurst(_burst.Probes);
        if (_burst.Best is { } best)
            Take(best);
        _burst.Clear();
        _nextAtUs = nowUs + _cadence.GapUs(_corridor, _isHolding, _burstBegunUs, nowUs);
    }

    private void Take(Probe best)
    {
        if (IsKept)
            return;
        if (IsOutlier(best))
        {
            if (!_isHolding)
            {
                // One may be an accident of the path: ask again soon before believing it.
                _isHolding = true;
                return;
            }

            // Two in a row: a clock was stepped, a machine slept, or the path is another one.
            StartOver();
            _cadence.StartOver();
        }

        _isHolding = false;
        _taken++;
        _corridor.Add(_burst.Probes);
        Publish(_corridor.ReferenceUs);
    }

    private bool IsOutlier(Probe probe) => _corridor.Count > 0 && _corridor.ContradictionUs(probe) > GateUs;

    private void Publish(long localUs)
    {
        var (offsetUs, drift, errorUs) = _corridor.At(localUs);
        _ready.Judge(_taken, errorUs, localUs - _begunUs);
        _judgeAtUs = _ready.LessIsEnoughAtUs(localUs - _begunUs) is var forUs and < long.MaxValue ? _begunUs + forUs : long.MaxValue;
        _snapshot = new RoomClockSnapshot(_clockId, localUs, offsetUs, keepsFirst ? 0 : drift, errorUs, _corridor.LowestRttUs, _ready.IsReady);
    }

    private void Reset(Guid clockId)
    {
        _clockId = clockId;
        StartOver();
        _cadence.Reset();
        _burst.Clear();
        _snapshot = RoomClockSnapshot.None with { ClockId = clockId };
    }

    private void StartOver()
    {
        _corridor.Clear();
        _taken = 0;
        _isHolding = false;
        _judgeAtUs = long.MaxValue;
        _ready.Reset();
    }
}
