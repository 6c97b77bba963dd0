using System.Net;
using System.Threading.Channels;
using Jam.Peer.Audio;
using Jam.Peer.Clock;
using Jam.Peer.Network;
using Jam.Peer.Playback;
using Jam.Peer.Session.Extras;
using Jam.Peer.Storage;
using Jam.Peer.Swarm;
using Jam.Peer.Wire;
using Jam.Server.Contracts;

namespace Jam.Peer.Session;

/// <summary>
/// A running peer: the swarm, the room, the clock and the player, put together. It acts on what the authority echoes, never
/// on its own commands, so the host hears what everyone hears.
/// </summary>
internal sealed class JamSession : IJamSession, ISwarmOwner
{
    private readonly SessionOptions _options;
    private readonly TimeProvider _time;
    private readonly long _startedUs;
    // Full mode: the oldest line goes; people read the newest.
    private readonly Channel<string> _notices = Channel.CreateBounded<string>(new BoundedChannelOptions(256) { FullMode = BoundedChannelFullMode.DropOldest });
    private readonly OnceNotices _once;
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stop = new();
    private readonly TrackShelf _shelf;
    private readonly SwarmLoop _swarm;
    private readonly Mesh _mesh;
    private readonly Player _player;
    private readonly PlayheadFeed _playhead;
    private readonly ExtrasShelf _extras;
    private readonly OwnServer _server;
    private RendezvousClient? _rendezvous;
    private RoomFollower? _follower;
    private TakeoverAgent? _agent;
    private string? _roomName;
    private BeaconSender? _beacon;
    private AddressWatch? _addresses;
    private IReadOnlyList<IPAddress> _toldAddresses = LocalAddresses.All();
    private Task _pulse = Task.CompletedTask;

    public JamSession(SessionOptions options, TimeProvider time)
    {
        _options = options;
        _time = time;
        _startedUs = time.NowUs();
        _once = new OnceNotices(Notice);
        _shelf = new TrackShelf(OpenCache(), options.SaveFolder, Notice);
        _swarm = new SwarmLoop(new SwarmSettings { UpBytesPerSecond = options.UpLimitBytesPerSecond, DownBytesPerSecond = options.DownLimitBytesPerSecond }, this, time);
        _shelf.Attach(_swarm);
        _mesh = new Mesh(_swarm, options.ListenPort, time, Notice, options.UpLimitBytesPerSecond);
        _server = new OwnServer(options, time);
        _player = Player.Start(PlayerOptions.From(options), time, () => _rendezvous?.Clock ?? RoomClockSnapshot.None, Notice);
        _playhead = new PlayheadFeed(_swarm);
        _extras = new ExtrasShelf(_swarm.TryPost);
        _extras.Changed += () => _follower?.OnShelfChanged();
        _shelf.Opened += _ => _follower?.OnShelfChanged();
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<string> Notices => _notices.Reader.ReadAllAsync();

    /// <inheritdoc/>
    public Task Completion => _completion.Task;

    /// <inheritdoc/>
    public double Volume
    {
        get => _player.Volume;
        set => _player.Volume = value;
    }

    /// <inheritdoc/>
    public double LatencyMs => _player.LatencyMs;

    /// <inheritdoc/>
    public string SetLatency(double ms, bool save) => _player.SetLatency(ms, save);

    /// <inheritdoc/>
    public bool Clicks
    {
        get => _player.Clicks is not null;
        set => _player.Clicks = !value ? null : (_follower?.Room is { PeerId: not null } room ? room.Role : _options.Role) == Role.Host ? ClickPattern.First : ClickPattern.Second;
    }

    /// <inheritdoc/>
    public IRoomControls Room => Follower.Commands;

    /// <inheritdoc/>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var seeds = await Task.Run(() => LoadSeeds(cancellationToken), cancellationToken);
        var infos = new List<TrackInfo>();
        foreach (var seed in seeds)
            infos.Add(await AddSeedAsync(seed, cancellationToken));
        var location = await LocateAsync(cancellationToken);
        _roomName = location.Room;
        _agent = new TakeoverAgent(location, _server, _mesh, () => _swarm.Snapshot, _time, Notice);
        _follower = new RoomFollower(
            _options, location.Room, infos, _shelf, _extras, _mesh, _player, _playhead, _agent, _time, Notice);
        _rendezvous = new RendezvousClient(
            new() { Candidates = location.Urls, BuildHello = _follower.Hello, Listen = _follower.Listen, KeepsFirstClock = _options.KeepsFirstClock }, _time);
        _follower.Start(_rendezvous);
        _agent.Start(_follower, _rendezvous);
        _rendezvous.Start();
        _addresses = new AddressWatch(AddressWatch.OfThisMachine, OnAddressesChanged, _time);
        _pulse = WatchAsync();
        if (_options.Role == Role.Host)
            TellHowToJoin();
        if (_options is { Role: Role.Host, Discovery: true })
            _beacon = new BeaconSender(BeaconNetwork.Default, Beacon, _time);
    }

    /// <inheritdoc/>
    public PeerReport Report() => ReportBuilder.Build(
        _options, _follower?.Room ?? new RoomState(), _roomName, _rendezvous, _mesh, _swarm.Snapshot, _shelf, _extras, _player, _time.NowUs(), _startedUs);

    /// <inheritdoc/>
    public async Task<string> SeedAsync(string path, CancellationToken cancellationToken)
    {
        var seed = await Task.Run(() => SeedLoader.Load(path, cancellationToken, Progress), cancellationToken);
        return await Follower.Commands.OfferAsync(await AddSeedAsync(seed, cancellationToken), cancellationToken);
    }

    /// <inheritdoc/>
    public Task<string> PlayAsync(long? positionUs, CancellationToken cancellationToken) =>
        Follower.Commands.AskAsync(new Play(positionUs), cancellationToken);

    /// <inheritdoc/>
    public Task<string> PauseAsync(CancellationToken cancellationToken) => Follower.Commands.AskAsync(new Pause(), cancellationToken);

    /// <inheritdoc/>
    public Task<string> StopPlaybackAsync(CancellationToken cancellationToken) => Follower.Commands.AskAsync(new Stop(), cancellationToken);

    /// <inheritdoc/>
    public Task<string> SeekAsync(long positionUs, CancellationToken cancellationToken) =>
        Follower.Commands.AskAsync(new Seek(positionUs), cancellationToken);

    /// <inheritdoc/>
    public Task<string> SelectTrackAsync(int place, CancellationToken cancellationToken) => Follower.Commands.SelectAsync(place, cancellationToken);

    /// <inheritdoc/>
    public async Task<string> JoinAsync(DnsEndPoint peer, CancellationToken cancellationToken)
    {
        try
        {
            var connection = await _mesh.DialAsync(peer, cancellationToken);
            return $"connected to {_mesh.FindMember(connection.PeerId)?.Name ?? connection.PeerId} at {connection.RemoteEndPoint.Plain()}";
        }
        catch (Exception problem) when (problem is IOException or ProtocolException)
        {
            throw new JamException($"cannot join {peer.Host}:{peer.Port}: {problem.Message}", problem);
        }
    }

    /// <inheritdoc/>
    public Task<string> LeaveAsync(DnsEndPoint peer, CancellationToken cancellationToken) => _mesh.Leave(peer)
        ? Task.FromResult($"left {peer.Host}:{peer.Port}")
        : Task.FromException<string>(new JamException($"there is no connection to {peer.Host}:{peer.Port}; 'connections' lists them"));

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
        await _shelf.DisposeAsync();
        await _mesh.DisposeAsync();
        await _swarm.DisposeAsync();
        await _server.DisposeAsync();
        _notices.Writer.TryComplete();
        _completion.TrySetResult();
        _stop.Dispose();
    }

    private RoomFollower Follower => _follower ?? throw new JamException("not in a room yet; wait a moment");

    private void Notice(string line) => _notices.Writer.TryWrite(line);

    private Action<int> Progress(string name, long bytes) => new HashProgress(name, bytes, _time, Notice).Add;

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

    // A cache that cannot be written costs the next run, not this one.
    private TrackCache? OpenCache()
    {
        try
        {
            return new TrackCache(_options.CacheFolder ?? TrackCache.DefaultFolder(), _options.CacheLimitBytes, _time);
        }
        catch (JamException problem)
        {
            Notice($"{problem.Message}. Tracks are kept in memory until then");
            return null;
        }
    }

    // Only the room's host tells of it, once it is in it.
    private Beacon? Beacon() => _follower?.Room is { PeerId: not null, Role: Role.Host } room
        ? new Beacon(_mesh.Port, _roomName!, _options.Name, room.Track?.Name ?? "")
        : null;

    private async Task<TrackInfo> AddSeedAsync(Seed seed, CancellationToken cancellationToken)
    {
        var info = seed.Probe is { } probe ? await _extras.AddSeedAsync(seed.Info, probe, _swarm, cancellationToken) : seed.Info;
        await _shelf.AddSeedAsync(info, seed.Storage, cancellationToken);
        return info;
    }

    private List<Seed> LoadSeeds(CancellationToken cancellationToken)
    {
        var seeds = _options.SeedFiles.Select(f => SeedLoader.Load(f, cancellationToken, Progress)).ToList();
        if (_options.TestPattern is { } pattern)
            seeds.Add(SeedLoader.Load(pattern, cancellationToken, Progress));
        return seeds;
    }

    private async Task<RoomLocation> LocateAsync(CancellationToken cancellationToken)
    {
        if (_options.Server is { } server)
            return new RoomLocation(_options.Room, [OwnServer.RoomOn(server, _options.Room)]);
        if (_options.Connect.Count > 0)
            return await RendezvousLocator.AskAsync(_options.Connect, _time, Notice, cancellationToken);
        await _server.StartAsync(cancellationToken);
        return new RoomLocation(_options.Room, [_server.UrlOf(_options.Room)]);
    }

    private void TellHowToJoin()
    {
        if (_server.Running is { } server)
            Notice($"the rendezvous server listens on port {server.Port}, room '{_roomName}'");
        foreach (var address in LocalAddresses.All())
            Notice($"others join with: tools/jam --connect {new IPEndPoint(address, _mesh.Port)}");
    }

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
