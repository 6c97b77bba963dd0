using System.Net;
using Jam.Peer.Gateway;
using Jam.Server.Hosting;

namespace Jam.Peer.Session;

/// <summary>Whether and where browsers find this peer's gateway: on its embedded server's port, or on one of its own.</summary>
internal sealed class GatewayDoor : IAsyncDisposable
{
    private const int PortTries = 20;

    private GatewayServer? _server;

    private GatewayDoor(TrackGateway gateway) => Gateway = gateway;

    private TrackGateway Gateway { get; }

    /// <summary>Where an embedded server finds it.</summary>
    public IReadOnlyList<HttpRoute> Routes => [new(GatewayPath.Root, Gateway.HandleAsync, "track", AllowsOtherOrigins: true)];

    /// <summary>The port that the room is told; null before it is open.</summary>
    public int? Port { get; private set; }

    /// <summary>The gateway that was asked for; null where none was. A host offers one unless it was told not to.</summary>
    public static GatewayDoor? For(SessionOptions options, IGatewaySource source, TimeProvider time)
    {
        var embeds = options is { Server: null, Connect.Count: 0 };
        if (!(options.Gateway ?? embeds))
            return null;
        var limit = options.GatewayLimitBytesPerSecond ?? options.UpLimitBytesPerSecond / 2;
        return new GatewayDoor(new TrackGateway(source, new GatewayOptions { Listeners = options.GatewayListeners, BytesPerSecond = limit }, time));
    }

    /// <summary>Opens it: where there is a server already, that one answers for it.</summary>
    /// <param name="serverPort">Where the embedded server answers HTTP; null where there is none.</param>
    /// <param name="firstPort">Else the first to try; 0 takes any free one.</param>
    /// <param name="bind">The address it is bound to then; null: every one.</param>
    /// <param name="notice">Tells people.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="JamException">No port is free.</exception>
    public async Task OpenAsync(int? serverPort, int firstPort, IPAddress? bind, Action<string> notice, CancellationToken cancellationToken)
    {
        if (serverPort is not null)
        {
            Port = serverPort;
            return;
        }

        var last = Math.Min(firstPort + PortTries, IPEndPoint.MaxPort);
        for (var port = firstPort; ; port++)
        {
            try
            {
                _server = await GatewayServer.StartAsync(Gateway, port, bind, cancellationToken);
                Port = _server.Port;
                notice($"browsers in the room can listen through this peer (port {Port})");
                return;
            }
            catch (IOException problem)
            {
                if (port >= last || port == 0)
                    throw new JamException($"no free port for the gateway from {firstPort} to {port}; choose another with --gateway-port", problem);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
    }
}
