using System.Threading.Channels;
using Jam.Peer.Cli.Commands;
using Jam.Peer.Cli.Live;
using Jam.Peer.Session;

namespace Jam.Peer.Cli.Terminal;

/// <summary>Someone at a keyboard: a prompt with history, news above it, the live table while <c>watch</c> runs, and keys that nudge while <c>calibrate</c> does.</summary>
internal sealed class TerminalFrontEnd(CliIo io, IJamSession session, TimeProvider time, bool calibrates = false) : IFrontEnd
{
    private static readonly TimeSpan RedrawEvery = TimeSpan.FromMilliseconds(250);
    private readonly Screen screen = new(io.Out);
    private readonly LineEditor editor = new("jam> ", typed => CommandCompletion.Complete(typed, [.. session.Report().Members.Select(m => m.Name)]));
    private readonly CommandExecutor executor = new(session);

    // Typing goes on while a command works (a large file takes a while to hash). Who outruns 32 commands is told so.
    private readonly Channel<Command> commands = Channel.CreateBounded<Command>(
        new BoundedChannelOptions(32) { FullMode = BoundedChannelFullMode.Wait, SingleReader = true });

    private readonly Lock gate = new();
    private bool watching;
    private LatencyKeys? nudging = calibrates ? new LatencyKeys(session) : null;

    public void Notice(string line) => screen.Above(Answer.OneLine(line));

    public async Task RunAsync(Action end, CancellationToken cancellationToken)
    {
        var execution = ExecuteAsync(cancellationToken);
        var drawing = DrawTableAsync(cancellationToken);
        try
        {
            ShowPrompt();
            while (true)
            {
                // A read that blocks in the kernel cannot be called off; what is left behind is one pool thread of a process that ends.
                var key = await io.ReadKey().WaitAsync(cancellationToken);
                lock (gate)
                    if (!Handle(key))
                        break;
            }
            end();
        }
        finally
        {
            commands.Writer.TryComplete();
            await Task.WhenAll(execution, drawing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public void Close() => screen.Bottom([]);

    /// <summary>False when the peer is to leave.</summary>
    private bool Handle(ConsoleKeyInfo key)
    {
        if (nudging is { } keys)
        {
            if (keys.Apply(key) is { } outcome)
            {
                nudging = null;
                screen.Above(outcome);
            }
            ShowPrompt();
            return true;
        }
        if (watching)
        {
            watching = key.Key is not (ConsoleKey.Enter or ConsoleKey.Escape or ConsoleKey.Q);
            if (!watching)
                ShowPrompt();
            return true;
        }
        var result = editor.Apply(key);
        if (result == EditResult.Closed)
            return false;
        if (result == EditResult.Submitted)
        {
            var line = editor.Take();
            screen.Above($"jam> {line}");
            var (command, wrong) = CommandParser.Parse(line);
            if (command is Command.Quit)
                return false;
            if (command is Command.Watch)
                watching = true;
            else if (command is Command.Calibrate { On: true } calibrate)
                nudging = new LatencyKeys(session, calibrate.With);
            else if (wrong is not null)
                screen.Above(Answer.Error(wrong).Line);
            else if (command is not null && !commands.Writer.TryWrite(command))
                screen.Above("error: too much to do at once; wait a moment");
        }
        if (watching)
            ShowTable();
        else
            ShowPrompt();
        return true;
    }

    private async Task ExecuteAsync(CancellationToken cancellationToken)
    {
        await foreach (var command in commands.Reader.ReadAllAsync(cancellationToken))
            screen.Above((await executor.ExecuteAsync(command, cancellationToken)).ForTerminal);
    }

    private async Task DrawTableAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(RedrawEvery, time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
            lock (gate)
                if (watching)
                    ShowTable();
    }

    private void ShowPrompt()
    {
        if (nudging is not null)
        {
            screen.Bottom([nudging.Line(io.Width() - 1)]);
            return;
        }
        var (text, cursor) = editor.View(io.Width());
        screen.Bottom([text], cursor);
    }

    private void ShowTable() => screen.Bottom([.. PeerTable.Watch(session.Report(), io.Width() - 1), "ENTER ends the table"]);
}
