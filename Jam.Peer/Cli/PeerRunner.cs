using Jam.Peer.Cli.Commands;
using Jam.Peer.Cli.Options;
using Jam.Peer.Cli.Terminal;
using Jam.Peer.Session;
using Jam.Server.Contracts;

namespace Jam.Peer.Cli;

/// <summary>
/// One peer from start to leave. Whoever asks first ends it: a command, the duration, a signal, or the session itself; every way out
/// goes through the same door.
/// </summary>
internal sealed class PeerRunner(
    PeerRun run, IJamSession session, CliIo io, TimeProvider time, Func<IJamSession, TimeProvider, CancellationToken, Task>? rehearse = null)
{
    private readonly ConsoleLines _lines = new(run.Session.LogFormat, time);

    /// <summary>How long the last notices may take to arrive.</summary>
    private static readonly TimeSpan LastNotices = TimeSpan.FromSeconds(1);

    /// <summary>Runs until something ends it. Exit code 0, or 1 with one line on standard error.</summary>
    public async Task<int> RunAsync(CancellationToken stop)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using var hush = new CancellationTokenSource();
        var front = FrontEnd();
        var notices = ForwardNoticesAsync(front, hush.Token);
        JamException? problem = null;
        PeerReport? last = null;
        var started = false;
        try
        {
            await session.StartAsync(ending.Token);
            started = true;
            session.Clicks = run.Calibrate;
            await Task.WhenAll(
                Guard(token => front.RunAsync(ending.Cancel, token)),
                Guard(ReportAsync),
                Guard(LeaveInTimeAsync),
                Guard(token => rehearse?.Invoke(session, time, token) ?? Task.CompletedTask),
                Guard(WatchSessionAsync));
        }
        catch (JamException wrong)
        {
            problem = wrong;
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // Told to leave while it was still starting.
        }
        finally
        {
            last = started ? Report() : null;
            await session.DisposeAsync();
            hush.CancelAfter(LastNotices);
            await notices;
            front.Close();
        }
        if (last is not null && (run.Json || run.StatusEvery is not null))
            io.Out.WriteLine(CliJson.Line(last));
        io.Out.Flush();
        if (problem is not null)
            io.Error.WriteLine(_lines.Failure(problem.Message));
        return problem is null ? 0 : 1;

        async Task Guard(Func<CancellationToken, Task> loop)
        {
            try
            {
                await loop(ending.Token);
            }
            catch (OperationCanceledException) when (ending.IsCancellationRequested)
            {
                // The way every loop ends.
            }
            catch
            {
                await ending.CancelAsync();
                throw;
            }
        }

        async Task LeaveInTimeAsync(CancellationToken token)
        {
            if (run.Duration is not { } duration)
                return;
            await Task.Delay(duration, time, token);
            await ending.CancelAsync();
        }

        async Task WatchSessionAsync(CancellationToken token)
        {
            await session.Completion.WaitAsync(token);
            await ending.CancelAsync();
        }
    }

    private async Task ReportAsync(CancellationToken cancellationToken)
    {
        if (run.StatusEvery is not { } period)
            return;
        using var timer = new PeriodicTimer(period, time);
        do
        {
            io.Out.WriteLine(CliJson.Line(Report()));
            io.Out.Flush();
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    private PeerReport Report()
    {
        var report = session.Report();
        return report.AtUs == 0 ? report with { AtUs = time.NowUs() } : report;
    }

    private async Task ForwardNoticesAsync(IFrontEnd front, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var line in session.Notices.WithCancellation(cancellationToken))
                front.Notice(line);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The session did not end its notices; nobody waits longer for them.
        }
    }

    private IFrontEnd FrontEnd()
    {
        var forPrograms = run.Json || run.StatusEvery is not null;
        if (!run.Headless && !forPrograms && io.InIsTerminal && io.OutIsTerminal)
            return new TerminalFrontEnd(io, session, time, run.Calibrate);
        var input = run.Headless && !run.EndWithStdin ? null : io.In;
        return new PipeFrontEnd(
            input, forPrograms ? io.Error : io.Out, io.Error, run.Headless ? null : new CommandExecutor(session), run.EndWithStdin, _lines);
    }
}
