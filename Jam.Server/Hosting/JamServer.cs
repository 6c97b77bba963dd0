using System.Net.Sockets;
using Jam.Server.Contracts;
using Jam.Server.Rooms;
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

/// <summary>A running rendezvous on Kestrel: alone in a process, or embedded in a peer's.</summary>
public sealed class JamServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly RoomHub _hub;
    private readonly ConnectionHost _connections;

    private JamServer(WebApplication app, RoomHub hub, ConnectionHost connections, int port)
    {
        _app = app;
        _hub = hub;
        _connections = connections;
        Port = port;
    }

    /// <summary>The port that it listens on.</summary>
    public int Port { get; }

    /// <summary>Rooms that it keeps at the moment.</summary>
    public int RoomCount => _hub.RoomCount;

    /// <summary>The clock that this server's room times are on; a new one for every start.</summary>
    public Guid ClockId => _hub.ClockId;

    /// <summary>Binds the port and serves until disposed.</summary>
    /// <exception cref="StoreException">The folder for rooms cannot be used.</exception>
    /// <exception cref="PortTakenException">Something else listens on the port.</exception>
    /// <exception cref="IOException">The address cannot be bound.</exception>
    public static async Task<JamServer> StartAsync(
        JamServerOptions options, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(loggers);
        var log = loggers.CreateLogger<RoomHub>();
        // Before anything listens: whoever connects finds the rooms as they were.
        var (store, rooms) = OpenStore(options, log);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        // What the framework would log is either said by an exception or of no use to anyone here.
        builder.Services.AddSingleton<ILoggerFactory>(NullLoggerFactory.Instance);
        // Signals belong to whoever runs the process, which may be a peer.
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(5));
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => Listen(kestrel, options));
        var app = builder.Build();
        var hub = new RoomHub(Guid.NewGuid(), options, time, log, store, rooms);
        var connections = new ConnectionHost(hub, options, time, loggers.CreateLogger<ConnectionHost>());
        try
        {
            app.UseWebSockets(new WebSocketOptions
            {
                KeepAliveInterval = TimeSpan.FromSeconds(5), KeepAliveTimeout = TimeSpan.FromSeconds(10),
            });
            app.Run(connections.HandleAsync);
            await app.StartAsync(cancellationToken);
            return new JamServer(app, hub, connections, PortOf(app));
        }
        catch (Exception e)
        {
            connections.Dispose();
            await app.DisposeAsync();
            await hub.DisposeAsync();
            if (IsPortTaken(e))
                throw new PortTakenException(options.Port, e);
            throw;
        }
    }

    /// <summary>Makes this server the authority of a room whose own is gone.</summary>
    /// <returns>Its epoch.</returns>
    public Task<long> InheritAsync(Inheritance inheritance, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(inheritance);
        return _hub.InheritAsync(inheritance, cancellationToken);
    }

    /// <summary>Closes every connection in good order and stops.</summary>
    public async ValueTask DisposeAsync()
    {
        await _connections.StopAsync();
        await _app.StopAsync();
        await _app.DisposeAsync();
        await _hub.DisposeAsync();
        _connections.Dispose();
    }

    private static (IRoomStore? Store, IReadOnlyList<StoredRoom> Rooms) OpenStore(JamServerOptions options, ILogger log)
    {
        if (options.OpenStore is null && options.DataFolder is null)
            return (null, []);
        var store = options.OpenStore?.Invoke() ?? SqliteRoomStore.Open(options.DataFolder!);
        try
        {
            return (store, store.Load(line => HostingLog.StoreDamaged(log, line)));
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    private static void Listen(KestrelServerOptions kestrel, JamServerOptions options)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = 0;
        if (options.Address is { } address)
            kestrel.Listen(address, options.Port, endpoint => endpoint.Protocols = HttpProtocols.Http1);
        else
            kestrel.ListenAnyIP(options.Port, endpoint => endpoint.Protocols = HttpProtocols.Http1);
    }

    private static int PortOf(WebApplication app) =>
        new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port;

    private static bool IsPortTaken(Exception? e)
    {
        for (; e is not null; e = e.InnerException)
        {
            if (e is SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse })
                return true;
        }

        return false;
    }

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}

/// <summary>The port that was asked for is in use.</summary>
public sealed class PortTakenException(int port, Exception inner) : IOException($"Port {port} is in use.", inner)
{
    /// <summary>The port.</summary>
    public int Port { get; } = port;
}
