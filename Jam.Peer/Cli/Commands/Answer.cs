namespace Jam.Peer.Cli.Commands;

/// <summary>What a command has to say.</summary>
/// <param name="Line">In one line: the whole answer on a pipe.</param>
/// <param name="Details">In as many lines as it takes, for a terminal; empty where the line says it all.</param>
internal sealed record Answer(string Line, IReadOnlyList<string> Details)
{
    public Answer(string line)
        : this(line, [])
    {
    }

    /// <summary>What was asked could not be done; the peer goes on.</summary>
    public static Answer Error(string line) => new($"error: {OneLine(line)}");

    /// <summary>What a terminal shows.</summary>
    public IReadOnlyList<string> ForTerminal => Details.Count > 0 ? Details : [Line];

    /// <summary>Text that others wrote may hold line breaks or control characters; neither belongs in an answer of one line.</summary>
    public static string OneLine(string text) =>
        text.Any(char.IsControl) ? string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c)).Trim() : text;
}
