using System.Globalization;
using System.Net;
using CommandLine;
using Jam.Server.Hosting;
using Microsoft.Extensions.Logging;

namespace Jam.Server;

/// <summary>The options of the rendezvous as typed.</summary>
internal sealed class ServerArguments
{
    public const string Help = """
        SwarmJam's rendezvous: says who is in a room and what its host has decided. It carries no music.

          --port N         port to listen on, 0 for any free one (8000)
          --bind ADDRESS   IP address to listen on (every one)
          --data DIR       folder in which rooms outlive the server (they do not)
          --log-file FILE  log there; none: no log ($XDG_STATE_HOME/swarmjam/server.log, or ~/.local/state/swarmjam/server.log).
                           At 2 MB the file becomes FILE.1, and so on; five are kept
          --log-level L    off, error, warning, info, debug or trace (info)
          --verbose        log connections and rooms on the console, too
          --help           this
        """;

    [Option("port")]
    public string? PortText { get; set; }

    [Option("bind")]
    public string? Bind { get; set; }

    [Option("data")]
    public string? Data { get; set; }

    [Option("log-file")]
    public string? LogFile { get; set; }

    [Option("log-level")]
    public string? LogLevelText { get; set; }

    [Option("verbose")]
    public bool Verbose { get; set; }

    /// <summary>What is left over: there is nothing that may be.</summary>
    [Value(0)]
    public IEnumerable<string> Rest { get; set; } = [];

    public int Port => PortText is null ? 8000 : int.Parse(PortText, NumberStyles.None, CultureInfo.InvariantCulture);

    public IPAddress? Address => Bind is null ? null : IPAddress.Parse(Bind);

    public LogLevel Level => LogLevels.Parse(LogLevelText ?? "info") ?? LogLevel.Information;

    /// <summary>The parser passes over an option at the end that lacks its value; this does not.</summary>
    public static string? Dangling(string[] args) =>
        args is [.., "--port" or "--bind" or "--data" or "--log-file" or "--log-level"] ? $"{args[^1]} needs a value." : null;

    /// <summary>What is wrong, in one sentence; null where nothing is.</summary>
    public string? Problem()
    {
        if (Rest.FirstOrDefault() is { } extra)
            return $"\"{extra}\" is no option.";
        if (PortText is not null && !ushort.TryParse(PortText, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            return "--port must be 0 to 65535.";
        if (LogLevelText is not null && LogLevels.Parse(LogLevelText) is null)
            return $"--log-level must be one of {string.Join(", ", LogLevels.Words)}.";
        return Bind is not null && !IPAddress.TryParse(Bind, out _) ? "--bind must be an IP address of this machine." : null;
    }
}
