using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Jam.Peer.Swarm;
using Jam.Peer.Wire;
using Jam.Server.Contracts;

namespace Jam.Peer.Network;

/// <summary>
/// Connections to the members of the room: takes those that come, dials those that do not, keeps one each, dials again what
/// is lost.
/// </summary>
internal sealed class Mesh : IAsyncDisposable
{
    private const int MaxHalfOpen = 64;
    private const int MaxLinks = 512;

    private readonly SwarmLoop _loop;
    private readonly TimeProvider _time;
    private readonly Action<string> _notice;
    private readonly PeerListener _listener;
    private readonly LinkRegistry _links = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<long, Task> _running = new();
    private readonly ConcurrentDictionary<string, Member> _members = new();
    private readonly ConcurrentDictionary<string, MemberDialer> _dialers = new();
    private readonly LinkServices _services;
    private readonly Task _accepting;
    private PeerIdentity? _identity;
    private RoomLocation? _location;
    private int _nextLink;
    private long _nextTask;
    private int _halfOpen;

    public Mesh(SwarmLoop loop, int listenPort, TimeProvider time, Action<string> notice, long? upLimit = null)
    {
        _loop = loop;
        _time = time;
        _notice = notice;
        _listener = PeerListener.Bind(listenPort);
        _services = new LinkServices(this, upLimit, time);
        _accepting = AcceptLoopAsync(_stop.Token);
    }

    /// <summary>Faults where no more connections can be taken.</summary>
    public Task Completion => _accepting;

    /// <summary>The swarm port.</summary>
    public int Port => _listener.Port;

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
        _members[member.PeerId] = member;
        if (_links.Find(member.PeerId) is { } link)
            _loop.TryPost(new HostEvent(link.Id, member.Role == Role.Host));
        if (!_stop.IsCancellationRequested)
            _dialers.GetOrAdd(member.PeerId, id => new MemberDialer(this, id, dialNow, _time)).Wake();
    }

    /// <summary>A member has left: its connection may stay while it lasts, but is not made again.</summary>
    public async Task RemoveMemberAsync(string peerId)
    {
        _members.TryRemove(peerId, out _);
        if (_dialers.TryRemove(peerId, out var dialer))
            await dialer.DisposeAsync();
    }

    /// <summary>Connects to a peer of the room at an address.</summary>
    /// <exception cref="IOException">It cannot be reached.</exception>
    /// <exception cref="ProtocolException">It will not have this peer.</exception>
    public async Task<PeerConnection> DialAsync(DnsEndPoint peer, CancellationToken cancellationToken) =>
        await WelcomeAsync(await Dialer.ConnectAsync(peer, _time, cancellationToken), cancellationToken);

    /// <summary>As above, over several addresses of one peer.</summary>
    public async Task<PeerConnection> DialAsync(IReadOnlyList<IPEndPoint> addresses, CancellationToken cancellationToken) =>
        await WelcomeAsync(await Dialer.ConnectAsync(addresses, _time, cancellationToken), cancellationToken);

    /// <summary>Closes the connection to an address; neither side dials it again of itself. False where there is none.</summary>
    public bool Leave(DnsEndPoint peer)
    {
        foreach (var link in _links.All)
        {
            if (link.ListenEndPoint.Port != peer.Port && link.RemoteEndPoint.Port != peer.Port)
                continue;
            var address = link.RemoteEndPoint.Address.Plain();
            if (!string.Equals(address.ToString(), peer.Host, StringComparison.Ordinal) && !(IPAddress.IsLoopback(address) && peer.Host == "localhost"))
                continue;
            _links.Leave(link.PeerId);
            link.Close(PeerConnection.LeftOnRequest);
            return true;
        }

        return false;
    }

    /// <summary>Refuses a peer for the rest of the run.</summary>
    public void Ban(string peerId) => _links.Ban(peerId);

    /// <summary>Whether there is a connection, or must be none.</summary>
    public bool IsSettled(string peerId) => _links.Find(peerId) is not null || _links.IsBanned(peerId) || _links.IsLeft(peerId);

    /// <summary>Tells the room's people something.</summary>
    public void Notice(string line) => _notice(line);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        foreach (var dialer in _dialers.Values)
            await dialer.DisposeAsync();
        await _services.DisposeAsync();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.WhenAll(_running.Values).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task AcceptLoopAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Socket socket;
            try
            {
                socket = await _listener.AcceptAsync(cancellationToken);
            }
            catch (SocketException problem)
            {
                // One connection that broke before it was taken, or no descriptors left for the moment.
                _notice($"a connection could not be taken: {problem.Message}");
                await Task.Delay(TimeSpan.FromMilliseconds(100), _time, cancellationToken);
                continue;
            }

            if (Volatile.Read(ref _halfOpen) >= MaxHalfOpen || _links.All.Count >= MaxLinks)
                socket.Dispose();
            else
                Track(AcceptAsync(new FrameStream(socket), cancellationToken));
        }
    }

    private async Task AcceptAsync(FrameStream stream, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _halfOpen);
        using var timer = new CancellationTokenSource(Handshake.Timeout, _time);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        try
        {
            var local = ((IPEndPoint)stream.Socket.LocalEndPoint!).Address;
            var hello = await Handshake.AcceptAsync(stream, () => Identity, () => Location?.AsSeenFrom(local), (ushort)Port, patience.Token);
            if (hello is null || !TryStart(stream, hello, outgoing: false, out _))
                await stream.DisposeAsync();
        }
        catch (ProtocolException problem)
        {
            await RefuseAsync(stream, problem.Message, patience.Token);
        }
        catch (Exception problem) when (problem is IOException or OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await stream.DisposeAsync();
        }
        finally
        {
            Interlocked.Decrement(ref _halfOpen);
        }
    }

    private static async Task RefuseAsync(FrameStream stream, string why, CancellationToken cancellationToken)
    {
        await using (stream)
        {
            try
            {
                await stream.SendAsync(new ByeFrame(why), cancellationToken);
            }
            catch (Exception problem) when (problem is IOException or OperationCanceledException)
            {
                // It does not listen: nothing is lost.
                return;
            }
        }
    }

    private async Task<PeerConnection> WelcomeAsync(FrameStream stream, CancellationToken cancellationToken)
    {
        try
        {
            using var timer = new CancellationTokenSource(Handshake.Timeout, _time);
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
            var identity = Identity ?? throw new ProtocolException("this peer is in no room yet");
            HelloFrame hello;
            try
            {
                hello = await Handshake.DialAsync(stream, identity, (ushort)Port, patience.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw new ProtocolException("it does not answer; is that a peer port?");
            }

            if (TryStart(stream, hello, outgoing: true, out var connection))
                return connection;
            var standing = _links.Find(hello.PeerId) ?? throw new ProtocolException("it is banned: it sent wrong data");
            await stream.DisposeAsync();
            return standing;
        }
        catch
        {
            await stream.DisposeAsync();
            throw;
        }
    }

    private bool TryStart(FrameStream stream, HelloFrame hello, bool outgoing, out PeerConnection connection)
    {
        connection = new PeerConnection(new LinkId(Interlocked.Increment(ref _nextLink)), stream, hello, outgoing, _loop, _time, _services.Take);
        if (!_links.TryAdd(Identity!.PeerId, connection, out var replaced))
            return false;
        replaced?.Close("another connection to the same peer is used");
        _services.Exchange.OnUp(connection);
        Track(RunAsync(connection, _stop.Token));
        return true;
    }

    private async Task RunAsync(PeerConnection connection, CancellationToken cancellationToken)
    {
        var isHost = FindMember(connection.PeerId)?.Role == Role.Host;
        await _loop.PostAsync(new LinkUpEvent(connection, isHost), cancellationToken);
        string why;
        await using (connection)
        {
            why = await connection.RunAsync(cancellationToken);
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
            _notice($"lost the connection to {member.Name} ({why}); dialling it again");
        if (_dialers.TryGetValue(connection.PeerId, out var dialer))
            dialer.Wake();
    }

    private void Track(Task task)
    {
        var id = Interlocked.Increment(ref _nextTask);
        _running[id] = task;
        // What a task leaves behind is only its place in the list; its own root has dealt with its failures.
        _ = task.ContinueWith(_ => _running.TryRemove(id, out var _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }
}
