using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using Jam.Server.Doors;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

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
    private static readonly object _standing = new();

    private readonly WebApplication _app;

    private KestrelListener(WebApplication app)
    {
        _app = app;
        Port = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port;
    }

    public int Port { get; }

    /// <summary>Binds a port and serves until disposed.</summary>
    /// <exception cref="IOException">The address cannot be bound, or its port is in use.</exception>
    public static async Task<KestrelListener> StartAsync(
        IPAddress? address, int port, ConnectionHost connections, CancellationToken cancellationToken, TlsCertificate? tls = null)
    {
        var gate = new IdleGate();
        var app = Build(address, port, gate, tls);
        try
        {
            app.UseWebSockets(new WebSocketOptions
            {
                KeepAliveInterval = PingEvery, KeepAliveTimeout = PongWithin,
            });
            app.Run(context => HandleAsync(context, connections, gate));
            await app.StartAsync(cancellationToken);
            return new KestrelListener(app);
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    /// <summary>Has the runtime load what a listener needs, and listens to nothing.</summary>
    public static async Task PrepareAsync()
    {
        await using var app = Build(null, 0, new IdleGate(), null);
        _ = app.Services.GetRequiredService<IServer>();
    }

    private static WebApplication Build(IPAddress? address, int port, IdleGate gate, TlsCertificate? tls)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        // What the framework would log is either said by an exception or of no use to anyone here.
        builder.Services.AddSingleton<ILoggerFactory>(NullLoggerFactory.Instance);
        // Signals belong to whoever runs the process, which may be a peer.
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(5));
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => Listen(kestrel, address, port, gate, tls));
        return builder.Build();
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

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

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
