using System.Net;
using Jam.Peer.Gateway;
using Jam.Peer.Network;
using Jam.Server.Doors;
using Jam.Server.Hosting;
using Jam.Server.Observing;
using Microsoft.Extensions.Logging;

namespace Jam.Peer.Session;

/// <summary>The rendezvous in this process: a host's from the start, anyone's who takes the room over.</summary>
/// <param name="options">Where it listens, and what it keeps.</param>
/// <param name="routes">What it answers beside its rooms.</param>
/// <param name="servers">Where the room's server stood: pages that came from there may join here once this peer has taken the room over.</param>
/// <param name="notice">Tells people.</param>
/// <param name="time">The clock.</param>
/// <param name="loggers">Where it logs.</param>
/// <param name="trust">Learns to believe it.</param>
/// <param name="scope">What its metrics belong to.</param>
internal sealed class OwnServer(
    SessionOptions options, IReadOnlyList<HttpRoute> routes, Func<IEnumerable<Uri>> servers, Action<string> notice, TimeProvider time, ILoggerFactory loggers,
    TlsTrust trust, MetricsScope? scope = null) : IAsyncDisposable
{
    private const int PortTries = 20;

    private volatile bool _isOpen = true;

    /// <summary>Whether it lets anyone in; who comes before that is told to come again.</summary>
    public bool IsOpen
    {
        get => _isOpen;
        set => _isOpen = value;
    }

    /// <summary>Which servers this peer believes.</summary>
    public TlsTrust Trust => trust;

    /// <summary>The server; null while there is none.</summary>
    public JamServer? Running { get; private set; }

    /// <summary>Where this process reaches a room of it.</summary>
    public Uri UrlOf(string room) => new($"{(Running!.IsSecure ? "wss" : "ws")}://{Here}:{Running.Port}/ws/{room}");

    // Bound to one address, it is not at the others.
    private string Here => options.Door.ServerBind switch
    {
        null => "127.0.0.1",
        var any when any.Equals(IPAddress.Any) || any.Equals(IPAddress.IPv6Any) => "127.0.0.1",
        { AddressFamily: System.Net.Sockets.AddressFamily.InterNetworkV6 } six => $"[{six}]",
        var one => one.ToString(),
    };

    /// <summary>A room on any server: a URL with a path is the room's own, one without gets the room's place on that server.</summary>
    public static Uri RoomOn(Uri server, string room) =>
        server.AbsolutePath is "/" or "" ? new UriBuilder(server) { Path = $"/ws/{room}" }.Uri : server;

    /// <summary>Starts it where it does not run yet, on the first free port.</summary>
    /// <exception cref="JamException">There is no free port, or its rooms cannot be kept where they should be.</exception>
    public async Task<JamServer> StartAsync(CancellationToken cancellationToken)
    {
        if (Running is { } running)
            return running;
        var last = Math.Min(options.ServerPort + PortTries, IPEndPoint.MaxPort);
        for (var port = options.ServerPort; ; port++)
        {
            try
            {
                var server = new JamServerOptions
                {
                    Port = port, WebPort = port is 0 or IPEndPoint.MaxPort ? 0 : port + 1, DataFolder = options.DataFolder, Listener = options.Listener, ListsRooms = options.IsListed, HasClockPort = options.HasClockPort, Routes = routes, Scope = scope,
                    IsOpen = () => _isOpen,
                    AllowsOrigin = origin => GatewayOrigins.Allows(origin, servers(), LocalAddresses.All()), Tell = notice,
                    Address = options.Door.ServerBind, TlsCertFile = options.Door.TlsCertFile, TlsKeyFile = options.Door.TlsKeyFile,
                };
                Running = await JamServer.StartAsync(server, time, loggers, cancellationToken);
                if (Running.Fingerprint is { } fingerprint)
                    trust.Add(fingerprint);
                return Running;
            }
            catch (TlsException problem)
            {
                throw new JamException($"no TLS: {problem.Message}", problem);
            }
            catch (StoreException problem)
            {
                throw new JamException($"cannot keep the room in {options.DataFolder}: {problem.Message}", problem);
            }
            catch (IOException problem)
            {
                if (port >= last || port == 0)
                    throw new JamException($"no free port for the server from {options.ServerPort} to {port}; choose another with --server-port", problem);
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Running?.DisposeAsync() ?? ValueTask.CompletedTask;
}
