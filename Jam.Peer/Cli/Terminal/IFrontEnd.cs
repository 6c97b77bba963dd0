namespace Jam.Peer.Cli.Terminal;

/// <summary>Whoever brings commands and is told the news: a terminal, a pipe, or nobody.</summary>
internal interface IFrontEnd
{
    /// <summary>Says something that nobody asked for. Any thread.</summary>
    void Notice(string line);

    /// <summary>Reads and executes commands; returns when no more can come. <paramref name="end"/> asks the whole peer to leave.</summary>
    Task RunAsync(Action end, CancellationToken cancellationToken);

    /// <summary>Leaves the output as the shell expects it.</summary>
    void Close();
}
