using Jam.Peer.Cli.Live;
using Jam.Peer.Session;
using Jam.Server.Contracts;

namespace Jam.Peer.Cli.Demo;

/// <summary>Owns the child processes from the first to the last; none outlives it.</summary>
/// <param name="plan">Whom to start.</param>
/// <param name="start">Starts a peer's process.</param>
/// <param name="show">Is told the rows of the table and how long the music has played, several times a second.</param>
/// <param name="time">The clock.</param>
internal sealed class DemoRun(
    DemoPlan plan, Func<IReadOnlyList<string>, IPeerProcess> start, Action<IReadOnlyList<PeerRow>, TimeSpan> show, TimeProvider time)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(100);
    private readonly List<DemoPeer> peers = [];

    /// <summary>Plays it through. The children are gone when this returns, however it returns.</summary>
    public async Task<DemoReport> RunAsync(CancellationToken stop)
    {
        var progress = new DemoProgress(plan, time.NowUs());
        string? failure = null;
        IReadOnlyList<DemoPeerState> states = [];
        var nowUs = time.NowUs();
        try
        {
            Add("host", plan.HostArguments());
            DemoStep step;
            do
            {
                await Task.Delay(LookEvery, time, stop);
                (nowUs, states) = (time.NowUs(), States());
                step = progress.Advance(nowUs, states);
                if (step == DemoStep.StartViewers)
                    foreach (var name in plan.ViewerNames())
                        Add(name, plan.ViewerArguments(name, states[0].Latest!.ListenPort));
                if (step == DemoStep.Play)
                    peers[0].Say("play");
                show(Rows(States()), TimeSpan.FromMicroseconds(progress.ListenedUs(nowUs)));
            }
            while (step != DemoStep.Finish);
            failure = progress.Failure;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            failure = "stopped before its time";
        }
        catch (JamException problem)
        {
            failure = problem.Message;
        }
        finally
        {
            await Task.WhenAll(peers.Select(peer => peer.DisposeAsync().AsTask()));
        }
        return DemoVerdict.Judge(plan, progress, states, nowUs, failure);
    }

    private void Add(string name, IReadOnlyList<string> arguments) => peers.Add(new DemoPeer(name, start(arguments), time));

    private DemoPeerState[] States() => [.. peers.Select(peer => peer.State)];

    private static PeerRow[] Rows(IReadOnlyList<DemoPeerState> states) =>
        [.. states.Select(state => new PeerRow(state.Name, state.Latest, state.ExitCode is null ? "starting" : "ended"))];
}
