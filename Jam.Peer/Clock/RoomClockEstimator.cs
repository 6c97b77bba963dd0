namespace Jam.Peer.Clock;

/// <summary>
/// Estimates the room clock from probes over the rendezvous connection. Pure: it says when to probe and is told of every
/// answer; local instants are microseconds on this machine's monotonic clock. Not safe for use by several threads at once;
/// the snapshots that it publishes are.
/// </summary>
/// <remarks>
/// Eight answered probes make a burst, which is taken in whole by a <see cref="Corridor"/>, unless it contradicts what is known.
/// <para>
/// The first five bursts come back to back (1 ms apart), so that a newcomer on a LAN is ready within a few dozen milliseconds. Where
/// that is not enough the next ones follow without a pause, with several probes under way at a time; the more so the steadier the path
/// is, since on one connection a late probe holds up those behind it. Up to the two hundredth they come at least 100 ms apart, and no
/// denser than they take, while the estimate is poor or its drift unknown: a second on a LAN, half a minute on a bad path. On a quick path
/// they come 400 ms apart from the thirtieth to the eightieth: time tells of a rate there, and more probes do not. Up to the eleventh they are half a second apart, then 2 s, or 1 s while the estimate is poor. After the eleventh a burst ends with the first
/// probe whose round trip is within 25 us of the lowest.
/// </para>
/// <para>
/// A burst of which every probe met a queue says that the way is full, maybe of probes: eight members who all measure as densely as they can
/// fill 400 kbit/s by themselves. Each such burst in a row doubles the time to the next, up to 8 s; each that met none takes one step back.
/// After two in a row the way is narrow until sixty bursts met no queue: never denser than four probes in 2 s. An accident of the path does
/// not hold up all of a burst, or not the next one.
/// </para>
/// </remarks>
/// <param name="keepsFirst">
/// Whether it goes by its first estimate for good: no drift, no correction. Only for the control run of a measurement, which must fail.
/// </param>
public sealed class RoomClockEstimator(bool keepsFirst = false)
{
    private const int ProbesPerBurst = 8;
    private const int FirstBursts = 5;
    private const int EarlyBursts = 6;
    private const long FirstGapUs = 1_000;
    private const long EarlyGapUs = 500_000;
    private const long SteadyGapUs = 2_000_000;
    private const int QuickestBursts = 30;
    private const int QuickBursts = 200;
    private const int CalmBursts = 80;
    private const int DenseBursts = 100;
    private const double DenseErrorUs = 60;
    private const long OverlapUs = 5_000;
    private const double OverlapWaits = 0.75;
    private const int MostOut = 32;
    private const long QuickGapUs = 100_000;
    private const long CalmGapUs = 400_000;
    private const long CrowdedUs = 100_000;
    private const long FullUs = 20_000;
    private const int MostFull = 5;
    private const long FullGapUs = 250_000;
    private const int NarrowFrom = 2;
    private const int NarrowBursts = 60;
    private const int FewProbes = 4;
    private const double Forgotten = 1 / 256.0;
    private const long PoorGapUs = 1_000_000;
    private const double PoorErrorUs = 30;
    private const long ProbeTimeoutUs = 1_000_000;
    private const long QuickUs = 25;
    private const double GateUs = 2_000;

    private readonly Corridor _corridor = new();
    private readonly Burst _burst = new();
    private Guid _clockId;
    private readonly Queue<long> _outT1Us = new(MostOut);
    private long _lastT1Us;
    private long _nextAtUs = long.MinValue;
    private int _bursts;
    private int _taken;
    private long _burstBegunUs;
    private long _begunUs;
    private bool _hasAnswer;
    private double _waitUs;
    private double _crowdUs;
    private int _full;
    private int _narrow;
    private double _emptyRttUs;
    private long _leastRttUs = long.MaxValue;
    private bool _isDense;
    private bool _isHolding;
    private readonly ReadyRule _ready = new();
    private long _restUntilUs = long.MinValue;
    private long _judgeAtUs = long.MaxValue;
    private volatile RoomClockSnapshot _snapshot = RoomClockSnapshot.None;

    /// <summary>The latest estimate; may be read from any thread.</summary>
    public RoomClockSnapshot Snapshot => _snapshot;

    /// <summary>When to call <see cref="TryBeginProbe"/> next: a probe is due then, or the one that is out counts as lost.</summary>
    public long NextProbeAtUs => Math.Max(_ready.IsReady ? _restUntilUs : long.MinValue, _outT1Us.Count == 0 ? _nextAtUs : MayOverlap ? _lastT1Us + OverlapUs + (long)(OverlapWaits * _waitUs) : _outT1Us.Peek() + ProbeTimeoutUs);

    /// <summary>As <see cref="NextProbeAtUs"/>, or earlier where what is known is enough by then: on a full way the next probe may be 8 s off.</summary>
    public long DueUs => Math.Min(NextProbeAtUs, _judgeAtUs);

    /// <summary>Whether several probes may be out at a time: what comes back then does not tell which of them were lost.</summary>
    public bool MayOverlap => _hasAnswer && (_isDense || _bursts is > 0 and < FirstBursts) && _outT1Us.Count is > 0 and < MostOut;

    /// <summary>Begins a probe where one is due; it must be sent at once, with this stamp.</summary>
    public bool TryBeginProbe(long nowUs, out long t1Us)
    {
        t1Us = nowUs;
        if (nowUs >= _judgeAtUs)
            Publish(nowUs);
        if (nowUs < NextProbeAtUs)
            return false;
        if (_outT1Us.Count > 0 && nowUs >= _outT1Us.Peek() + ProbeTimeoutUs)
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
        _leastRttUs = Math.Min(_leastRttUs, Math.Max(1, probe.RttUs));
        _waitUs += (probe.RttUs - _leastRttUs - _waitUs) / 16;
        _crowdUs += (probe.RttUs - _leastRttUs - _crowdUs) / 4;
        if (_burst.Answers == (_narrow == 0 || _isHolding ? ProbesPerBurst : FewProbes) || IsQuick(probe))
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
        (_bursts, _full, _narrow, _emptyRttUs) = (Math.Min(_bursts, FirstBursts), 0, 0, 0);
        _nextAtUs = long.MinValue;
    }

    /// <summary>
    /// Measures anew, at once. A burst that is under way goes on: on a long way it takes two seconds, and whoever asks that often would
    /// otherwise never get one. Where the way is full, what seems another way is a queue that is longer or shorter: it is measured as before.
    /// </summary>
    public void MeasureAnew()
    {
        if (_full > 0 || _narrow > 0)
            return;
        _bursts = Math.Min(_bursts, FirstBursts);
        if (_outT1Us.Count == 0 && _burst.Answers == 0)
            _nextAtUs = long.MinValue;
    }

    /// <summary>No probe before then, if the estimate is good enough to play by: on 400 kbit/s three who measure densely leave nothing for the music.</summary>
    public void Rest(long untilUs) => (_restUntilUs, _isDense) = (untilUs, false);

    /// <summary>Publishes the estimate anew with the error that it has by now. Needed only while no probes are answered.</summary>
    public void HoldOver(long nowUs)
    {
        if (!IsKept && _corridor.Count > 0 && nowUs > _snapshot.ReferenceLocalUs)
            Publish(nowUs);
    }

    // Once in its stride: a probe that met no queue ends the burst, since seven more could tell no more than it does, unless it
    // says something new. For a host with a slow uplink and a full room, the answers would be a quarter of what it can send.
    private bool IsQuick(Probe probe) =>
        _bursts >= FirstBursts + EarlyBursts && !_isHolding && probe.RttUs > 0 && probe.RttUs <= _corridor.LowestRttUs + QuickUs
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

    // Answers wait in a queue that they help to fill: a room's worth of probes is a good part of a slow uplink.
    private bool IsCrowded => _full > 0 || _narrow > 0 || _crowdUs > CrowdedUs;

    private bool IsKept => keepsFirst && _ready.IsReady;

    private void EndBurst(long nowUs)
    {
        _bursts++;
        CountFull();
        if (_burst.Best is { } best)
            Take(best);
        _burst.Clear();
        _isDense = _bursts is >= FirstBursts and < DenseBursts && !IsCrowded && !_isHolding && _corridor.Count > 0 && _corridor.At(nowUs).SigmaUs > DenseErrorUs;
        _nextAtUs = nowUs + GapUs(nowUs);
    }

    private long GapUs(long nowUs)
    {
        if (_bursts < FirstBursts)
            return FirstGapUs;
        if (_isHolding || _corridor.Count == 0)
            return EarlyGapUs;
        if (_isDense)
            return FirstGapUs;
        if (_full > 0 || _narrow > 0)
            return Math.Max(_narrow > 0 ? SteadyGapUs : 0, FullGapUs << _full);
        // Poor by the time of the next one is poor as well: early on the offset is known, but not where it goes.
        var isCalm = _corridor.IsQuick && _bursts >= QuickestBursts;
        if (_bursts < (isCalm ? CalmBursts : QuickBursts) && !IsCrowded && _corridor.At(nowUs + SteadyGapUs).SigmaUs > PoorErrorUs)
            return Math.Max(isCalm ? CalmGapUs : QuickGapUs, nowUs - _burstBegunUs);
        if (_corridor.At(nowUs).SigmaUs > PoorErrorUs)
            return PoorGapUs;
        return _bursts < FirstBursts + EarlyBursts ? EarlyGapUs : SteadyGapUs;
    }

    // What is the shortest there is by now: a way that has become longer for good is no full one for ever.
    private void CountFull()
    {
        if (_burst.Probes.Count == 0)
            return;
        var lowestUs = _burst.Probes.Min(p => p.RttUs);
        _emptyRttUs = _emptyRttUs == 0 || lowestUs < _emptyRttUs ? lowestUs : _emptyRttUs + (lowestUs - _emptyRttUs) * Forgotten;
        var isFull = lowestUs - _emptyRttUs > FullUs;
        _full = isFull ? Math.Min(MostFull, _full + 1) : Math.Max(0, _full - 1);
        _narrow = isFull && _full >= NarrowFrom ? NarrowBursts : Math.Max(0, _narrow - 1);
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
            _bursts = 1;
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
        (_bursts, _full, _narrow, _emptyRttUs) = (0, 0, 0, 0);
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
