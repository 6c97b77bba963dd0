using Jam.Peer.Cli.Commands;

namespace Jam.Peer.Cli.Terminal;

/// <summary>
/// No one at a keyboard: commands come line by line and each is answered by one line; the end of the input is not the end of the
/// peer, since a service or a <c>&lt; /dev/null</c> has no input at all.
/// </summary>
/// <param name="input">Where lines come from; null: none is read.</param>
/// <param name="answers">Where each command's one line goes.</param>
/// <param name="news">Where notices go.</param>
/// <param name="executor">Does what is asked; null: lines are read and ignored.</param>
/// <param name="endsWithInput">Whether the end of the input ends the peer after all.</param>
/// <param name="lines">How a line looks.</param>
internal sealed class PipeFrontEnd(
    TextReader? input, TextWriter answers, TextWriter news, CommandExecutor? executor, bool endsWithInput, ConsoleLines lines) : IFrontEnd
{
    public void Notice(string line) => news.WriteLine(lines.Notice(line));

    public async Task RunAsync(Action end, CancellationToken cancellationToken)
    {
        if (input is null)
            return;
        // A read that blocks in the kernel cannot be called off; what is left behind is one pool thread of a process that ends.
        while (await Task.Run(input.ReadLineAsync, cancellationToken).WaitAsync(cancellationToken) is { } line)
        {
            if (executor is null)
                continue;
            var (command, wrong) = CommandParser.Parse(line);
            if (command is Command.Quit)
            {
                end();
                return;
            }
            if (command is not null)
                answers.WriteLine(lines.Reply((await executor.ExecuteAsync(command, cancellationToken)).Line));
            else if (wrong is not null)
                answers.WriteLine(lines.Reply(Answer.Error(wrong).Line));
            answers.Flush();
        }
        if (endsWithInput)
            end();
    }

    public void Close()
    {
    }
}
