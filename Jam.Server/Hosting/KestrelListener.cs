using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using Jam.Server.Doors;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.WebSockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Jam.Server.Hosting;

/// <summary>Kestrel: HTTP and WebSockets on one port.</summary>
internal sealed class KestrelListener : IRoomListener
{
    /// <summary>How often a connection is pinged.</summary>
    public static readonly TimeSpan PingEvery = TimeSpan.FromSeconds(5);

    /// <summary>How long it may then be silent.</summary>
    public static readonly TimeSpan PongWithin = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan _headersWithin = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan _silentAtMost = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan _stopWithin = TimeSpan.FromSeconds(5);
    private static readonly object _standing = new();

    private readonly BareKestrel _server;

    private KestrelListener(BareKestrel server)
    {
        _server = server;
        Port = server.Port;
    }

    public int Port { get; }

    /// <summary>Binds a port and serves until disposed.</summary>
    /// <exception cref="IOException">The address cannot be bound, or its port is in use.</exception>
    public static async Task<KestrelListener> StartAsync(
        IPAddress? address, int port, ConnectionHost connections, CancellationToken cancellationToken, TlsCertificate? tls = null)
    {
        var gate = new IdleGate();
        var server = BareKestrel.Create(kestrel => Listen(kestrel, address, port, gate, tls), _stopWithin);
        try
        {
            var sockets = new WebSocketMiddleware(
                context => HandleAsync(context, connections, gate),
                Options.Create(new WebSocketOptions { KeepAliveInterval = PingEvery, KeepAliveTimeout = PongWithin }), NullLoggerFactory.Instance);
            await server.StartAsync(sockets.Invoke, cancellationToken);
            return new KestrelListener(server);
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Has the runtime load what a listener needs, and listens to nothing.</summary>
    public static async Task PrepareAsync() => await BareKestrel.Create(kestrel => Listen(kestrel, null, 0, new IdleGate(), null), _stopWithin).DisposeAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private static void Listen(KestrelServerOptions kestrel, IPAddress? address, int port, IdleGate gate, TlsCertificate? tls)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = 0;
        // Who asks for something says so within this time, and who is silent makes room.
        kestrel.Limits.RequestHeadersTimeout = _headersWithin;
        kestrel.Limits.KeepAliveTimeout = _silentAtMost;
        kestrel.Limits.MaxRequestHeaderCount = 50;
        kestrel.Limits.MaxRequestHeadersTotalSize = 16 * 1024;
        if (address is not null)
            kestrel.Listen(address, port, Configure);
        else
            kestrel.ListenAnyIP(port, Configure);

        void Configure(ListenOptions endpoint)
        {
            endpoint.Protocols = HttpProtocols.Http1;
            endpoint.Use(next => connection => StandAsync(connection, next, gate));
            if (tls is null)
                return;
            endpoint.UseHttps(new TlsHandshakeCallbackOptions
            {
                HandshakeTimeout = _headersWithin,
                OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions
                {
                    ServerCertificateContext = tls.Current, EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                    ApplicationProtocols = [SslApplicationProtocol.Http11],
                }),
            });
        }
    }

    /// <summary>A connection stands at the gate whenever it asks for nothing.</summary>
    private static async Task StandAsync(ConnectionContext connection, ConnectionDelegate next, IdleGate gate)
    {
        var standing = gate.Enter((connection.RemoteEndPoint as IPEndPoint)?.Address, connection.Abort);
        connection.Items[_standing] = standing;
        try
        {
            await next(connection);
        }
        finally
        {
            gate.Leave(standing);
        }
    }

    private static async Task HandleAsync(HttpContext context, ConnectionHost connections, IdleGate gate)
    {
        var standing = context.Features.Get<IConnectionItemsFeature>()?.Items[_standing] as IdleGate.Standing;
        if (standing is not null)
            gate.Leave(standing);
        await connections.HandleAsync(context);
        // A WebSocket that has ended is no connection any more.
        if (standing is not null && !context.WebSockets.IsWebSocketRequest)
            gate.Wait(standing);
    }
}
