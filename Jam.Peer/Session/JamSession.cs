using System.Net;
using System.Threading.Channels;
using Jam.Peer.Audio;
using Jam.Peer.Clock;
using Jam.Peer.Network;
using Jam.Peer.Session.Extras;
using Jam.Peer.Session.Observing;
using Jam.Peer.Session.Page;
using Jam.Peer.Storage;
using Jam.Peer.Swarm;
using Jam.Peer.Wire;
using Jam.Server.Contracts;
using Jam.Server.Observing;

namespace Jam.Peer.Session;

/// <summary>
/// A running peer: the swarm, the room, the clock and the player, put together. It acts on what the authority echoes, never
/// on its own commands, so the host hears what everyone hears.
/// </summary>
internal sealed partial class JamSession : IJamSession, ISwarmOwner
{
    private static readonly string Version = typeof(JamSession).Assembly.GetName().Version?.ToString(3) ?? "0";

    private readonly SessionOptions _options;
    private readonly TimeProvider _time;
    private readonly long _startedUs;
    // Full mode: the oldest line goes; people read the newest.
    private readonly Channel<string> _notices = Channel.CreateBounded<string>(new BoundedChannelOptions(256) { FullMode = BoundedChannelFullMode.DropOldest });
    private readonly OnceNotices _once;
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stop = new();
    private readonly SessionLog _log;
    private readonly IdentityStore _identity;
    private readonly TrackShelf _shelf;
    private readonly SwarmLoop _swarm;
    private readonly Mesh _mesh;
    private readonly Player _player;
    private readonly LabTrace? _trace;
    private readonly PlayheadFeed _playhead;
    private readonly ClickDesk _clicks;
    private readonly ExtrasShelf _extras;
    private readonly GatewayDoor? _gateway;
    private readonly PageRoutes _page;
    private readonly OwnServer _server;
    private readonly PeerMetrics _metrics;
    private MetricsDoor? _metricsDoor;
    private Telemetry? _telemetry;
    private RendezvousClient? _rendezvous;
    private RoomFollower? _follower;
    private TakeoverAgent? _agent;
    private string? _roomName;
    private BeaconSender? _beacon;
    private AddressWatch? _addresses;
    private IReadOnlyList<IPAddress> _toldAddresses = LocalAddresses.All();
    private Task _pulse = Task.CompletedTask;
    private readonly Task<LinkKey> _linkKey;

    public JamSession(SessionOptions options, TimeProvider time)
    {
        _time = time;
        _startedUs = time.NowUs();
        // Some milliseconds, while the rest begins.
        _linkKey = Task.Run(() => LinkKey.Create(time.GetUtcNow()));
        _log = SessionLog.Open(options, time, Whisper);
        _identity = IdentityStore.Open(options.KeepsIdentity ? options.ConfigFolder ?? LatencyStore.DefaultFolder() : null, Notice);
        options = Named(options);
        _options = options;
        _once = new OnceNotices(Notice);
        _shelf = new TrackShelf(OpenCache(), options.SaveFolder, Notice);
        _swarm = new SwarmLoop(new SwarmSettings { UpBytesPerSecond = options.UpLimitBytesPerSecond, DownBytesPerSecond = options.DownLimitBytesPerSecond }, this, time);
        _shelf.Attach(_swarm);
        _mesh = new Mesh(_swarm, options.ListenPort, time, Notice, options.UpLimitBytesPerSecond, log: _log.Loggers.CreateLogger("swarm"), bind: options.Door.Bind);
        _trace = LabTrace.Open(options.TracePath, time);
        _player = Player.Start(PlayerOptions.From(options) with { Trace = _trace is null ? null : _trace.Add }, time, () => _rendezvous?.Clock ?? RoomClockSnapshot.None, Notice);
        _playhead = new PlayheadFeed(_swarm);
        _clicks = new ClickDesk(options.CalibrateWith, pattern => _player.Clicks = pattern, Notice);
        _extras = new ExtrasShelf(_swarm.TryPost);
        _gateway = GatewayDoor.For(
            options, new GatewaySource(() => _follower?.Room ?? new RoomState(), () => _rendezvous?.Current, Servers, _shelf, _extras, _swarm), time);
        _page = new PageRoutes(_extras.Find, SeedAsync, options.CacheFolder ?? TrackCache.DefaultFolder());
        _metrics = new PeerMetrics(Report, () => _swarm.Snapshot.Totals, time);
        _server = new OwnServer(
            options, [.. _page.All, .. _gateway?.Routes ?? []], Servers, Notice, time, _log.Loggers, DoorKeys.TrustOf(options.Door), _metrics.Scope);
        _extras.Changed += () => _follower?.OnShelfChanged();
        _shelf.Opened += _ => _follower?.OnShelfChanged();
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<string> Notices => _notices.Reader.ReadAllAsync();

    /// <inheritdoc/>
    public Task Completion => _completion.Task;

    /// <inheritdoc/>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _log.Started(Version, _options);
        _telemetry = Telemetry.Start(_options.Otlp, "swarmjam-peer");
        if (_options.MetricsPort is { } metricsPort)
        {
            _metricsDoor = await MetricsDoor.OpenAsync(metricsPort, _metrics.Scope, Report, cancellationToken);
            Notice($"metrics: http://127.0.0.1:{_metricsDoor.Port}/metrics");
        }

        var seeds = await LoadSeedsAsync(cancellationToken);
        var infos = new List<TrackInfo>();
        foreach (var seed in seeds)
            infos.Add(await AddSeedAsync(seed, cancellationToken));
        var location = await LocateAsync(cancellationToken);
        _mesh.Guard.Key = await _linkKey.WaitAsync(cancellationToken);
        _server.IsOpen = true;
        _roomName = location.Room;
        if (_gateway is not null)
            await _gateway.OpenAsync(_server.Running?.WebPort, _options.GatewayPort, _options.Door.GatewayBind, Notice, cancellationToken);
        _agent = new TakeoverAgent(location, _server, _mesh, () => _swarm.Snapshot, _time, Notice) { Spans = _metrics.Spans };
        _follower = new RoomFollower(
            _options, location, infos, _shelf, _extras, _mesh, _player, _playhead, _agent,
            new SelfReports(_options, _player, () => _swarm.Snapshot), _clicks, _identity, _time, Notice, Whisper) { GatewayPort = _gateway?.Port, HowToJoin = HowToInvite };
        _rendezvous = new RendezvousClient(
            new RendezvousOptions
            {
                Candidates = location.Urls,
                AskWhere = _options is { Server: null, Connect: { Count: > 0 } peers } ? token => RendezvousLocator.AskAgainAsync(peers, location.Room, _time, token) : null,
                BuildHello = _follower.Hello,
                Listen = _follower.Listen,
                Personalize = _follower.Personalize,
                Trust = _server.Trust,
                KeepsFirstClock = _options.KeepsFirstClock,
                AsksForClockPort = _options.HasClockPort,
                Log = _log.Loggers.CreateLogger("room"),
                Trace = _trace is null ? null : _trace.Add,
            },
            _time);
        _follower.Commands.Spans = _metrics.Spans;
        _follower.Start(_rendezvous);
        _agent.Start(_follower, _rendezvous);
        _rendezvous.Start();
        _addresses = new AddressWatch(AddressWatch.OfThisMachine, OnAddressesChanged, _time);
        _pulse = WatchAsync();
        if (_options.Role == Role.Host)
            HowToJoin.Lines(_mesh.Port, _server.Running, _roomName, _page.Key, _options.Door.Bind).ToList().ForEach(Notice);
        if (_options is { Role: Role.Host, Discovery: true })
            _beacon = new BeaconSender(BeaconNetwork.Default, Beacon, _time);
    }

    /// <inheritdoc/>
    public PeerReport Report() => ReportBuilder.Build(
        _options, _follower?.Room ?? new RoomState(), _roomName, _rendezvous, _mesh, _swarm.Snapshot, _shelf, _extras, _player, _time.NowUs(), _startedUs);

    /// <inheritdoc/>
    public void OnManifest(Manifest manifest) => _shelf.Open(manifest);

    /// <inheritdoc/>
    public void OnBlob(BlobId id, byte[] bytes) => _extras.OnBlob(id, bytes);

    /// <inheritdoc/>
    public void OnCompleted(TrackId track)
    {
        if (_shelf.Find(track.ToString()) is { } entry)
            Notice($"{entry.Info.Name} is complete and verified");
        _shelf.OnCompleted(track);
    }

    /// <inheritdoc/>
    public void OnDropped(PeerConnection connection, string why, bool ban)
    {
        if (ban)
            _mesh.Ban(connection);
        var name = _mesh.FindMember(connection.PeerId)?.Name ?? connection.PeerId;
        _once.Say($"{connection.PeerId} {ban} {why}", ban ? $"banned {name}: {why}" : $"cut {name} off: {why}");
    }

    /// <inheritdoc/>
    public void OnStorageProblem(TrackId track, string problem) => _follower?.OnStorageProblem(track, problem);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        if (_addresses is not null)
            await _addresses.DisposeAsync();
        if (_beacon is not null)
            await _beacon.DisposeAsync();
        await _pulse.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_agent is not null)
            await _agent.DisposeAsync();
        if (_follower is not null)
            await _follower.DisposeAsync();
        if (_rendezvous is not null)
            await _rendezvous.DisposeAsync();
        await _player.DisposeAsync();
        if (_trace is not null)
            await _trace.DisposeAsync();
        await _shelf.DisposeAsync();
        await _mesh.DisposeAsync();
        await _swarm.DisposeAsync();
        await (await _linkKey).DisposeAsync();
        if (_gateway is not null)
            await _gateway.DisposeAsync();
        if (_metricsDoor is not null)
            await _metricsDoor.DisposeAsync();
        await _server.DisposeAsync();
        _telemetry?.Dispose();
        _metrics.Dispose();
        await _identity.DisposeAsync();
        await _log.DisposeAsync();
        _page.Dispose();
        _notices.Writer.TryComplete();
        _completion.TrySetResult();
        _stop.Dispose();
    }

    // Its code is shown, and never logged: whoever reads it is in.
    private string HowToInvite(Invited invite)
    {
        var (line, link) = HowToJoin.Invite(invite, _mesh.Port, _server.Running, _rendezvous?.Pages, _roomName!, _options.Door);
        foreach (var row in HowToJoin.Code(link))
            Whisper(row);
        return line;
    }

    private RoomFollower Follower => _follower ?? throw new JamException("not in a room yet; wait a moment");

    private void Whisper(string line) => _notices.Writer.TryWrite(line);

    private void Notice(string line)
    {
        Whisper(line);
        _log.Told(line);
    }

    private SessionOptions Named(SessionOptions options)
    {
        if (!options.IsNameChosen)
            return options with { Name = _identity.Name ?? options.Name };
        _identity.KeepName(options.Name);
        return options;
    }

    private void OnAddressesChanged(IReadOnlyCollection<IPAddress> now)
    {
        _mesh.OnAddressesChanged(address => !IPAddress.IsLoopback(address) && !now.Contains(address));
        // A container's interface that comes and goes is nobody else's business.
        var told = LocalAddresses.All();
        if (told.SequenceEqual(_toldAddresses))
            return;
        _toldAddresses = told;
        Notice($"this machine's addresses have changed: {string.Join(", ", told)}");
        _rendezvous?.Renew();
        _agent?.OnRoamed();
    }

    // Only the room's host tells of it, once it is in it.
    private Beacon? Beacon() => _follower?.Room is { PeerId: not null, Role: Role.Host } room ? new Beacon(_mesh.Port, _roomName!, _options.Name, room.Track?.Name ?? "") : null;

    private async Task<RoomLocation> LocateAsync(CancellationToken cancellationToken)
    {
        if (_options.Server is { } server)
            return new RoomLocation(_options.Room, [OwnServer.RoomOn(server, _options.Room)]);
        if (_options.Connect.Count > 0)
            return await RendezvousLocator.AskAsync(_options.Connect, _time, Notice, cancellationToken);
        await _server.StartAsync(cancellationToken);
        return new RoomLocation(_options.Room, [_server.UrlOf(_options.Room)]);
    }

    private IReadOnlyList<Uri> Servers() => _rendezvous?.Visited ?? [];

    // A loop that fails has met a bug: better to end with its message than to play on half-dead.
    private async Task WatchAsync()
    {
        var first = await Task.WhenAny(
            _swarm.Completion, _mesh.Completion, _shelf.Completion, _follower!.Completion, _agent!.Completion,
            Task.Delay(Timeout.InfiniteTimeSpan, _time, _stop.Token));
        if (_stop.IsCancellationRequested)
            return;
        if (first.Exception?.InnerException is { } problem)
            _completion.TrySetException(problem as JamException ?? new JamException($"a fault inside: {problem}", problem));
    }
}
