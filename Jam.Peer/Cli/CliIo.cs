namespace Jam.Peer.Cli;

/// <summary>The three standard streams, and whether people sit at them.</summary>
/// <param name="In">Standard input.</param>
/// <param name="Out">Standard output; safe to write to from several loops.</param>
/// <param name="Error">Standard error; likewise.</param>
/// <param name="InIsTerminal">Whether someone types.</param>
/// <param name="OutIsTerminal">Whether someone reads, and escape sequences are understood.</param>
/// <param name="ReadKey">The next key; on a terminal only.</param>
/// <param name="Width">Columns at the moment.</param>
internal sealed record CliIo(
    TextReader In, TextWriter Out, TextWriter Error, bool InIsTerminal, bool OutIsTerminal, Func<Task<ConsoleKeyInfo>> ReadKey, Func<int> Width)
{
    /// <summary>The process's own streams.</summary>
    public static CliIo OfThisProcess()
    {
        var plain = Environment.GetEnvironmentVariable("TERM") is "dumb";
        return new(
            new StreamReader(Console.OpenStandardInput(), Console.InputEncoding), Console.Out, Console.Error,
            !Console.IsInputRedirected && !plain, !Console.IsOutputRedirected && !plain,
            () => Task.Run(() => Console.ReadKey(intercept: true)), ColumnsOfConsole);
    }

    private static int ColumnsOfConsole()
    {
        try
        {
            return Console.WindowWidth is > 0 and var columns ? columns : 80;
        }
        catch (IOException)
        {
            return 80;
        }
    }
}
