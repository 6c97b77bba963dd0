using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
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
        IPAddress? address, int port, ConnectionHost connections, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        // What the framework would log is either said by an exception or of no use to anyone here.
        builder.Services.AddSingleton<ILoggerFactory>(NullLoggerFactory.Instance);
        // Signals belong to whoever runs the process, which may be a peer.
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(5));
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => Listen(kestrel, address, port));
        var app = builder.Build();
        try
        {
            app.UseWebSockets(new WebSocketOptions
            {
                KeepAliveInterval = PingEvery, KeepAliveTimeout = PongWithin,
            });
            app.Run(connections.HandleAsync);
            await app.StartAsync(cancellationToken);
            return new KestrelListener(app);
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private static void Listen(KestrelServerOptions kestrel, IPAddress? address, int port)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = 0;
        if (address is not null)
            kestrel.Listen(address, port, endpoint => endpoint.Protocols = HttpProtocols.Http1);
        else
            kestrel.ListenAnyIP(port, endpoint => endpoint.Protocols = HttpProtocols.Http1);
    }

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
