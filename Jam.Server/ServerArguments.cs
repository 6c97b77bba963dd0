using System.Globalization;
using System.Net;
using CommandLine;
using Jam.Server.Fleet;
using Jam.Server.Hosting;
using Jam.Server.Observing;
using Microsoft.Extensions.Logging;

namespace Jam.Server;

/// <summary>The options of the rendezvous as typed.</summary>
internal sealed partial class ServerArguments
{
    public const string Help = """
        SwarmJam's rendezvous: says who is in a room and what its host has decided. It carries no music.

          --port N         port to listen on, 0 for any free one (8000)
          --bind ADDRESS   IP address to listen on (every one)
          --listener WHICH kestrel, or fleck where it is built in (kestrel)
          --web-port N     port of the page and /healthz beside fleck, 0 for any free one (the one after --port)
          --data DIR       folder in which rooms outlive the server (they do not)
          --postgres HOW   be one of several servers, whose rooms are kept in a PostgreSQL database: "Host=db;Database=jam;Username=jam;Password=..."
                           or postgres://jam:...@db/jam. With a password rather in the environment, as JAM_POSTGRES
          --url URL        with --postgres: how the other servers and the peers reach this one (ws://this machine:its port)
          --proxy          with --postgres: pass frames on to the server that keeps the room, rather than sending members there
          --log-file FILE  log there; none: no log ($XDG_STATE_HOME/swarmjam/server.log, or ~/.local/state/swarmjam/server.log).
                           At 2 MB the file becomes FILE.1, and so on; five are kept
          --log-level L    off, error, warning, info, debug or trace (info)
          --log-format F   text, or json: one JSON object a line, in the file and on the console (text)
          --verbose        log connections and rooms on the console, too
          --tls-cert FILE  speak TLS (https, wss) with this certificate, PEM, read anew when it changes; issuers may follow it
          --tls-key FILE   its key, PEM (in the same file)
          --per-address N  connections to rooms that one address may have, 0 for any number (1000). What it may say and join in a
                           second goes by that, too; this machine's own address has no such limits
          --no-clock-port  answer no probes of the clock by datagrams (UDP, on --port): peers measure it over their connections, less exactly
          --unlisted       list no rooms on the page; by its name each can be entered
          --metrics WHO    who may read /metrics (Prometheus's text): local, any or off (local: this machine alone)
          --otlp URL       send metrics and traces to this OpenTelemetry collector ($OTEL_EXPORTER_OTLP_ENDPOINT, or nowhere):
                           http://127.0.0.1:4318, or gRPC where the port is 4317
          --is-healthy     start nothing: ask the server on --port of this machine whether it is well; exit code 0, or 1
          --version        the version, and the commit that it was built from
          --help           this
        """;

    [Option("port")]
    public string? PortText { get; set; }

    [Option("bind")]
    public string? Bind { get; set; }

    [Option("listener")]
    public string? ListenerText { get; set; }

    [Option("web-port")]
    public string? WebPortText { get; set; }

    [Option("data")]
    public string? Data { get; set; }

    [Option("postgres")]
    public string? PostgresText { get; set; }

    [Option("url")]
    public string? UrlText { get; set; }

    [Option("proxy")]
    public bool Proxy { get; set; }

    [Option("log-file")]
    public string? LogFile { get; set; }

    [Option("log-level")]
    public string? LogLevelText { get; set; }

    [Option("log-format")]
    public string? LogFormatText { get; set; }

    [Option("metrics")]
    public string? MetricsText { get; set; }

    [Option("otlp")]
    public string? OtlpText { get; set; }

    [Option("is-healthy")]
    public bool IsHealthy { get; set; }

    [Option("no-clock-port")]
    public bool NoClockPort { get; set; }

    [Option("unlisted")]
    public bool Unlisted { get; set; }

    [Option("verbose")]
    public bool Verbose { get; set; }

    /// <summary>What is left over: there is nothing that may be.</summary>
    [Value(0)]
    public IEnumerable<string> Rest { get; set; } = [];

    public int Port => PortText is null ? 8000 : int.Parse(PortText, NumberStyles.None, CultureInfo.InvariantCulture);

    public ListenerKind Listener => ListenerText == "fleck" ? ListenerKind.Fleck : ListenerKind.Kestrel;

    public int WebPort => WebPortText is not null
        ? int.Parse(WebPortText, NumberStyles.None, CultureInfo.InvariantCulture)
        : Port is 0 or IPEndPoint.MaxPort ? 0 : Port + 1;

    /// <summary>How to get into the database; null: the server stands alone.</summary>
    public string? Postgres => PostgresText ?? (Environment.GetEnvironmentVariable("JAM_POSTGRES") is { Length: > 0 } set ? set : null);

    /// <summary>The fleet; null: the server stands alone.</summary>
    public FleetOptions? Fleet => Postgres is { } postgres
        ? new FleetOptions { Postgres = postgres, Url = UrlText is null ? null : FleetUrl.Parse(UrlText), IsProxy = Proxy }
        : null;

    public IPAddress? Address => Bind is null ? null : IPAddress.Parse(Bind);

    public LogLevel Level => LogLevels.Parse(LogLevelText ?? "info") ?? LogLevel.Information;

    public LogFormat Format => LogFormatText == "json" ? LogFormat.Json : LogFormat.Text;

    public MetricsAccess Metrics => MetricsText switch { "any" => MetricsAccess.Any, "off" => MetricsAccess.Off, _ => MetricsAccess.Local };

    public Uri? Otlp => OtlpText is null ? null : Telemetry.Parse(OtlpText);

    /// <summary>The parser passes over an option at the end that lacks its value; this does not.</summary>
    public static string? Dangling(string[] args) =>
        args is [.., "--port" or "--bind" or "--data" or "--postgres" or "--url" or "--listener" or "--web-port" or "--log-file" or "--log-level"
            or "--log-format" or "--metrics" or "--otlp" or "--tls-cert" or "--tls-key" or "--per-address"] ? $"{args[^1]} needs a value." : null;

    /// <summary>What is wrong, in one sentence; null where nothing is.</summary>
    public string? Problem()
    {
        if (Rest.FirstOrDefault() is { } extra)
            return $"\"{extra}\" is no option.";
        if (!IsPort(PortText))
            return "--port must be 0 to 65535.";
        if (!IsPort(WebPortText))
            return "--web-port must be 0 to 65535.";
        if (ListenerText is not (null or "kestrel" or "fleck"))
            return "--listener must be kestrel or fleck.";
        if (!JamServer.Listeners.Contains(Listener))
            return "--listener fleck: this build has no Fleck; build it with -p:UseFleck=true (see README.md).";
        if (WebPortText is not null && Listener == ListenerKind.Kestrel)
            return "--web-port goes with --listener fleck; kestrel has the page on --port.";
        if (DoorProblem() is { } door)
            return door;
        if (LogLevelText is not null && LogLevels.Parse(LogLevelText) is null)
            return $"--log-level must be one of {string.Join(", ", LogLevels.Words)}.";
        if (LogFormatText is not (null or "text" or "json"))
            return "--log-format must be text or json.";
        if (MetricsText is not (null or "local" or "any" or "off"))
            return "--metrics must be local, any or off.";
        if (OtlpText is not null && Otlp is null)
            return "--otlp must be a collector's address, like http://127.0.0.1:4318.";
        if (UrlText is not null && FleetUrl.Parse(UrlText) is null)
            return "--url must be of the form ws://HOST:PORT or wss://HOST:PORT.";
        if (Postgres is null && (UrlText is not null || Proxy))
            return $"{(Proxy ? "--proxy" : "--url")} goes with --postgres.";
        if (Postgres is { } postgres && FleetMembership.ProblemWith(postgres) is { } unreadable)
            return $"{(PostgresText is null ? "JAM_POSTGRES" : "--postgres")} cannot be read: {unreadable}.";
        if (Postgres is not null && Data is not null)
            return "--data and --postgres are two places for the same rooms: choose one.";
        if (Proxy && Listener != ListenerKind.Kestrel)
            return "--proxy goes with --listener kestrel.";
        return Bind is not null && !IPAddress.TryParse(Bind, out _) ? "--bind must be an IP address of this machine." : null;
    }

    private static bool IsPort(string? text) =>
        text is null || ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _);
}
