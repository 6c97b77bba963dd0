using System.Threading.Channels;
using Jam.Peer.Audio;
using Jam.Peer.Clock;
using Jam.Peer.Network;
using Jam.Peer.Session.Extras;
using Jam.Peer.Playback;
using Jam.Peer.Wire;
using Jam.Server.Contracts;

namespace Jam.Peer.Session;

/// <summary>
/// Follows the room: one loop takes what its authority says and passes it on to the mesh, the shelf and the player, and says
/// four times a second what this peer measures of itself.
/// </summary>
internal sealed partial class RoomFollower : IAsyncDisposable
{
    private static readonly TimeSpan PulseEvery = TimeSpan.FromMilliseconds(250);
    private const int PulsesPerStats = 8;

    private readonly SessionOptions _options;
    private readonly TrackShelf _shelf;
    private readonly Mesh _mesh;
    private readonly Player _player;
    private readonly TrackFollower _tracks;
    private readonly TimeProvider _time;
    private readonly Action<string> _notice;
    private readonly HostDuties _duties;
    private readonly Readiness _readiness;
    private readonly StorageNotices _storageNotices;
    private readonly SelfReports _self;
    private readonly CancellationTokenSource _stop = new();
    private readonly RoomNews _news;
    private RoomState _room = new();
    private RendezvousClient? _client;
    private readonly string _roomName;
    private readonly IReadOnlyList<Uri> _candidates;
    private readonly IdentityStore _identity;
    private readonly TakeoverAgent _agent;
    private readonly RoomKeys _keys;
    private (Uri Url, bool ComesHome)? _arrived;
    private bool _wasConnected, _saidGone;
    // Full mode: nothing more is said than that something has changed.
    private readonly Channel<bool> _changes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private volatile bool _scoreChanged;
    private readonly BehindWatch _behind = new(PulsesPerStats);

    public RoomFollower(
        SessionOptions options, RoomLocation location, IReadOnlyList<TrackInfo> seeds, TrackShelf shelf, ExtrasShelf extras, Mesh mesh,
        Player player, PlayheadFeed playhead, TakeoverAgent agent, SelfReports self, ClickDesk clicks, IdentityStore identity, TimeProvider time,
        Action<string> notice, Action<string> whisper)
    {
        (_self, _agent, _identity) = (self, agent, identity);
        (_roomName, _candidates) = (location.Room, location.Urls);
        (_options, _shelf, _mesh, _player, _time, _notice) = (options, shelf, mesh, player, time, notice);
        _tracks = new TrackFollower(shelf, extras, player, playhead, options.ReplayGain, () => _client?.Clock ?? RoomClockSnapshot.None, time);
        _duties = new HostDuties(options.Role, seeds, options.Autoplay);
        _readiness = new Readiness(track => player.IsReady(track, Readiness.FirstSecondUs));
        player.Decoded += () => _ = _readiness.IsAwaited && _changes.Writer.TryWrite(true);
        _news = new RoomNews(options.Role, mesh, _readiness, notice, whisper);
        _storageNotices = new StorageNotices(shelf, notice);
        _keys = new RoomKeys(options, _identity.HostTokenFor(_candidates));
        Commands = new RoomCommands(this, () => _client, time, notice, _keys) { Clicks = clicks };
    }

    /// <summary>The room as it is known now.</summary>
    public RoomState Room => Volatile.Read(ref _room);

    /// <summary>Ends with the follower; faults where it met a bug.</summary>
    public Task Completion { get; private set; } = Task.CompletedTask;

    /// <summary>Where browsers find this peer's gateway; null where it has none.</summary>
    public int? GatewayPort { get; init; }

    /// <summary>What a host's people are told of an invite.</summary>
    public Func<Invited, string> HowToJoin { get; init; } = invite => invite.Token;

    /// <summary>Whether the room was ever reached.</summary>
    public bool HasBeenConnected { get; private set; }

    /// <summary>Starts to follow.</summary>
    public void Start(RendezvousClient client)
    {
        _client = client;
        Completion = RunAsync(client, _stop.Token);
    }

    /// <summary>A track's storage was opened, or what travels beside one is here.</summary>
    public void OnShelfChanged() => _changes.Writer.TryWrite(true);

    /// <summary>A disk did not do its part.</summary>
    public void OnStorageProblem(TrackId track, string problem) => _storageNotices.Add(track, problem);

    /// <summary>What a command line may ask of the room.</summary>
    public RoomCommands Commands { get; }

    /// <summary>What is to be heard of beat and loop changed here; looked at with the next pulse.</summary>
    public void OnScoreChanged() => _scoreChanged = true;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        // BYE is the client's to say, after this: the server hangs up on it, and that would be told as a loss.
        await _stop.CancelAsync();
        await Completion.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Commands.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync(RendezvousClient client, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(PulseEvery, _time);
        var events = client.Events.WaitToReadAsync(cancellationToken).AsTask();
        var tick = timer.WaitForNextTickAsync(cancellationToken).AsTask();
        var changes = _changes.Reader.WaitToReadAsync(cancellationToken).AsTask();
        // The first STATS after a second, when round trips and output lead are known.
        for (var pulses = PulsesPerStats - 3; ;)
        {
            await Task.WhenAny(events, tick, changes);
            if (events.IsCompleted)
            {
                if (!await events)
                    return;
                while (client.Events.TryRead(out var what))
                    await TakeAsync(what, cancellationToken);
                events = client.Events.WaitToReadAsync(cancellationToken).AsTask();
            }

            if (changes.IsCompleted)
            {
                await changes;
                _changes.Reader.TryRead(out _);
                _tracks.FollowPlayback(Room);
                SayReady(Room);
                changes = _changes.Reader.WaitToReadAsync(cancellationToken).AsTask();
            }

            if (tick.IsCompleted)
            {
                await tick;
                Pulse(client, pulses++ % PulsesPerStats == 0);
                tick = timer.WaitForNextTickAsync(cancellationToken).AsTask();
            }
        }
    }

    private async Task TakeAsync(RendezvousEvent what, CancellationToken cancellationToken)
    {
        switch (what)
        {
            case Connected connected:
                Commands.OnConnected();
                _arrived = (connected.Url, connected.ComesHome);
                (_wasConnected, _saidGone, _mesh.IsRoomReachable) = (true, false, true);
                break;
            case Disconnected gone:
                _agent.OnLost();
                _mesh.IsRoomReachable = false;
                if (!_saidGone)
                    _notice(_wasConnected ? $"the server is gone ({gone.Why}); playing on, trying to reach it" : $"cannot reach the server ({gone.Why}); trying on");
                _saidGone = true;
                Commands.OnLost();
                break;
            case Received { Message: var message }:
                await TakeAsync(message, cancellationToken);
                break;
            default:
                throw new NotSupportedException(what.GetType().Name);
        }
    }

    private async Task TakeAsync(ServerMessage message, CancellationToken cancellationToken)
    {
        var before = Room;
        if (message is State first && _arrived is { } arrived)
            before = Arrive(before, first, arrived.Url, arrived.ComesHome);
        var room = before.Apply(message);
        Volatile.Write(ref _room, room);
        TellAgent(message, room);
        var isAnswer = Commands.Take(message);
        FollowScore(before, room);
        if (message is Error error)
            isAnswer = Commands.Fail(error.Message);
        _news.Tell(message, before, room, isAnswer);
        switch (message)
        {
            case State when room.Timeline != before.Timeline:
                _player.SetTimeline(room.Timeline);
                await _tracks.FollowTracksAsync(room, cancellationToken);
                SayReady(room);
                break;
            case Welcome welcome when room is { PeerId: { } id, Secret: { } secret }:
                _keys.Take(welcome);
                _mesh.SetEncryption(room.Policy.Links == LinkSecurity.Tls || welcome.Policy.Links == LinkSecurity.Tls);
                _mesh.Identity = new PeerIdentity(id, _roomName, secret);
                // It may be gone again by now; then the next one says so.
                if (_client!.Current is { } url)
                {
                    _mesh.Location = new RoomLocation(_roomName, [url]);
                    _identity.Keep(url, id, welcome.ResumeToken, _keys.HostToken);
                }

                _options.Connect.ToList().ForEach(_mesh.OnTyped);
                break;
            case PolicyState or Snapshot { Room: not null } when room.Policy.Links != before.Policy.Links:
                _mesh.SetEncryption(room.Policy.Links == LinkSecurity.Tls);
                await _tracks.FollowTracksAsync(room, cancellationToken);
                break;
            case Rendezvous told:
                _agent.OnTold(_client!.Current, told);
                break;
            case Snapshot or QueueState:
                await _tracks.FollowTracksAsync(room, cancellationToken);
                if (_readiness.IsToCome(room))
                    _client!.Rest(Readiness.MostAwaited);
                break;
            case Error { Code: ErrorCodes.Replaced }:
                // Not this peer itself: it listens on one connection alone. Coming back with the same proof would go on for ever.
                _identity.BecomeSomeoneElse();
                break;
            default:
                break;
        }

        await _mesh.FollowMembersAsync(before.Others, room.Others, dialNow: message is Snapshot);
        var isNewRole = message is PeerJoined { Member: var self } && self.PeerId == room.PeerId && before.Role != room.Role;
        if (isNewRole)
            _duties.OnRoleGiven(room.Role);
        foreach (var duty in _duties.Next(room, isAnew: message is Snapshot || isNewRole))
            _client!.TrySend(duty);
        // The room has just described itself, or has done what was asked first.
        if ((message is Snapshot or PolicyState || isNewRole) && _keys.Lock(room) is { } door)
            _client!.TrySend(door);
    }

    // The first STATE of a connection says which authority is at its other end.
    private RoomState Arrive(RoomState before, State first, Uri url, bool comesHome)
    {
        _arrived = null;
        var rank = first.ToTimeline().Rank;
        var isOther = before.Timeline is { Current: var known } && known.ClockId != rank.Id;
        _agent.OnConnected(rank, url, isOther);
        HasBeenConnected = true;
        return comesHome ? before.Forgotten() : before;
    }

    private void TellAgent(ServerMessage message, RoomState room)
    {
        if (room.Timeline is not { Current.Rank: var rank })
            return;
        if (message is State)
            _agent.OnState(rank);
        if (message is Snapshot or PeerJoined && room.Others.Count > 0)
            _agent.OnCompany(rank.Id);
    }

    private void Pulse(RendezvousClient client, bool withStats)
    {
        var room = Room;
        _tracks.FollowPlayback(room);
        if (_scoreChanged)
        {
            _scoreChanged = false;
            SetScore(room);
        }

        Commands.SendDue();
        if (_behind.Look(client.Newest, room))
            client.TrySend(new SnapshotRequest());
        SayReady(room);
        if (!client.IsConnected || room.PeerId is null)
            return;
        if (_self.Swarm(room, client, _time.NowUs()) is { } told)
            client.TrySend(told);
        if (!withStats)
            return;
        if (_duties.Claim(room) is { } claim)
            client.TrySend(_keys.Open(claim));
        _self.SayStats(client, room);
    }

    // At once: a PLAY that follows closely must know whom to wait for, and everyone waits for the last to be ready.
    private void SayReady(RoomState room)
    {
        if (_client is not { IsConnected: true } client || _readiness.Next(room) is not { } ready)
            return;
        client.TrySend(ready);
        // The server may be behind the very uplink that the first second comes over.
        client.Rest(ready.IsReady ? TimeSpan.Zero : Readiness.MostAwaited);
    }

    private void FollowScore(RoomState before, RoomState room)
    {
        if (before.Tempo != room.Tempo || before.Loop != room.Loop || before.CountInUs != room.CountInUs || before.Timeline != room.Timeline)
            SetScore(room);
    }

    private void SetScore(RoomState room) => _player.SetScore(
        room.Tempo is { } tempo ? new RoomScore(tempo, Commands.IsLoopHeard ? room.Loop : null, room.Timeline?.Current, room.CountInUs) : null);
}
