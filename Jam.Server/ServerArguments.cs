using System.Globalization;
using System.Net;
using CommandLine;

namespace Jam.Server;

/// <summary>The options of the rendezvous as typed.</summary>
internal sealed class ServerArguments
{
    public const string Help = """
        SwarmJam's rendezvous: says who is in a room and what its host has decided. It carries no music.

          --port N         port to listen on, 0 for any free one (8000)
          --bind ADDRESS   IP address to listen on (every one)
          --data DIR       folder in which rooms outlive the server (they do not)
          --unlisted       list no rooms on the page; by its name each can be entered
          --verbose        log connections and rooms
          --help           this
        """;

    [Option("port")]
    public string? PortText { get; set; }

    [Option("bind")]
    public string? Bind { get; set; }

    [Option("data")]
    public string? Data { get; set; }

    [Option("unlisted")]
    public bool Unlisted { get; set; }

    [Option("verbose")]
    public bool Verbose { get; set; }

    /// <summary>What is left over: there is nothing that may be.</summary>
    [Value(0)]
    public IEnumerable<string> Rest { get; set; } = [];

    public int Port => PortText is null ? 8000 : int.Parse(PortText, NumberStyles.None, CultureInfo.InvariantCulture);

    public IPAddress? Address => Bind is null ? null : IPAddress.Parse(Bind);

    /// <summary>The parser passes over an option at the end that lacks its value; this does not.</summary>
    public static string? Dangling(string[] args) =>
        args is [.., "--port" or "--bind" or "--data"] ? $"{args[^1]} needs a value." : null;

    /// <summary>What is wrong, in one sentence; null where nothing is.</summary>
    public string? Problem()
    {
        if (Rest.FirstOrDefault() is { } extra)
            return $"\"{extra}\" is no option.";
        if (PortText is not null && !ushort.TryParse(PortText, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            return "--port must be 0 to 65535.";
        return Bind is not null && !IPAddress.TryParse(Bind, out _) ? "--bind must be an IP address of this machine." : null;
    }
}
