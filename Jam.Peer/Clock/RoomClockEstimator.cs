namespace Jam.Peer.Clock;

/// <summary>
/// Estimates the room clock from probes over the rendezvous connection. Pure: it says when to probe and is told of every
/// answer; local instants are microseconds on this machine's monotonic clock. Not safe for use by several threads at once;
/// the snapshots that it publishes are.
/// </summary>
/// <remarks>
/// Eight probes, one after the other, make a burst, of which the shortest way there and the shortest way back count. A Kalman
/// filter over offset and drift takes bursts in, each with the error that <see cref="ProbeHistory"/> makes of its round trip. When
/// that learns better, all that it keeps goes in anew.
/// <para>
/// The first five bursts come back to back (1 ms apart), so that a newcomer on a LAN is ready within a few dozen milliseconds. Up to
/// the hundredth they follow at least 100 ms apart, and no denser than they take, while the estimate is poor or its drift unknown: a
/// second on a LAN, half a minute on a bad path. Up to the eleventh they are half a second apart, then 2 s, or 1 s while the
/// estimate is poor. After the
/// eleventh a burst ends with the first probe whose round trip is within 25 us of the lowest.
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
    private const int QuickBursts = 100;
    private const long QuickGapUs = 100_000;
    private const long PoorGapUs = 1_000_000;
    private const double PoorErrorUs = 30;
    private const long ProbeTimeoutUs = 1_000_000;
    private const int BurstsToBeReady = 5;
    private const double ReadyErrorUs = 1_000;
    private const double LostErrorUs = 10_000;
    private const long QuickUs = 25;
    private const double GateFloorUs = 2_000;
    private const double GateSigmas = 6;

    private readonly DriftFilter _filter = new();
    private readonly ProbeHistory _history = new();
    private readonly Burst _burst = new();
    private Guid _clockId;
    private long? _outstandingT1Us;
    private long _nextAtUs = long.MinValue;
    private int _bursts;
    private int _taken;
    private long _burstBegunUs;
    private bool _isHolding;
    private bool _isReady;
    private volatile RoomClockSnapshot _snapshot = RoomClockSnapshot.None;

    /// <summary>The latest estimate; may be read from any thread.</summary>
    public RoomClockSnapshot Snapshot => _snapshot;

    /// <summary>When to call <see cref="TryBeginProbe"/> next: a probe is due then, or the one that is out counts as lost.</summary>
    public long NextProbeAtUs => _outstandingT1Us + ProbeTimeoutUs ?? _nextAtUs;

    /// <summary>Begins a probe where one is due; it must be sent at once, with this stamp.</summary>
    public bool TryBeginProbe(long nowUs, out long t1Us)
    {
        t1Us = nowUs;
        if (nowUs < NextProbeAtUs)
            return false;
        if (_outstandingT1Us is not null)
        {
            // Whatever swallowed this one will swallow the next: make do with what the burst has.
            _outstandingT1Us = null;
            EndBurst(nowUs);
            if (nowUs < _nextAtUs)
                return false;
        }

        if (_burst.Answers == 0)
            _burstBegunUs = nowUs;
        _outstandingT1Us = nowUs;
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
        if (t1Us != _outstandingT1Us)
            return;
        _outstandingT1Us = null;
        if (clockId != _clockId)
            Reset(clockId);
        var probe = new Probe(t1Us + (t4Us - t1Us) / 2, (t2Us - t1Us + (t3Us - t4Us)) / 2.0, t4Us - t1Us - (t3Us - t2Us));
        _burst.Add(probe);
        if (_burst.Answers == ProbesPerBurst || IsQuick(probe))
            EndBurst(t4Us);
    }

    /// <summary>
    /// The connection is gone: what is out will not be answered. The estimate stays, and once there is a connection again the
    /// next burst is due at once.
    /// </summary>
    public void OnConnectionLost()
    {
        _outstandingT1Us = null;
        _burst.Clear();
        _bursts = Math.Min(_bursts, FirstBursts);
        _nextAtUs = long.MinValue;
    }

    /// <summary>
    /// Measures anew, at once. A burst that is under way goes on: on a long way it takes two seconds, and whoever asks that often would
    /// otherwise never get one.
    /// </summary>
    public void MeasureAnew()
    {
        _bursts = Math.Min(_bursts, FirstBursts);
        if (_outstandingT1Us is null && _burst.Answers == 0)
            _nextAtUs = long.MinValue;
    }

    /// <summary>Publishes the estimate anew with the error that it has by now. Needed only while no probes are answered.</summary>
    public void HoldOver(long nowUs)
    {
        if (!IsKept && _filter.Updates > 0 && nowUs > _snapshot.ReferenceLocalUs)
            Publish(nowUs);
    }

    // Once in its stride: a probe that met no queue ends the burst, since seven more could tell no more than it does, unless it
    // says something new. For a host with a slow uplink and a full room, the answers would be a quarter of what it can send.
    private bool IsQuick(Probe probe) =>
        _bursts >= FirstBursts + EarlyBursts && !_isHolding && probe.RttUs > 0 && probe.RttUs <= _history.LowestUs + QuickUs
        && !IsOutlier(probe);

    private bool IsKept => keepsFirst && _isReady;

    private void EndBurst(long nowUs)
    {
        _bursts++;
        if (_burst.Best is { } best)
            Take(best);
        _burst.Clear();
        _nextAtUs = nowUs + GapUs(nowUs);
    }

    private long GapUs(long nowUs)
    {
        if (_bursts < FirstBursts)
            return FirstGapUs;
        if (_isHolding || _filter.Updates == 0)
            return EarlyGapUs;
        // Poor by the time of the next one is poor as well: early on the offset is known, but not where it goes.
        if (_bursts < QuickBursts && _filter.At(nowUs + SteadyGapUs).OffsetSigmaUs > PoorErrorUs)
            return Math.Max(QuickGapUs, nowUs - _burstBegunUs);
        if (_filter.At(nowUs).OffsetSigmaUs > PoorErrorUs)
            return PoorGapUs;
        return _bursts < FirstBursts + EarlyBursts ? EarlyGapUs : SteadyGapUs;
    }

    private void Take(Probe best)
    {
        if (IsKept)
            return;
        // A better minimum makes what came before worth less than it seemed: else a queue that stood at the start would pass for the
        // truth for minutes. This must come first, lest the truth be taken for the outlier.
        if (_history.Add(best))
            Replay(_history.Probes.Count - 1);
        if (_filter.Updates > 0 && IsOutlier(best))
        {
            if (_history.RemoveLast())
                Replay(_history.Probes.Count);
            if (!_isHolding)
            {
                // One may be an accident of the path: ask again soon before believing it.
                _isHolding = true;
                return;
            }

            // Two in a row: a clock was stepped, a machine slept, or the path is another one.
            StartOver();
            _bursts = 1;
            _history.Add(best);
        }

        _isHolding = false;
        _taken++;
        Enter(best);
        Publish(_filter.ReferenceUs);
    }

    private void Replay(int count)
    {
        _filter.Clear();
        for (var i = 0; i < count; i++)
            Enter(_history.Probes[i]);
    }

    private void Enter(Probe probe)
    {
        if (_filter.Updates == 0)
            _filter.Start(probe.LocalUs, probe.OffsetUs, _history.SigmaUs(probe));
        else
            _filter.Update(probe.LocalUs, probe.OffsetUs, _history.SigmaUs(probe));
    }

    private bool IsOutlier(Probe probe)
    {
        var (offsetUs, _, offsetSigmaUs, _) = _filter.At(probe.LocalUs);
        var sigmaUs = _history.SigmaUs(probe);
        var expectedUs = Math.Sqrt(offsetSigmaUs * offsetSigmaUs + sigmaUs * sigmaUs);
        return Math.Abs(probe.OffsetUs - offsetUs) > Math.Max(GateFloorUs, GateSigmas * expectedUs);
    }

    private void Publish(long localUs)
    {
        var (offsetUs, drift, errorUs, _) = _filter.At(localUs);
        _isReady = _isReady
            ? errorUs < LostErrorUs
            : _taken >= BurstsToBeReady && errorUs < ReadyErrorUs;
        _snapshot = new RoomClockSnapshot(_clockId, localUs, offsetUs, keepsFirst ? 0 : drift, errorUs, _history.LowestUs, _isReady);
    }

    private void Reset(Guid clockId)
    {
        _clockId = clockId;
        StartOver();
        _bursts = 0;
        _burst.Clear();
        _snapshot = RoomClockSnapshot.None with { ClockId = clockId };
    }

    private void StartOver()
    {
        _filter.Clear();
        _history.Clear();
        _taken = 0;
        _isHolding = false;
        _isReady = false;
    }
}
