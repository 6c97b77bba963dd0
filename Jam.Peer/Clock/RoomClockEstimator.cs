namespace Jam.Peer.Clock;

/// <summary>
/// Estimates the room clock from probes over the rendezvous connection. Pure: it says when to probe and is told of every
/// answer; local instants are microseconds on this machine's monotonic clock. Not safe for use by several threads at once;
/// the snapshots that it publishes are.
/// </summary>
/// <remarks>
/// Eight probes, one after the other, make a burst, of which the one with the lowest round trip counts: it met the shortest
/// queues. Its error is taken as half of what its round trip exceeds the lowest of the last 150 bursts, plus 100 us; half the
/// round trip itself would overstate it on long, steady paths. A Kalman filter over offset and drift takes bursts in.
/// <para>
/// The first five bursts come 10 ms apart, so that a newcomer on a LAN is ready within a tenth of a second rather than after
/// five half seconds; six more follow half a second apart to find the drift, then one every two seconds. What the first ones
/// have in common (a queue that stands for 100 ms) the later ones correct. From then on a burst ends with the first probe whose
/// round trip is within 25 us of the lowest.
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
    private const long FirstGapUs = 10_000;
    private const long EarlyGapUs = 500_000;
    private const long SteadyGapUs = 2_000_000;
    private const long ProbeTimeoutUs = 1_000_000;
    private const int UpdatesToBeReady = 5;
    private const double ReadyErrorUs = 1_000;
    private const double LostErrorUs = 10_000;
    private const double FloorSigmaUs = 100;
    private const long QuickUs = 25;
    private const double GateFloorUs = 2_000;
    private const double GateSigmas = 6;
    private const double DriftSigmas = 2;

    private readonly DriftFilter _filter = new();
    private readonly RecentMinimum _roundTrips = new(150);
    private Guid _clockId;
    private long? _outstandingT1Us;
    private long _nextAtUs = long.MinValue;
    private int _probesInBurst;
    private int _bursts;
    private bool _isHolding;
    private bool _isReady;
    private Probe? _best;
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
        if (probe.RttUs > 0 && (_best is null || probe.RttUs < _best.Value.RttUs))
            _best = probe;
        if (++_probesInBurst == ProbesPerBurst || IsQuick())
            EndBurst(t4Us);
    }

    /// <summary>
    /// The connection is gone: what is out will not be answered. The estimate stays, and once there is a connection again the
    /// next burst is due at once.
    /// </summary>
    public void OnConnectionLost()
    {
        _outstandingT1Us = null;
        _probesInBurst = 0;
        _best = null;
        _bursts = Math.Min(_bursts, FirstBursts);
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
    private bool IsQuick() =>
        _bursts >= FirstBursts + EarlyBursts && !_isHolding && _best is { } best && best.RttUs <= _roundTrips.Value + QuickUs
        && !IsOutlier(best, FloorSigmaUs);

    private bool IsKept => keepsFirst && _isReady;

    private void EndBurst(long nowUs)
    {
        var best = _best;
        _best = null;
        _probesInBurst = 0;
        _bursts++;
        if (best is { } probe)
            Take(probe);
        var gap = _bursts < FirstBursts ? FirstGapUs
            : _isHolding || _bursts < FirstBursts + EarlyBursts ? EarlyGapUs
            : SteadyGapUs;
        _nextAtUs = nowUs + gap;
    }

    private void Take(Probe probe)
    {
        if (IsKept)
            return;
        _roundTrips.Add(probe.RttUs);
        var sigmaUs = (probe.RttUs - _roundTrips.Value) / 2.0 + FloorSigmaUs;
        if (_filter.Updates == 0)
        {
            _filter.Start(probe.LocalUs, probe.OffsetUs, sigmaUs);
        }
        else if (!IsOutlier(probe, sigmaUs))
        {
            _isHolding = false;
            _filter.Update(probe.LocalUs, probe.OffsetUs, sigmaUs);
        }
        else if (!_isHolding)
        {
            // One may be an accident of the path: ask again soon before believing it.
            _isHolding = true;
            return;
        }
        else
        {
            // Two in a row: a clock was stepped, a machine slept, or the path is another one.
            Reset(_clockId);
            _bursts = 1;
            _roundTrips.Add(probe.RttUs);
            _filter.Start(probe.LocalUs, probe.OffsetUs, FloorSigmaUs);
        }

        Publish(_filter.ReferenceUs);
    }

    private bool IsOutlier(Probe probe, double sigmaUs)
    {
        var (offsetUs, _, offsetSigmaUs, _) = _filter.At(probe.LocalUs);
        var expectedUs = Math.Sqrt(offsetSigmaUs * offsetSigmaUs + sigmaUs * sigmaUs);
        return Math.Abs(probe.OffsetUs - offsetUs) > Math.Max(GateFloorUs, GateSigmas * expectedUs);
    }

    private void Publish(long localUs)
    {
        var (offsetUs, drift, errorUs, driftSigma) = _filter.At(localUs);
        _isReady = _isReady
            ? errorUs < LostErrorUs
            : _filter.Updates >= UpdatesToBeReady && errorUs < ReadyErrorUs;
        // A drift that could as well be none would only add its own noise between measurements.
        var used = Math.Abs(drift) > DriftSigmas * driftSigma ? drift : 0;
        _snapshot = new RoomClockSnapshot(_clockId, localUs, offsetUs, used, errorUs, _roundTrips.Value, _isReady);
    }

    private void Reset(Guid clockId)
    {
        _clockId = clockId;
        _filter.Clear();
        _roundTrips.Clear();
        _bursts = 0;
        _probesInBurst = 0;
        _best = null;
        _isHolding = false;
        _isReady = false;
        _snapshot = RoomClockSnapshot.None with { ClockId = clockId };
    }

    private readonly record struct Probe(long LocalUs, double OffsetUs, long RttUs);
}
