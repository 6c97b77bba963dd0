using System.Threading.Channels;
using Jam.Peer.Cli;
using Jam.Peer.Cli.Demo;
using Jam.Peer.Cli.Live;
using Jam.Peer.Session;
using Jam.Tests.Fakes;
using NUnit.Framework;

namespace Jam.Tests.Cli;

/// <summary>The demo over processes that only pretend.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class DemoRunTests
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(100);
    private readonly StepTime time = new();
    private readonly List<FakeProcess> started = [];
    private readonly DemoPlan plan = DemoOptionsTests.Plan(new DemoOptions(TimeSpan.FromSeconds(4), true, 2, null, "null", false));
    private IReadOnlyList<PeerRow> rows = [];

    [Test]
    public async Task Three_processes_play_are_judged_and_are_asked_to_leave()
    {
        var run = Run();
        for (var i = 0; i < 50 && !run.IsCompleted; i++)
        {
            await SayAll(i);
            await Step(run);
        }
        var report = await run;
        Assert.That(report.Failures, Is.Empty);
        Assert.That(started, Has.Count.EqualTo(3));
        Assert.That(started[1].Arguments, Does.Contain($"127.0.0.1:{FakeReports.Host().ListenPort}"));
        Assert.That(rows.Select(row => row.Name), Is.EqualTo(new[] { "host", "viewer-1", "viewer-2" }));
        Assert.That(started.Select(process => (process.Asked, process.Killed, process.Disposed)), Is.All.EqualTo((true, false, true)));
    }

    [Test]
    public async Task A_child_that_dies_ends_the_demo_and_the_others()
    {
        var run = Run();
        await SayAll(0);
        await Step(run);
        await started[2].Report("no room left on the disk");
        started[2].Die(1);
        await Step(run);
        Assert.That((await run).Failures.Single(), Is.EqualTo("viewer-2 ended with exit code 1; viewer-2 said last: no room left on the disk"));
        Assert.That(started.Select(process => process.Disposed), Is.All.True);
    }

    [Test]
    public async Task Who_does_not_leave_in_three_seconds_is_killed()
    {
        using var interrupt = new CancellationTokenSource();
        var run = Run(interrupt.Token);
        await SayAll(0);
        await Step(run);
        started[1].Stubborn = true;
        var armed = time.NextTimer();
        await interrupt.CancelAsync();
        await armed;
        time.Advance(TimeSpan.FromSeconds(2.9));
        Assert.That(started[1].Killed, Is.False);
        time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.That((await run).Failures.Single(), Is.EqualTo("stopped before its time"));
        Assert.That(started.Select(process => process.Killed), Is.EqualTo(new[] { false, true, false }));
    }

    [Test]
    public async Task A_process_that_cannot_be_started_leaves_none_behind()
    {
        var run = new DemoRun(
            plan, args => started.Count == 1 ? throw new JamException("no more processes") : Start(args), (_, _) => { }, time).RunAsync(default);
        await SayAll(0);
        await Step(run);
        Assert.That((await run).Failures.Single(), Is.EqualTo("no more processes"));
        Assert.That(started.Single().Disposed);
    }

    private Task<DemoReport> Run(CancellationToken stop = default) => new DemoRun(plan, Start, (shown, _) => rows = shown, time).RunAsync(stop);

    private FakeProcess Start(IReadOnlyList<string> arguments)
    {
        started.Add(new FakeProcess([.. arguments]));
        return started[^1];
    }

    /// <summary>Every process reports; each line has been read when this returns.</summary>
    private async Task SayAll(int uptime)
    {
        for (var i = 0; i < started.Count; i++)
        {
            var report = i == 0 ? FakeReports.Host("host") : FakeReports.Viewer($"viewer-{i}");
            await started[i].Report(CliJson.Line(report with { UptimeUs = uptime }));
        }
    }

    /// <summary>One look of the demo: its next wait is armed, or it is over, when this returns.</summary>
    private async Task Step(Task run)
    {
        var armed = time.NextTimer();
        time.Advance(Tick);
        await Task.WhenAny(armed, run);
    }

    private sealed class FakeProcess(string[] arguments) : IPeerProcess
    {
        private readonly Channel<(string Line, TaskCompletionSource Read)> lines = Channel.CreateUnbounded<(string, TaskCompletionSource)>();
        private readonly TaskCompletionSource exited = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public string[] Arguments => arguments;

        public bool Asked { get; private set; }

        public bool Killed { get; private set; }

        public bool Disposed { get; private set; }

        public bool Stubborn { get; set; }

        public IAsyncEnumerable<string> Output => Lines();

        public IAsyncEnumerable<string> Errors => AsyncEnumerable.Empty<string>();

        public Task Exited => exited.Task;

        public int? ExitCode { get; private set; }

        public List<string> Commands { get; } = [];

        public void Say(string line) => Commands.Add(line);

        /// <summary>Completes when the reader came back for more.</summary>
        public Task Report(string line)
        {
            var read = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            lines.Writer.TryWrite((line, read));
            return read.Task;
        }

        public void Die(int exitCode)
        {
            ExitCode ??= exitCode;
            lines.Writer.TryComplete();
            exited.TrySetResult();
        }

        public void AskToLeave()
        {
            Asked = true;
            if (!Stubborn)
                Die(0);
        }

        public void Kill()
        {
            Killed = true;
            Die(137);
        }

        public void Dispose() => Disposed = true;

        private async IAsyncEnumerable<string> Lines()
        {
            await foreach (var (line, read) in lines.Reader.ReadAllAsync())
            {
                yield return line;
                read.SetResult();
            }
        }
    }
}
