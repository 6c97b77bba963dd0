using System.Net;
using Jam.Peer.Wire;

namespace Jam.Peer.Network;

/// <content>The way to others: which addresses are tried, who answers there, and whether it is let in.</content>
internal sealed partial class Mesh
{
    /// <summary>Connects to a peer of the room at an address.</summary>
    /// <exception cref="IOException">It cannot be reached.</exception>
    /// <exception cref="ProtocolException">It will not have this peer.</exception>
    public async Task<PeerConnection> DialAsync(DnsEndPoint peer, CancellationToken cancellationToken) =>
        await DialAsync(await Dialer.ResolveAsync(peer, cancellationToken), cancellationToken);

    /// <summary>
    /// As above, over several addresses of one peer. Whoever answers may be another: every other machine has a 172.17.0.1 of its
    /// own. Then the rest is tried.
    /// </summary>
    /// <param name="addresses">Where it may be.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <param name="peerId">Who must answer; null: any member of the room.</param>
    public async Task<PeerConnection> DialAsync(IReadOnlyList<IPEndPoint> addresses, CancellationToken cancellationToken, string? peerId = null)
    {
        var (who, where) = (NameOf(peerId), string.Join(", ", addresses));
        NetworkLog.Dialling(_log, who, where);
        try
        {
            return await DialAnyAsync(addresses, peerId, cancellationToken);
        }
        catch (Exception problem) when (problem is IOException or ProtocolException)
        {
            NetworkLog.NotReached(_log, who, where, problem.Message);
            throw;
        }
    }

    private async Task<PeerConnection> DialAnyAsync(IReadOnlyList<IPEndPoint> addresses, string? peerId, CancellationToken cancellationToken)
    {
        var left = addresses.Where(a => !_admission.IsBanned(a.Address)).ToList();
        if (left.Count == 0 && addresses.Count > 0)
            throw new ProtocolException("wrong data came from its address a short while ago");
        while (true)
        {
            var stream = await _connect(left, _time, cancellationToken);
            var answered = ((IPEndPoint)stream.Socket.RemoteEndPoint!).Plain();
            try
            {
                var connection = await WelcomeAsync(stream, cancellationToken);
                return peerId is null || connection.PeerId == peerId ? connection : throw new ProtocolException($"another peer answers at {answered}");
            }
            catch (ProtocolException) when (left.RemoveAll(a => a.Plain().Equals(answered)) > 0 && left.Count > 0)
            {
                continue;
            }
        }
    }

    private string NameOf(string? peerId) => peerId is null ? "a peer" : FindMember(peerId)?.Name ?? peerId;

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
                hello = await Handshake.DialAsync(stream, identity, (ushort)Port, patience.Token, Guard);
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
}
