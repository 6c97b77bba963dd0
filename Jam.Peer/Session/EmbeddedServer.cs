using System.Net;
using Jam.Server.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace Jam.Peer.Session;

/// <summary>The rendezvous in a host's own process.</summary>
internal static class EmbeddedServer
{
    private const int PortTries = 20;

    /// <summary>Starts one on the first free port.</summary>
    /// <exception cref="JamException">None of them is free.</exception>
    public static async Task<JamServer> StartAsync(int firstPort, TimeProvider time, CancellationToken cancellationToken)
    {
        var last = Math.Min(firstPort + PortTries, IPEndPoint.MaxPort);
        for (var port = firstPort; ; port++)
        {
            try
            {
                return await JamServer.StartAsync(new JamServerOptions { Port = port }, time, NullLoggerFactory.Instance, cancellationToken);
            }
            catch (IOException problem)
            {
                if (port >= last || port == 0)
                    throw new JamException($"no free port for the server from {firstPort} to {port}; choose another with --server-port", problem);
            }
        }
    }

    /// <summary>A room's place on a server: a URL with a path is the room's own; one without gets the usual one.</summary>
    public static Uri RoomUrl(Uri server, string room) =>
        server.AbsolutePath is "/" or "" ? new UriBuilder(server) { Path = $"/ws/{room}" }.Uri : server;
}
