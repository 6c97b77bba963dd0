using System.Collections.Concurrent;
using System.Net;
using System.Threading.Channels;
using Jam.Peer.Swarm;
using Jam.Peer.Wire;
using Jam.Server.Contracts;

namespace Jam.Peer.Network;

/// <summary>
/// Members tell each other where the others are. While the rendezvous is there, its word counts: what is heard only adds an
/// address to a member that the room names. While it is away, members that nobody names any more are dialled on it too; the
/// handshake proves that whoever answers belongs to the room.
/// </summary>
internal sealed class PeerExchange : IAsyncDisposable
{
    /// <summary>Distance of two PEX on a link.</summary>
    public static readonly TimeSpan Every = TimeSpan.FromSeconds(30);

    // What comes sooner is not read. A little less than the distance, for the jitter of the way.
    private const long SoonestUs = 25_000_000;
    private const int MaxLearned = 1024;
    private static readonly TimeSpan TypedAfter = TimeSpan.FromSeconds(2);

    private readonly Mesh _mesh;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<string, IPEndPoint> _learned = new();
    private readonly ConcurrentDictionary<LinkId, long> _heardUs = new();
    // Full mode: what does not fit is not dialled; it comes again with the next PEX.
    private readonly Channel<PexEntry> _toDial = Channel.CreateBounded<PexEntry>(
        new BoundedChannelOptions(PexBook.MaxEntries) { FullMode = BoundedChannelFullMode.DropWrite });
    // Full mode: people type no more than a few.
    private readonly Channel<DnsEndPoint> _typed = Channel.CreateBounded<DnsEndPoint>(new BoundedChannelOptions(16) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _stop = new();
    private readonly Task[] _loops;

    public PeerExchange(Mesh mesh, TimeProvider time)
    {
        _mesh = mesh;
        _time = time;
        _loops = [SayLoopAsync(_stop.Token), DialLoopAsync(_stop.Token), TypedLoopAsync(_stop.Token)];
    }

    /// <summary>Where the room says that a member listens, and after that where other members do.</summary>
    public IReadOnlyList<IPEndPoint> With(string peerId, IPEndPoint[] said) =>
        _learned.TryGetValue(peerId, out var heard) && !said.Contains(heard) ? [.. said, heard] : said;

    /// <summary>
    /// An address that people typed, which answered: where two seconds later somebody is still missing, it is dialled as it is. Behind
    /// a router that forwards a port it is the only one that leads to that peer, and nobody in the room knows it.
    /// </summary>
    public void OnTyped(DnsEndPoint peer) => _typed.Writer.TryWrite(peer);

    /// <summary>A connection was made: the other side hears at once whom it could meet.</summary>
    public void OnUp(PeerConnection connection) => Say(connection, 0);

    /// <summary>A member names others. Does not wait.</summary>
    public void Take(PeerConnection from, PexFrame frame)
    {
        var nowUs = _time.NowUs();
        if (_heardUs.TryGetValue(from.Id, out var lastUs) && nowUs - lastUs < SoonestUs)
            return;
        _heardUs[from.Id] = nowUs;
        foreach (var entry in PexBook.Read(frame.Addresses, from.RemoteEndPoint.Address))
        {
            if (entry.PeerId == _mesh.Identity?.PeerId || _mesh.IsSettled(entry.PeerId))
                continue;
            if (_mesh.FindMember(entry.PeerId) is not null)
            {
                if (_learned.Count < MaxLearned || _learned.ContainsKey(entry.PeerId))
                    _learned[entry.PeerId] = entry.Address;
            }
            else if (!_mesh.IsRoomReachable)
            {
                _toDial.Writer.TryWrite(entry);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_loops).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task SayLoopAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Every, _time);
        for (var round = 1; await timer.WaitForNextTickAsync(cancellationToken); round++)
        {
            var links = _mesh.Links;
            foreach (var gone in _heardUs.Keys.Except(links.Select(l => l.Id)))
                _heardUs.TryRemove(gone, out _);
            foreach (var link in links)
                Say(link, round);
        }
    }

    private void Say(PeerConnection to, int round)
    {
        if (!to.Exchanges)
            return;
        var links = _mesh.Links.OrderBy(l => l.Id.Value).Select(l => new PexEntry(l.PeerId, l.ListenEndPoint)).ToArray();
        var said = PexBook.Say(links, to.PeerId, to.RemoteEndPoint.Address, round);
        if (said.Count > 0)
            to.Send(new PexFrame(said));
    }

    private async Task TypedLoopAsync(CancellationToken cancellationToken)
    {
        await foreach (var peer in _typed.Reader.ReadAllAsync(cancellationToken))
        {
            await Task.Delay(TypedAfter, _time, cancellationToken);
            if (_mesh.Members.All(m => _mesh.IsSettled(m.PeerId)) || _mesh.HasLinkTo(peer))
                continue;
            try
            {
                await _mesh.DialAsync(peer, cancellationToken);
            }
            catch (Exception problem) when (problem is IOException or ProtocolException)
            {
                // It is being dialled at the room's addresses too, and people hear of that.
                continue;
            }
        }
    }

    // One after the other: what a single liar can make this peer dial is bounded by the time that each attempt takes.
    private async Task DialLoopAsync(CancellationToken cancellationToken)
    {
        await foreach (var entry in _toDial.Reader.ReadAllAsync(cancellationToken))
        {
            if (_mesh.IsRoomReachable || _mesh.IsSettled(entry.PeerId))
                continue;
            try
            {
                await _mesh.DialAsync([entry.Address], cancellationToken);
            }
            catch (Exception problem) when (problem is IOException or ProtocolException)
            {
                // Hearsay that is wrong or old; the next PEX may know better.
                continue;
            }
        }
    }
}
