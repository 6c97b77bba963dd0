using System.Net;
using System.Net.Sockets;
using Jam.Server.Contracts;
using Jam.Server.Doors;
using Jam.Server.Observing;
using Jam.Server.Rooms;
using Jam.Server.Web;
using Microsoft.Extensions.Logging;

namespace Jam.Server.Hosting;

/// <summary>A running rendezvous: alone in a process, or embedded in a peer's.</summary>
public sealed class JamServer : IAsyncDisposable
{
    private readonly RoomHub _hub;
    private readonly Reception _reception;
    private readonly ServerObserver _observer;
    private readonly List<IRoomListener> _listeners = [];
    private readonly TlsCertificate? _tls;

    private readonly FleetMembership? _fleet;

    private JamServer(RoomHub hub, Reception reception, ServerObserver observer, TlsCertificate? tls, FleetMembership? fleet)
    {
        _tls = tls;
        _hub = hub;
        _reception = reception;
        _observer = observer;
        _fleet = fleet;
    }

    /// <summary>The port that its rooms are on.</summary>
    public int Port => _listeners[0].Port;

    /// <summary>The port that the page and <c>/healthz</c> are on: the same, unless a listener serves the rooms that knows no pages.</summary>
    public int WebPort => _listeners[^1].Port;

    /// <summary>Whether it speaks TLS: <c>wss</c> and <c>https</c>.</summary>
    public bool IsSecure => _tls is not null;

    /// <summary>SHA-256 of the certificate that it shows, 64 hexadecimal digits; null: none.</summary>
    public string? Fingerprint => _tls?.Fingerprint;

    /// <summary>Rooms that it keeps at the moment.</summary>
    public int RoomCount => _hub.RoomCount;

    /// <summary>Which fleet it is one of, for people; null: none.</summary>
    public string? FleetText => _fleet?.Text;

    /// <summary>The clock that this server's room times are on; a new one for every start.</summary>
    public Guid ClockId => _hub.ClockId;

    /// <summary>What this build can listen with.</summary>
    public static IReadOnlyList<ListenerKind> Listeners { get; } =
#if USE_FLECK
        [ListenerKind.Kestrel, ListenerKind.Fleck];
#else
        [ListenerKind.Kestrel];
#endif

    /// <summary>Binds the port and serves until disposed.</summary>
    /// <exception cref="StoreException">The folder for rooms cannot be used.</exception>
    /// <exception cref="TlsException">The certificate cannot be used.</exception>
    /// <exception cref="PortTakenException">Something else listens on the port.</exception>
    /// <exception cref="IOException">The address cannot be bound.</exception>
    /// <exception cref="NotSupportedException">The listener is none of <see cref="Listeners"/>.</exception>
    public static async Task<JamServer> StartAsync(
        JamServerOptions options, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(loggers);
        var log = loggers.CreateLogger<RoomHub>();
        if (options is { TlsCertFile: not null, Listener: not ListenerKind.Kestrel })
            throw new TlsException("TLS needs kestrel as the listener");
        var tls = options.TlsCertFile is { } cert
            ? TlsCertificate.Load(cert, options.TlsKeyFile, time, (what, isBad) => HostingLog.Tls(log, isBad ? LogLevel.Warning : LogLevel.Information, what))
            : null;
        var clockId = Guid.NewGuid();
        var fleet = options.Fleet is null ? null : await FleetMembership.OpenAsync(options, clockId, time, cancellationToken);
        // Before anything listens: whoever connects finds the rooms as they were.
        var (store, rooms) = fleet is null ? OpenStore(options, log) : (fleet.Store, []);
        var metrics = new ServerMetrics(options.Scope);
        var hub = new RoomHub(clockId, options, time, log, store, rooms, metrics);
        fleet?.Serve(hub, loggers.CreateLogger<FleetAgent>());
        var reception = new Reception(hub, options, time, loggers.CreateLogger<Reception>(), metrics);
        var observer = new ServerObserver(metrics, hub, reception, options, time, () => fleet?.Agent?.Health(), fleet?.Agent is { } one ? one.Readiness : null);
        var server = new JamServer(hub, reception, observer, tls, fleet);
        try
        {
            await server.ListenAsync(options, time, loggers, cancellationToken);
            if (options.HasClockPort)
                reception.Clock = ClockResponder.TryOpen(options.Address, server.Port, clockId, time, log);
            if (fleet?.Agent is { } agent)
                await agent.StartAsync(options.Fleet!.Url ?? $"{(server.IsSecure ? "wss" : "ws")}://{Reachable(options.Address)}:{server.Port}", cancellationToken);
            server._observer.IsListening = true;
            return server;
        }
        catch
        {
            await server.DisposeAsync();
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

    /// <summary>Hands the rooms to the fleet's other servers, and waits a little for the members to go there; nothing where there is no fleet.</summary>
    public Task DrainAsync(CancellationToken cancellationToken) =>
        _fleet?.Agent is { } agent ? agent.DrainAsync(() => _reception.OpenConnections, cancellationToken) : Task.CompletedTask;

    /// <summary>Closes every connection in good order and stops.</summary>
    public async ValueTask DisposeAsync()
    {
        await _reception.StopAsync();
        foreach (var listener in _listeners)
            await listener.DisposeAsync();
        if (_reception.Clock is { } clock)
            await clock.DisposeAsync();
        await _hub.DisposeAsync();
        // After the last room was written, and before anyone may claim them.
        if (_fleet is not null)
            await _fleet.DisposeAsync();
        _reception.Dispose();
        _observer.Dispose();
    }

    /// <summary>An address at which others can be expected to reach what listens there.</summary>
    private static string Reachable(IPAddress? bound)
    {
        var here = bound is null || bound.Equals(IPAddress.Any) || bound.Equals(IPAddress.IPv6Any) ? LanAddresses.Best() : bound;
        return here.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{here}]" : here.ToString();
    }

    private async Task ListenAsync(JamServerOptions options, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var pages = new ConnectionHost(_hub, _reception, options, time, _observer.Health, _observer.Page, _fleet?.Agent);
        if (options.Listener == ListenerKind.Kestrel)
        {
            await BindAsync(options.Port, () => KestrelListener.StartAsync(options.Address, options.Port, pages, cancellationToken, _tls));
            return;
        }
#if USE_FLECK
        // The page's port first: whoever comes in is told of it.
        await BindAsync(options.WebPort, () => KestrelListener.StartAsync(options.Address, options.WebPort, pages, cancellationToken));
        _reception.WebPort = WebPort;
        await BindAsync(options.Port, () => FleckListener.StartAsync(options, _reception, time, loggers.CreateLogger<FleckListener>()));
        _listeners.Reverse();
#else
        throw new NotSupportedException($"This build has no {options.Listener}.");
#endif
    }

    private async Task BindAsync<T>(int port, Func<Task<T>> listen)
        where T : IRoomListener
    {
        try
        {
            _listeners.Add(await listen());
        }
        catch (Exception e) when (IsPortTaken(e))
        {
            throw new PortTakenException(port, e);
        }
    }

    private static (IRoomStore? Store, IReadOnlyList<StoredRoom> Rooms) OpenStore(JamServerOptions options, ILogger log)
    {
        if (options.OpenStore is null && options.DataFolder is null)
            return (null, []);
        var store = options.OpenStore?.Invoke() ?? SqliteRoomStore.Open(options.DataFolder!);
        try
        {
            return (store, store.Load(Say));

            void Say(string line)
            {
                HostingLog.StoreDamaged(log, line);
                options.Tell?.Invoke($"kept rooms: {line}");
            }
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    private static bool IsPortTaken(Exception? e)
    {
        for (; e is not null; e = e.InnerException)
        {
            if (e is SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse })
                return true;
        }

        return false;
    }
}

/// <summary>The port that was asked for is in use.</summary>
public sealed class PortTakenException(int port, Exception inner) : IOException($"Port {port} is in use.", inner)
{
    /// <summary>The port.</summary>
    public int Port { get; } = port;
}
