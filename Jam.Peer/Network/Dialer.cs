using System.Net;
using System.Net.Sockets;
using Jam.Peer.Wire;

namespace Jam.Peer.Network;

/// <summary>Opens TCP connections to peers.</summary>
internal static class Dialer
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Stagger = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// Connects to whichever address answers first, each a moment after the one before it, IPv6 and IPv4 in turn (RFC 8305,
    /// 250 ms apart).
    /// </summary>
    /// <exception cref="IOException">None answered; the message names the last problem.</exception>
    public static async Task<FrameStream> ConnectAsync(IReadOnlyList<IPEndPoint> addresses, TimeProvider time, CancellationToken cancellationToken)
    {
        addresses = InTurn(addresses);
        using var timer = new CancellationTokenSource(ConnectTimeout, time);
        using var race = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        var attempts = new List<Task<Socket>>();
        Socket? winner = null;
        Exception? last = null;
        for (var next = 0; winner is null && (next < addresses.Count || attempts.Count > 0);)
        {
            if (next < addresses.Count)
                attempts.Add(ConnectOneAsync(addresses[next++], race.Token));
            var any = Task.WhenAny(attempts);
            if (next < addresses.Count && await Task.WhenAny(any, Task.Delay(Stagger, time, race.Token)) != any)
                continue;
            var done = await any;
            attempts.Remove(done);
            try
            {
                winner = await done;
            }
            catch (Exception problem) when (problem is SocketException or OperationCanceledException)
            {
                cancellationToken.ThrowIfCancellationRequested();
                last = problem;
            }
        }

        await race.CancelAsync();
        foreach (var loser in attempts)
        {
            if (await Task.WhenAny(loser) is { IsCompletedSuccessfully: true })
                (await loser).Dispose();
        }

        return winner is not null ? new FrameStream(winner) : throw new IOException(Explain(last), last);
    }

    /// <summary>IPv6 and IPv4 in turn, IPv6 first, each family in its own order (RFC 8305, section 4).</summary>
    public static IReadOnlyList<IPEndPoint> InTurn(IReadOnlyList<IPEndPoint> addresses)
    {
        var (six, four) = (addresses.Where(IsSix).ToArray(), addresses.Where(a => !IsSix(a)).ToArray());
        return [.. Enumerable.Range(0, Math.Max(six.Length, four.Length)).SelectMany(i => six.Skip(i).Take(1).Concat(four.Skip(i).Take(1)))];

        static bool IsSix(IPEndPoint address) => address.AddressFamily == AddressFamily.InterNetworkV6;
    }

    /// <summary>The addresses of a name.</summary>
    /// <exception cref="IOException">There is no such host.</exception>
    public static async Task<IReadOnlyList<IPEndPoint>> ResolveAsync(DnsEndPoint peer, CancellationToken cancellationToken)
    {
        try
        {
            return [.. (await Dns.GetHostAddressesAsync(peer.Host, cancellationToken)).Select(a => new IPEndPoint(a, peer.Port))];
        }
        catch (SocketException problem)
        {
            throw new IOException($"there is no host '{peer.Host}'", problem);
        }
    }

    /// <summary>Resolves a name and connects.</summary>
    public static async Task<FrameStream> ConnectAsync(DnsEndPoint peer, TimeProvider time, CancellationToken cancellationToken) =>
        await ConnectAsync(await ResolveAsync(peer, cancellationToken), time, cancellationToken);

    /// <summary>Asks a peer which room it is in and where its rendezvous is.</summary>
    /// <exception cref="IOException">It cannot be reached.</exception>
    /// <exception cref="ProtocolException">It is no peer of ours, or in no room.</exception>
    public static async Task<RoomLocation> WhereAsync(DnsEndPoint peer, TimeProvider time, CancellationToken cancellationToken)
    {
        await using var stream = await ConnectAsync(peer, time, cancellationToken);
        using var timer = new CancellationTokenSource(Handshake.Timeout, time);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        try
        {
            await stream.SendAsync(new WhereFrame(), patience.Token);
            var answer = await stream.ReadAsync(false, patience.Token);
            return answer switch
            {
                RoomInfoFrame info => RoomLocation.From(info, ((IPEndPoint)stream.Socket.RemoteEndPoint!).Address),
                ByeFrame bye => throw new ProtocolException(bye.Reason),
                null => throw new ProtocolException("it closed the connection"),
                _ => throw new ProtocolException("it is no SwarmJam peer"),
            };
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ProtocolException("it does not answer; is that the peer port (9003) and not the server's (8000)?");
        }
    }

    private static async Task<Socket> ConnectOneAsync(IPEndPoint address, CancellationToken cancellationToken)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(address, cancellationToken);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static string Explain(Exception? problem) => problem switch
    {
        null => "it has no address",
        SocketException { SocketErrorCode: SocketError.ConnectionRefused } => "nothing listens there (connection refused)",
        SocketException { SocketErrorCode: SocketError.HostUnreachable or SocketError.NetworkUnreachable } => "there is no way to that network",
        OperationCanceledException or SocketException { SocketErrorCode: SocketError.TimedOut } =>
            "no answer (a firewall, or the network keeps its clients apart)",
        _ => problem.Message,
    };
}
