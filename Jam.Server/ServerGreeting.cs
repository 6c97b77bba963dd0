using System.Net;
using System.Net.Sockets;
using Jam.Server.Hosting;
using Jam.Server.Observing;
using Jam.Server.Web;
using Microsoft.Extensions.Logging;

namespace Jam.Server;

/// <summary>What the program says once it listens, for people or as a line of JSON.</summary>
internal sealed class ServerGreeting(JamServer server, ServerArguments arguments, string? logFile)
{
    private readonly string _host = HostOf(arguments.Address);

    public IEnumerable<string> Lines()
    {
        var (http, ws) = server.IsSecure ? ("https", "wss") : ("http", "ws");
        yield return $"SwarmJam rendezvous on port {server.Port}. In a browser: {http}://{_host}:{server.WebPort}/";
        yield return $"Rooms: {ws}://{_host}:{server.Port}/ws/jam (any name).";
        yield return $"Health: {http}://{_host}:{server.WebPort}/healthz, /readyz{(arguments.Metrics == MetricsAccess.Off ? "" : " and /metrics")}";
        if (server.Fingerprint is { } fingerprint)
            yield return $"Peers that do not know this certificate's issuer: --tls-fingerprint {fingerprint}";
        yield return "By hand: connect any WebSocket client there and send {\"type\":\"HELLO\",\"role\":\"host\"}; STATE comes first.";
        yield return "Ctrl+C ends it.";
        if (logFile is not null)
            yield return $"Log: {logFile}";
        if (arguments.Data is { } data)
            yield return $"Rooms are kept in {data}; {server.RoomCount} of them go on.";
        if (server.FleetText is { } fleet)
            yield return fleet;
    }

    public string Json(DateTimeOffset now) => JsonLogLine.Of(
        now, LogLevel.Information, "server", new EventId(1, "Listening"), $"SwarmJam rendezvous on port {server.Port}",
        [
            new("Port", server.Port), new("WebPort", server.WebPort), new("Host", _host), new("Rooms", server.RoomCount), new("Data", arguments.Data),
            new("LogFile", logFile), new("Version", ProgramVersion.Number), new("Commit", ProgramVersion.Commit),
        ]);

    public static string Closing(DateTimeOffset now) => JsonLogLine.Of(now, LogLevel.Information, "server", new EventId(2, "Closing"), "Closing");

    private static string HostOf(IPAddress? bound)
    {
        var here = bound is null || bound.Equals(IPAddress.Any) || bound.Equals(IPAddress.IPv6Any) ? LanAddresses.Best() : bound;
        return here.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{here}]" : here.ToString();
    }
}
