using Microsoft.Extensions.Logging;

namespace Jam.Server.Hosting;

/// <summary>The words for how much is logged, as people type them.</summary>
public static class LogLevels
{
    /// <summary>All of them, least first.</summary>
    public static IReadOnlyList<string> Words { get; } = ["off", "error", "warning", "info", "debug", "trace"];

    /// <summary>The level of a word; null where it is none.</summary>
    public static LogLevel? Parse(string word) => word switch
    {
        "off" => LogLevel.None,
        "error" => LogLevel.Error,
        "warning" => LogLevel.Warning,
        "info" => LogLevel.Information,
        "debug" => LogLevel.Debug,
        "trace" => LogLevel.Trace,
        _ => null,
    };

    /// <summary>The word of a level.</summary>
    public static string Word(LogLevel level) => level switch
    {
        LogLevel.None => "off",
        LogLevel.Information => "info",
        LogLevel.Critical => "error",
        _ => level.ToString().ToLowerInvariant(),
    };
}
