using System.Net;
using System.Net.Sockets;
using Jam.Peer.Network;
using Jam.Peer.Wire;

namespace Jam.Tests.Network;

/// <summary>A peer that says exactly what a test wants said, right or wrong.</summary>
internal sealed class WirePeer : IAsyncDisposable
{
    private readonly Socket _socket;
    private bool _isMember;

    private WirePeer(Socket socket)
    {
        _socket = socket;
        Stream = new FrameStream(socket);
    }

    public FrameStream Stream { get; }

    /// <summary>Another machine than the one that the others come from, as far as addresses tell.</summary>
    public static IPAddress Elsewhere { get; } = IPAddress.Parse("127.0.0.2");

    /// <summary>Connects and says nothing.</summary>
    public static async Task<WirePeer> ConnectAsync(int port, CancellationToken cancellationToken, IPAddress? from = null)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        if (from is not null)
            socket.Bind(new IPEndPoint(from, 0));
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), cancellationToken);
        return new WirePeer(socket);
    }

    /// <summary>Connects and proves that it belongs to the room.</summary>
    public static async Task<WirePeer> JoinAsync(SwarmNode node, string id, CancellationToken cancellationToken, IPAddress? from = null)
    {
        var peer = await ConnectAsync(node.Mesh.Port, cancellationToken, from);
        await Handshake.DialAsync(peer.Stream, new PeerIdentity(id, "jam", SwarmNode.Secret), 0, cancellationToken);
        peer._isMember = true;
        return peer;
    }

    public ValueTask SendAsync(Frame frame, CancellationToken cancellationToken) => Stream.SendAsync(frame, cancellationToken);

    public ValueTask SendRawAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) => Stream.SendRawAsync(bytes, cancellationToken);

    /// <summary>The next frame of a kind; those before it are passed over. Null where the connection has ended.</summary>
    public async Task<T?> NextAsync<T>(CancellationToken cancellationToken)
        where T : Frame
    {
        while (await ReadAsync(cancellationToken) is { } frame)
        {
            if (frame is T wanted)
                return wanted;
            (frame as ChunkFrame)?.Release();
        }

        return null;
    }

    /// <summary>Reads to the end of the connection.</summary>
    /// <returns>What BYE says; null where it ends without one.</returns>
    public async Task<string?> EndAsync(CancellationToken cancellationToken) => (await NextAsync<ByeFrame>(cancellationToken))?.Reason;

    /// <summary>Asks and waits until all that was said before has been taken in.</summary>
    public async Task<bool> IsAliveAsync(CancellationToken cancellationToken)
    {
        var nonce = (ulong)Random.Shared.NextInt64();
        try
        {
            await SendAsync(new PingFrame(nonce), cancellationToken);
        }
        catch (IOException)
        {
            return false;
        }

        while (await NextAsync<PongFrame>(cancellationToken) is { } pong)
        {
            if (pong.Nonce == nonce)
                return true;
        }

        return false;
    }

    /// <summary>Ends the connection as a crash does, without a word.</summary>
    public void Reset()
    {
        _socket.LingerState = new LingerOption(true, 0);
        _socket.Close();
    }

    public ValueTask DisposeAsync() => Stream.DisposeAsync();

    private async Task<Frame?> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await Stream.ReadAsync(_isMember, cancellationToken);
        }
        catch (IOException)
        {
            // Reset: the end as well.
            return null;
        }
    }
}
