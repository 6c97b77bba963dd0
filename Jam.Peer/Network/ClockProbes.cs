using System.Globalization;
using Jam.Peer.Clock;
using Jam.Server.Contracts;
using Microsoft.Extensions.Logging;

namespace Jam.Peer.Network;

/// <summary>
/// The clock's probes on one connection: which is due, what an answer says of the clock and of the way, when the next one is. The clock
/// may be another connection's, too: all that touches it does so under its gate.
/// </summary>
internal sealed class ClockProbes(RoomClockEstimator clock, Lock gate, TimeProvider time, ILogger log, Action<string>? trace)
{
    private const long FullProbeEveryUs = 5_000_000;
    private const long MaxWaitMs = 60_000;

    private readonly ProbeQuality _quality = new();
    private readonly ProbeRoute _route = new();
    private ClockDatagrams? _datagrams;
    private long _fullProbeUs = long.MinValue / 2;
    private long _lastT1Us = long.MinValue;

    /// <summary>The newest of everything that the authority told of; null before the first answer.</summary>
    public Revisions? Newest { get; private set; }

    /// <summary>How good the way is.</summary>
    public LinkQuality Quality
    {
        get
        {
            lock (gate)
                return _quality.Now with { ByDatagrams = _route.IsProven };
        }
    }

    /// <summary>Begins a burst at once.</summary>
    public void MeasureAnew()
    {
        lock (gate)
            clock.MeasureAnew();
    }

    /// <summary>No probe before then, if the clock is known well enough to play by.</summary>
    public void Rest(long untilUs)
    {
        lock (gate)
            clock.Rest(untilUs);
    }

    /// <summary>Where probes can go as datagrams from now on; null: nowhere.</summary>
    public void Use(ClockDatagrams? datagrams)
    {
        lock (gate)
        {
            _datagrams = datagrams;
            if (datagrams is null)
                _route.Close();
            else
                _route.Open();
            TellRoute();
        }
    }

    /// <summary>Begins the probe that is due, stamped now, and sends it where it goes as a datagram.</summary>
    /// <param name="request">What is to be sent over the connection; null: nothing.</param>
    /// <returns>Whether one was due.</returns>
    public bool TryBegin(out SyncRequest? request)
    {
        request = null;
        lock (gate)
        {
            if (!clock.TryBeginProbe(time.NowUs(), out var t1Us))
                return false;
            if (!clock.MayOverlap)
                _quality.OnSent();
            // What the room is at is asked every few seconds; the clock alone costs a third.
            var isBrief = t1Us - _fullProbeUs < FullProbeEveryUs;
            if (!isBrief)
                _fullProbeUs = t1Us;
            var (asDatagram, overConnection) = _route.Next(isBrief, t1Us);
            if (asDatagram)
                _datagrams?.Send(t1Us);
            if (overConnection)
                request = new SyncRequest(t1Us, isBrief);
            TellRoute();
            return true;
        }
    }

    /// <summary>Takes an answer that came over the connection.</summary>
    /// <param name="answer">What the server says.</param>
    /// <param name="t4Us">When all of it was here, by the local clock.</param>
    public void Take(SyncResponse answer, long t4Us)
    {
        Newest = answer.Revisions ?? Newest;
        Take(answer.T1Us, answer.T2Us, answer.T3Us, t4Us, answer.ClockId, isDatagram: false);
    }

    /// <summary>Takes an answer that came as a datagram.</summary>
    /// <param name="answer">What the server says.</param>
    /// <param name="t1Us">When it was asked, by the local clock.</param>
    /// <param name="t4Us">When it came to this machine, by the local clock.</param>
    public void Take(ClockStamps answer, long t1Us, long t4Us) => Take(t1Us, answer.T2Us, answer.T3Us, t4Us, answer.ClockId, isDatagram: true);

    private void TellRoute() => (clock.PatienceUs, clock.AreLight) = (_route.PatienceUs, _route.IsProven);

    private void Take(long t1Us, long t2Us, long t3Us, long t4Us, Guid clockId, bool isDatagram)
    {
        var isAnotherWay = false;
        lock (gate)
        {
            if (isDatagram)
            {
                _route.OnAnswer(t4Us - t1Us);
                TellRoute();
            }

            // What went both ways is answered twice.
            if (t1Us == _lastT1Us)
                return;
            _lastT1Us = t1Us;
            isAnotherWay = _quality.OnAnswered(t4Us - t1Us - (t3Us - t2Us));
            clock.OnResponse(t1Us, t2Us, t3Us, t4Us, clockId);
            if (isAnotherWay)
                clock.MeasureAnew();
        }

        if (isAnotherWay)
            NetworkLog.WayChanged(log, Quality.RttUs / 1e3);
        if (trace is null)
            return;
        var now = clock.Snapshot;
        trace(string.Create(
            CultureInfo.InvariantCulture,
            $"probe {t1Us} {t2Us} {t3Us} {t4Us} {now.ReferenceLocalUs} {now.OffsetUs:F2} {now.Drift:E6} {now.ErrorUs:F2} {now.RttUs}"));
    }

    /// <summary>How long until one is due, milliseconds; 0: one is.</summary>
    public long WaitMs()
    {
        long nextUs;
        lock (gate)
            nextUs = clock.DueUs;
        // Timers run on whole milliseconds: up, or it would fire early and find nothing to do. An answer that came between the
        // two looks leaves a probe that has been due for ever.
        var nowUs = time.NowUs();
        return nextUs <= nowUs ? 0 : Math.Min(MaxWaitMs, (nextUs - nowUs + 999) / 1000);
    }
}
