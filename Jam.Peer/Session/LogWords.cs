using Jam.Server.Hosting;
using Microsoft.Extensions.Logging;

namespace Jam.Peer.Session;

/// <summary>How much is logged, in the words that people type, and where to unless they say otherwise.</summary>
internal static class LogWords
{
    /// <inheritdoc cref="LogLevels.Words"/>
    public static IReadOnlyList<string> All => LogLevels.Words;

    /// <inheritdoc cref="LogLevels.Parse"/>
    public static LogLevel? Parse(string word) => LogLevels.Parse(word);

    /// <inheritdoc cref="LogLevels.Word"/>
    public static string Word(LogLevel level) => LogLevels.Word(level);

    /// <summary>A peer's log.</summary>
    public static string DefaultFile() => FileLog.DefaultPath("peer.log");
}
