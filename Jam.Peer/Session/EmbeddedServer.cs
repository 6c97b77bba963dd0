using System.Net;
using Jam.Server.Hosting;
using Microsoft.Extensions.Logging;

namespace Jam.Peer.Session;

/// <summary>The rendezvous inside a host's peer.</summary>
internal static class EmbeddedServer
{
    private const int PortTries = 20;

    /// <summary>Starts it on the first port that is free.</summary>
    /// <param name="options">How; its port is the first to be tried.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Where it logs.</param>
    /// <param name="cancellationToken">Ends the start.</param>
    /// <exception cref="JamException">No port is free.</exception>
    public static async Task<JamServer> StartAsync(
        JamServerOptions options, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var last = Math.Min(options.Port + PortTries, IPEndPoint.MaxPort);
        for (var port = options.Port; ; port++)
        {
            try
            {
                return await JamServer.StartAsync(options with { Port = port }, time, loggers, cancellationToken);
            }
            catch (IOException problem)
            {
                if (port >= last || port == 0)
                    throw new JamException($"no free port for the server from {options.Port} to {port}; choose another with --server-port", problem);
            }
        }
    }

    /// <summary>A room's place on a server: a URL with a path is the room's own; one without gets the usual one.</summary>
    public static Uri RoomUrl(Uri server, string room) =>
        server.AbsolutePath is "/" or "" ? new UriBuilder(server) { Path = $"/ws/{room}" }.Uri : server;
}
