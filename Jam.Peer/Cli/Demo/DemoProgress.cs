using Jam.Peer.Cli.Live;
using static System.FormattableString;

namespace Jam.Peer.Cli.Demo;

/// <summary>What to do next.</summary>
internal enum DemoStep
{
    /// <summary>Nothing but watch.</summary>
    Watch,

    /// <summary>The host's port is known: start the viewers.</summary>
    StartViewers,

    /// <summary>The viewers are in the room and their first chunk is here: play.</summary>
    Play,

    /// <summary>The time is over, or it failed: <see cref="DemoProgress.Failure"/>.</summary>
    Finish,
}

/// <summary>How far the demo has come. Pure: time and the peers' states come in, the next step goes out.</summary>
internal sealed class DemoProgress(DemoPlan plan, long startedAtUs)
{
    /// <summary>How long each of the two starts may take: the host's until its port is known, and from there to the first sound.</summary>
    public static readonly TimeSpan StartWithin = TimeSpan.FromSeconds(20);

    private long stageSinceUs = startedAtUs;
    private bool viewersStarted;
    private bool playAsked;

    /// <summary>When the host was first seen playing; null before.</summary>
    public long? MusicSinceUs { get; private set; }

    /// <summary>Why it cannot go on; null while it can.</summary>
    public string? Failure { get; private set; }

    /// <summary>The figures of the time in which music played.</summary>
    public DemoMeasurements Measurements { get; } = new((long)Math.Min(2e6, plan.Listen.TotalMicroseconds / 4));

    /// <summary>How long the music has played, microseconds.</summary>
    public long ListenedUs(long nowUs) => MusicSinceUs is { } since ? nowUs - since : 0;

    /// <summary>Looks at the peers; the host stands first.</summary>
    public DemoStep Advance(long nowUs, IReadOnlyList<DemoPeerState> peers)
    {
        if (peers.FirstOrDefault(peer => peer.ExitCode is not null) is { } dead)
            return Fail(Invariant($"{dead.Name} ended with exit code {dead.ExitCode}") + Said(dead));

        var host = peers[0];
        if (!viewersStarted)
        {
            if (host.Latest is not { ListenPort: > 0 })
                return Overdue(nowUs) ? Fail(Invariant($"the host was not ready within {StartWithin.TotalSeconds:0} s") + Said(host)) : DemoStep.Watch;
            (viewersStarted, stageSinceUs) = (true, nowUs);
            return DemoStep.StartViewers;
        }
        if (MusicSinceUs is null)
        {
            if (!host.IsPlaying && !playAsked && peers.Skip(1).All(peer => peer.Latest?.Track is { ChunksHave: > 0 }))
            {
                playAsked = true;
                return DemoStep.Play;
            }
            if (!host.IsPlaying)
                return Overdue(nowUs) ? Fail(Invariant($"no music within {StartWithin.TotalSeconds:0} s: {Why(host)}") + Said(host)) : DemoStep.Watch;
            MusicSinceUs = nowUs;
        }
        Measurements.Add(nowUs, peers);
        return ListenedUs(nowUs) >= plan.Listen.TotalMicroseconds ? DemoStep.Finish : DemoStep.Watch;
    }

    private bool Overdue(long nowUs) => nowUs - stageSinceUs > StartWithin.TotalMicroseconds;

    private DemoStep Fail(string why)
    {
        Failure = why;
        return DemoStep.Finish;
    }

    private string Why(DemoPeerState host) => host.Latest is not { } report ? "the host says nothing"
        : !report.ServerConnected ? "the host does not reach its own server"
        : report.Track is null ? "the host has no track"
        : !playAsked ? "not every viewer has got its first chunk"
        : $"the room stands at {Figures.Position(report.Playback.PositionUs)} ({report.Playback.Status})";

    private static string Said(DemoPeerState peer) =>
        peer.LastLines.Count == 0 ? "" : $"; {peer.Name} said last: {string.Join(" | ", peer.LastLines.TakeLast(4))}";
}
