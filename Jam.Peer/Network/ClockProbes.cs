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
    private long _fullProbeUs = long.MinValue / 2;

    /// <summary>The newest of everything that the authority told of; null before the first answer.</summary>
    public Revisions? Newest { get; private set; }

    /// <summary>How good the way is.</summary>
    public LinkQuality Quality
    {
        get
        {
            lock (gate)
                return _quality.Now;
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

    /// <summary>The probe that is due, stamped now; null where none is.</summary>
    public SyncRequest? TryBegin()
    {
        lock (gate)
        {
            if (!clock.TryBeginProbe(time.NowUs(), out var t1Us))
                return null;
            if (!clock.MayOverlap)
                _quality.OnSent();
            // What the room is at is asked every few seconds; the clock alone costs a third.
            var isBrief = t1Us - _fullProbeUs < FullProbeEveryUs;
            if (!isBrief)
                _fullProbeUs = t1Us;
            return new SyncRequest(t1Us, isBrief);
        }
    }

    /// <summary>Takes an answer.</summary>
    /// <param name="answer">What the server says.</param>
    /// <param name="t4Us">When all of it was here, by the local clock.</param>
    public void Take(SyncResponse answer, long t4Us)
    {
        Newest = answer.Revisions ?? Newest;
        bool isAnotherWay;
        lock (gate)
        {
            isAnotherWay = _quality.OnAnswered(t4Us - answer.T1Us - (answer.T3Us - answer.T2Us));
            clock.OnResponse(answer.T1Us, answer.T2Us, answer.T3Us, t4Us, answer.ClockId);
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
            $"probe {answer.T1Us} {answer.T2Us} {answer.T3Us} {t4Us} {now.ReferenceLocalUs} {now.OffsetUs:F2} {now.Drift:E6} {now.ErrorUs:F2} {now.RttUs}"));
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
