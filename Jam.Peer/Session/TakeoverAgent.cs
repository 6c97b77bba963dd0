using System.Diagnostics;
using System.Net;
using System.Threading.Channels;
using Jam.Peer.Network;
using Jam.Peer.Takeover;
using Jam.Peer.Wire;
using Jam.Server.Contracts;
using Jam.Server.Doors;

namespace Jam.Peer.Session;

/// <summary>
/// Carries out what <see cref="TakeoverCore"/> decides: one loop hears members, the follower and the time, says where the room is, and
/// starts a server where it has to.
/// </summary>
internal sealed class TakeoverAgent : IAsyncDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(250);
    private const int WordsPerSecond = 2;
    private const int WordsAtOnce = 20;

    private readonly string _room;
    private readonly OwnServer _own;
    private readonly Mesh _mesh;
    private readonly Func<SwarmSnapshot> _swarm;
    private readonly TimeProvider _time;
    private readonly Action<string> _notice;
    // Full mode: what comes then is dropped; members say it again.
    private readonly Channel<Action> _inbox = Channel.CreateBounded<Action>(new BoundedChannelOptions(1024) { SingleReader = true, FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Dictionary<string, (PeerConnection Link, TokenBucket Rate)> _links = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskBag _asking = new();
    private TakeoverCore? _core;
    private RoomFollower? _follower;
    private RendezvousClient? _client;
    private readonly IReadOnlyList<string> _advertised;
    private long _lostUs;

    /// <param name="location">Where the room was found.</param>
    /// <param name="own">The server of this process.</param>
    /// <param name="mesh">Connections to members.</param>
    /// <param name="swarm">Who has what.</param>
    /// <param name="time">For every wait.</param>
    /// <param name="notice">Tells people.</param>
    public TakeoverAgent(RoomLocation location, OwnServer own, Mesh mesh, Func<SwarmSnapshot> swarm, TimeProvider time, Action<string> notice)
    {
        (_room, _own, _mesh, _swarm, _time, _notice) = (location.Room, own, mesh, swarm, time, notice);
        _advertised = [.. location.Urls.Select(u => u.ToString())];
        mesh.OnRendezvous = (link, frame) => Post(() => Hear(link, frame));
    }

    /// <summary>Where spans of takeovers come from; null: nowhere.</summary>
    public ActivitySource? Spans { get; init; }

    /// <summary>Ends with the agent; faults where it met a bug.</summary>
    public Task Completion { get; private set; } = Task.CompletedTask;

    public void Start(RoomFollower follower, RendezvousClient client)
    {
        (_follower, _client) = (follower, client);
        Completion = RunAsync(_stop.Token);
    }

    /// <summary>An authority has sent its first STATE on a connection.</summary>
    public void OnConnected(AuthorityRank rank, Uri url, bool isOther)
    {
        var isAgain = _follower!.HasBeenConnected;
        Post(() =>
        {
            var core = Core();
            core.Connected(rank, url.ToString());
            _notice(Describe(core, rank, url, isAgain, isOther));
        });
    }

    /// <summary>STATE came.</summary>
    public void OnState(AuthorityRank rank) => Post(() => Core().Raised(rank));

    /// <summary>The connection to the authority is gone.</summary>
    public void OnLost() => Post(() =>
    {
        _lostUs = _time.NowUs();
        Core().Lost(_lostUs);
    });

    /// <summary>The authority, or one that was, says where the room is.</summary>
    public void OnTold(Uri? from, Rendezvous told) => Post(() =>
    {
        if (from is not null)
            Core().Answered(from.ToString(), Cleaned(told, from), _time.NowUs());
    });

    /// <summary>Others are with the authority that is followed.</summary>
    public void OnCompany(Guid authority) => Post(() =>
    {
        if (Core().Best.Id == authority)
            Core().HasCompany();
    });

    /// <summary>This machine has other addresses than before.</summary>
    public void OnRoamed() => Post(() => Core().Roamed([]));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _mesh.OnRendezvous = null;
        await _stop.CancelAsync();
        await Completion.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _asking.AllAsync();
        _stop.Dispose();
    }

    private void Post(Action what) => _inbox.Writer.TryWrite(what);

    private TakeoverCore Core() => _core ??= Begin();

    private TakeoverCore Begin()
    {
        var core = new TakeoverCore();
        core.Advertise(_advertised);
        if (_own.Running is { } running)
            core.ServerRuns(running.ClockId, null, _own.UrlOf(_room).ToString(), _time.NowUs());
        return core;
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Every, _time);
        var tick = timer.WaitForNextTickAsync(cancellationToken).AsTask();
        var inbox = _inbox.Reader.WaitToReadAsync(cancellationToken).AsTask();
        while (true)
        {
            await Task.WhenAny(tick, inbox);
            if (inbox.IsCompleted)
            {
                await inbox;
                while (_inbox.Reader.TryRead(out var what))
                    what();
                inbox = _inbox.Reader.WaitToReadAsync(cancellationToken).AsTask();
            }

            if (tick.IsCompleted)
            {
                await tick;
                Tick();
                tick = timer.WaitForNextTickAsync(cancellationToken).AsTask();
            }

            if (_core is { } core)
                await CarryOutAsync(core, cancellationToken);
        }
    }

    private void Tick()
    {
        var room = _follower!.Room;
        if (room.PeerId is null || (_core is null && room.Timeline is null))
            return;
        FollowLinks();
        Core().Self = room.PeerId;
        Core().Tick(_time.NowUs(), Legacy.Candidates(room, _swarm()));
    }

    // Connections come and go on loops of their own; here is what stands now.
    private void FollowLinks()
    {
        var now = _mesh.Links.Where(l => l.KnowsMoves).ToDictionary(l => l.PeerId);
        foreach (var gone in _links.Where(l => !now.TryGetValue(l.Key, out var link) || link != l.Value.Link).Select(l => l.Key).ToArray())
        {
            _links.Remove(gone);
            Core().LinkDown(gone);
        }

        foreach (var (peerId, link) in now)
        {
            if (_links.TryAdd(peerId, (link, new TokenBucket(WordsPerSecond, WordsAtOnce, _time.NowUs()))))
                Core().LinkUp(peerId);
        }
    }

    private void Hear(PeerConnection from, RendezvousFrame frame)
    {
        if (_core is null)
            return;
        if (!_links.TryGetValue(from.PeerId, out var link) || link.Link != from)
            FollowLinks();
        if (_links.TryGetValue(from.PeerId, out link) && link.Link == from && link.Rate.TryTake(_time.NowUs()))
            _core.Hear(from.PeerId, RoomWhereabouts.ToWord(frame, _room, from.RemoteEndPoint.Address), _time.NowUs());
    }

    private async Task CarryOutAsync(TakeoverCore core, CancellationToken cancellationToken)
    {
        foreach (var effect in core.TakeEffects())
        {
            switch (effect)
            {
                case Say { PeerId: { } one }:
                    if (_links.TryGetValue(one, out var link))
                        SayTo([link.Link], core.Word);
                    break;
                case Say:
                    SayTo(_links.Values.Select(each => each.Link), core.Word);
                    break;
                case MoveTo move:
                    _client!.Look(move.Rank.Id, [.. move.Urls.Select(u => new Uri(u))], move.ComesHome);
                    break;
                case TryThese these:
                    _client!.SetCandidates([.. these.Urls.Select(u => new Uri(u))]);
                    break;
                case StartServer start:
                    await TakeOverAsync(core, start.Epoch, cancellationToken);
                    break;
                case Ask ask:
                    _asking.Add(AskAsync(new Uri(ask.Url), ask.Told ?? new Rendezvous(1, core.Best.Id, []), cancellationToken));
                    break;
                default:
                    throw new NotSupportedException(effect.GetType().Name);
            }
        }
    }

    private void SayTo(IEnumerable<PeerConnection> links, Word word)
    {
        if (word.Rank.Epoch == 0)
            return;
        // Once for all of them: to ask the system for its cards takes it a millisecond.
        var here = LocalAddresses.All();
        foreach (var link in links)
            link.Send(RoomWhereabouts.ToFrame(word, _room, _own.Running?.Port, link.LocalEndPoint.Address, here, _own.Running?.IsSecure == true));
    }

    private async Task TakeOverAsync(TakeoverCore core, long epoch, CancellationToken cancellationToken)
    {
        // From the moment at which the authority was lost: what members went without one.
        var lost = _time.GetUtcNow() - TimeSpan.FromMicroseconds(_time.NowUs() - _lostUs);
        using var span = Spans?.StartActivity("room.takeover", ActivityKind.Internal, default(ActivityContext), startTime: lost);
        try
        {
            var server = await _own.StartAsync(cancellationToken);
            var nowUs = _time.NowUs();
            var legacy = Legacy.ForOwnServer(_follower!.Room, _room, _client, epoch, nowUs - _lostUs, _links.ContainsKey, nowUs);
            var risen = await server.InheritAsync(legacy, cancellationToken);
            span?.SetTag("jam.room.epoch", risen);
            core.ServerRuns(server.ClockId, risen, _own.UrlOf(_room).ToString(), _time.NowUs());
        }
        catch (JamException problem)
        {
            core.ServerFailed(_time.NowUs());
            span?.SetStatus(ActivityStatusCode.Error, problem.Message);
            _notice($"cannot take the room over: {problem.Message}");
        }
    }

    private async Task AskAsync(Uri url, Rendezvous told, CancellationToken cancellationToken)
    {
        var reachable = RoomWhereabouts.ToServer(told, url, _own.Running is null ? null : _own.UrlOf(_room), LocalAddresses.All());
        if (await RendezvousQuestion.AskAsync(url, reachable, _time, cancellationToken, _own.Trust) is { } answer)
            Post(() => _core?.Answered(url.ToString(), Cleaned(answer, url), _time.NowUs()));
    }

    private Rendezvous Cleaned(Rendezvous told, Uri from) => told with
    {
        Urls = RoomWhereabouts.Believable(told.Urls, _room, IPAddress.TryParse(from.DnsSafeHost, out var address) ? address : from.IsLoopback ? IPAddress.Loopback : IPAddress.Any),
    };

    private string Describe(TakeoverCore core, AuthorityRank rank, Uri url, bool isAgain, bool isOther) => core.TakerOf(rank.Id) switch
    {
        var taker when isOther && taker is not null && taker == _follower!.Room.PeerId && _own.Running is { } server =>
            $"the server is gone: this peer takes the room over, on port {server.Port}",
        { } taker when isOther => $"{_mesh.FindMember(taker)?.Name ?? taker}'s peer has taken the room over; connected to {url}",
        _ => isAgain ? $"connected to {url} again" : $"connected to {url}",
    };
}
