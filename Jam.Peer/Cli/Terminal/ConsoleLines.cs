using Jam.Peer.Cli.Commands;
using Jam.Peer.Session.Page;
using Jam.Server.Hosting;
using Microsoft.Extensions.Logging;

namespace Jam.Peer.Cli.Terminal;

/// <summary>What a peer says where nobody sits at a terminal, as lines for people or of JSON.</summary>
internal sealed class ConsoleLines(LogFormat format, TimeProvider time)
{
    /// <summary>News.</summary>
    public string Notice(string line) => Line(LogLevel.Information, new EventId(1, "Notice"), line, Answer.OneLine(line));

    /// <summary>What came of a command.</summary>
    public string Reply(string line) => Line(LogLevel.Information, new EventId(2, "Answer"), line, line);

    /// <summary>Why it could not go on.</summary>
    public string Failure(string line) => Line(LogLevel.Error, new EventId(3, "Failed"), line, $"jam: {Answer.OneLine(line)}");

    private string Line(LogLevel level, EventId what, string line, string plain) =>
        format == LogFormat.Json ? JsonLogLine.Of(time.GetUtcNow(), level, "console", what, PageKey.Hide(line)) : plain;
}
