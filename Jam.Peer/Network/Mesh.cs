using System.Collections.Concurrent;
using System.Net;
using Jam.Peer.Swarm;
using Jam.Peer.Wire;
using Jam.Server.Contracts;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Jam.Peer.Network;

/// <summary>
/// Connections to the members of the room: takes those that come, dials those that do not, keeps one each, dials the lost again.
/// </summary>
internal sealed partial class Mesh : IDoorkeeper, IAsyncDisposable
{
    private readonly SwarmLoop _loop;
    private readonly TimeProvider _time;
    private readonly Action<string> _notice;
    private readonly OnceNotices _once;
    private readonly Entrance _entrance;
    private readonly Connect _connect;
    private readonly Admission _admission;
    private readonly LinkRegistry _links = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskBag _running = new();
    private readonly ILogger _log;
    private readonly ConcurrentDictionary<string, Member> _members = new();
    private readonly ConcurrentDictionary<string, MemberDialer> _dialers = new();
    private readonly LinkServices _services;
    private PeerIdentity? _identity;
    private RoomLocation? _location;
    private int _nextLink;

    /// <param name="loop">The swarm.</param>
    /// <param name="listenPort">Swarm port; 0 takes any free one.</param>
    /// <param name="time">For every wait.</param>
    /// <param name="notice">Tells people.</param>
    /// <param name="upLimit">Upload cap, bytes per second; null: none.</param>
    /// <param name="connect">Opens connections; null: over TCP.</param>
    /// <param name="log">Attempts and what came of them; null: nowhere.</param>
    /// <param name="bind">Address that the swarm port is bound to; null: every one.</param>
    public Mesh(SwarmLoop loop, int listenPort, TimeProvider time, Action<string> notice, long? upLimit = null, Connect? connect = null, ILogger? log = null, IPAddress? bind = null)
    {
        Guard = new LinkGuard(time);
        _log = log ?? NullLogger.Instance;
        _loop = loop;
        _time = time;
        _notice = notice;
        _once = new OnceNotices(notice);
        _admission = new Admission(_links, time, _once);
        _connect = connect ?? Dialer.ConnectAsync;
        _entrance = new Entrance(this, listenPort, time, notice, log, bind);
        _services = new LinkServices(this, upLimit, time);
        _entrance.Start();
    }

    /// <summary>Opens a connection to whichever address of a peer answers first.</summary>
    public delegate Task<FrameStream> Connect(IReadOnlyList<IPEndPoint> addresses, TimeProvider time, CancellationToken cancellationToken);

    /// <summary>Faults where no more connections can be taken.</summary>
    public Task Completion => _entrance.Completion;

    /// <summary>The swarm port.</summary>
    public int Port => _entrance.Port;

    /// <summary>Who this peer is; null until the rendezvous has said so.</summary>
    public PeerIdentity? Identity
    {
        get => Volatile.Read(ref _identity);
        set => Volatile.Write(ref _identity, value);
    }

    /// <summary>What WHERE is answered with; a loopback host stands for this machine, as the asker sees it.</summary>
    public RoomLocation? Location
    {
        get => Volatile.Read(ref _location);
        set => Volatile.Write(ref _location, value);
    }

    /// <summary>Whether the rendezvous says who is in the room; while it does not, members find each other by PEX.</summary>
    public bool IsRoomReachable { get; set; } = true;

    /// <summary>A member says where the room's authority is; called on that link's own loop, and must not wait.</summary>
    public Action<PeerConnection, RendezvousFrame>? OnRendezvous { get; set; }

    /// <summary>Connections that stand.</summary>
    public IReadOnlyList<PeerConnection> Links => _links.All;

    /// <summary>Members with whom this peer is to be connected, this one left out.</summary>
    public IEnumerable<Member> Members => _members.Values;

    /// <summary>What the room says of a member; null where it knows none.</summary>
    public Member? FindMember(string peerId) => _members.GetValueOrDefault(peerId);

    /// <summary>
    /// Where a member may be dialled. The server sees whoever runs on its own machine come from a loopback address: that
    /// address is right for others on that machine, and the best there, and wrong for everyone else.
    /// </summary>
    public IReadOnlyList<IPEndPoint> AddressesOf(Member member)
    {
        var all = member.Addresses.Select(a => IPEndPoint.TryParse(a, out var address) ? address : null).OfType<IPEndPoint>()
            .Where(a => a.Port != 0).ToLookup(a => IPAddress.IsLoopback(a.Address));
        var isOnServersMachine = Location is { Urls: [{ IsLoopback: true }, ..] };
        return _services.Exchange.With(member.PeerId, isOnServersMachine && all[true].Any() ? [.. all[true]] : [.. all[false]]);
    }

    /// <summary>A member is there, is back, or has another role.</summary>
    /// <param name="member">Not this peer.</param>
    /// <param name="dialNow">Whether this side dials at once; else it gives the other side a moment to do so.</param>
    public void SetMember(Member member, bool dialNow)
    {
        var before = FindMember(member.PeerId);
        _members[member.PeerId] = member;
        Guard.Vouch(member.PeerId, member.LinkKey);
        if (_links.Find(member.PeerId) is { } link)
        {
            _loop.TryPost(new HostEvent(link.Id, member.Role == Role.Host));
            // It may have moved away from where this connection leads.
            if (before is not null && !before.Addresses.SequenceEqual(member.Addresses))
                link.Probe();
        }

        if (!_stop.IsCancellationRequested)
            _dialers.GetOrAdd(member.PeerId, id => new MemberDialer(this, id, dialNow, _time)).Wake();
    }

    /// <summary>Follows the room's members from what they were to what they are.</summary>
    public async Task FollowMembersAsync(IReadOnlyDictionary<string, Member> before, IReadOnlyDictionary<string, Member> now, bool dialNow)
    {
        if (ReferenceEquals(before, now))
            return;
        foreach (var member in now.Values)
        {
            if (before.GetValueOrDefault(member.PeerId) != member)
                SetMember(member, dialNow);
        }

        foreach (var gone in before.Keys.Where(k => !now.ContainsKey(k)))
            await RemoveMemberAsync(gone);
    }

    /// <summary>A member has left: its connection may stay while it lasts, but is not made again.</summary>
    public async Task RemoveMemberAsync(string peerId)
    {
        _members.TryRemove(peerId, out _);
        if (_dialers.TryRemove(peerId, out var dialer))
            await dialer.DisposeAsync();
    }

    /// <summary>
    /// This machine has other addresses than before: connections from one that is gone end now rather than after their silence,
    /// the others are looked at, and everyone who is missing is dialled at once.
    /// </summary>
    public void OnAddressesChanged(Func<IPAddress, bool> isGone)
    {
        foreach (var link in _links.All)
        {
            if (isGone(link.LocalEndPoint.Address))
                link.Close("this machine has left that network");
            else
                link.Probe();
        }

        foreach (var dialer in _dialers.Values)
            dialer.Hurry();
    }

    /// <summary>Closes the connection to an address; neither side dials it again of itself. False where there is none.</summary>
    public bool Leave(DnsEndPoint peer)
    {
        if (_links.Find(peer) is not { } link)
            return false;
        _links.Leave(link.PeerId);
        link.Close(PeerConnection.LeftOnRequest);
        return true;
    }

    /// <inheritdoc cref="Admission.Ban"/>
    public void Ban(PeerConnection liar) => _admission.Ban(liar);

    bool IDoorkeeper.MayEnter(IPAddress from) => _admission.MayEnter(from);

    bool IDoorkeeper.TryWelcome(FrameStream stream, HelloFrame hello) => TryStart(stream, hello, outgoing: false, out _);

    /// <summary>Whether there is a connection, or must be none.</summary>
    public bool IsSettled(string peerId) => _links.Find(peerId) is not null || _links.IsBanned(peerId) || _links.IsLeft(peerId);

    /// <summary>So many bytes that are no chunk go out: they count against the upload cap.</summary>
    public ValueTask SpendUploadAsync(int bytes, CancellationToken cancellationToken) => _loop.PostAsync(new SpentEvent(bytes), cancellationToken);

    /// <inheritdoc cref="PeerExchange.OnTyped"/>
    public void OnTyped(DnsEndPoint peer) => _services.Exchange.OnTyped(peer);

    /// <summary>Whether a connection leads to an address.</summary>
    public bool HasLinkTo(DnsEndPoint peer) => _links.Find(peer) is not null;

    /// <summary>Tells the room's people something.</summary>
    public void Notice(string line) => _notice(line);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        foreach (var dialer in _dialers.Values)
            await dialer.DisposeAsync();
        await _entrance.DisposeAsync();
        await _services.DisposeAsync();
        await _running.AllAsync();
        _stop.Dispose();
    }

    private bool TryStart(FrameStream stream, HelloFrame hello, bool outgoing, out PeerConnection connection)
    {
        connection = new PeerConnection(new LinkId(Interlocked.Increment(ref _nextLink)), stream, hello, outgoing, _loop, _time, _services.Take);
        if (!_links.TryAdd(Identity!.PeerId, connection, out var replaced))
        {
            // Whoever dials again may know that the one that stands is dead.
            _links.Find(hello.PeerId)?.Probe();
            return false;
        }

        replaced?.Close("another connection to the same peer is used");
        _services.Exchange.OnUp(connection);
        _running.Add(RunAsync(connection, _stop.Token));
        return true;
    }

    private async Task RunAsync(PeerConnection connection, CancellationToken cancellationToken)
    {
        var isHost = FindMember(connection.PeerId)?.Role == Role.Host;
        await _loop.PostAsync(new LinkUpEvent(connection, isHost), cancellationToken);
        string why;
        var (who, where) = (NameOf(connection.PeerId), connection.RemoteEndPoint.Plain().ToString());
        NetworkLog.LinkUp(_log, who, where, connection.Outgoing ? "dialled" : "it dialled");
        await using (connection)
        {
            why = await connection.RunAsync(cancellationToken);
            NetworkLog.LinkDown(_log, who, where, why);
            if (why == PeerConnection.LeftOnRequest)
                _links.Leave(connection.PeerId);
            _links.Remove(connection);
            if (!cancellationToken.IsCancellationRequested)
                await _loop.PostAsync(new LinkDownEvent(connection.Id), cancellationToken);
        }

        if (cancellationToken.IsCancellationRequested || _links.Find(connection.PeerId) is not null)
            return;
        // Who leaves in good order is named by the rendezvous, and is not dialled.
        if (why is PeerConnection.Farewell or PeerConnection.LeftOnRequest)
            return;
        if (FindMember(connection.PeerId) is { } member)
            _once.Say($"lost {connection.PeerId} {why}", $"lost the connection to {member.Name} ({why}); dialling it again");
        if (_dialers.TryGetValue(connection.PeerId, out var dialer))
            dialer.Wake();
    }
}
