using System.Net;
using System.Net.Sockets;
using Jam.Peer.Session;

namespace Jam.Peer.Network;

/// <summary>The swarm port. IPv6 and IPv4 where the machine has both.</summary>
internal sealed class PeerListener : IDisposable
{
    private readonly Socket _socket;

    private PeerListener(Socket socket)
    {
        _socket = socket;
        Port = ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    /// <summary>The port that is bound.</summary>
    public int Port { get; }

    /// <summary>Binds the port; 0 takes any free one.</summary>
    /// <param name="port">The port.</param>
    /// <param name="address">The address; null: every one.</param>
    /// <exception cref="JamException">It is taken.</exception>
    public static PeerListener Bind(int port, IPAddress? address = null)
    {
        var v6 = address is null ? Socket.OSSupportsIPv6 : address.AddressFamily == AddressFamily.InterNetworkV6;
        var socket = new Socket(v6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (v6 && address is null)
                socket.DualMode = true;
            socket.Bind(new IPEndPoint(address ?? (v6 ? IPAddress.IPv6Any : IPAddress.Any), port));
            socket.Listen(128);
            return new PeerListener(socket);
        }
        catch (SocketException problem)
        {
            socket.Dispose();
            throw new JamException($"cannot listen on port {port} ({problem.Message}); choose another with --listen-port, 0 takes any free one", problem);
        }
    }

    /// <summary>The next connection.</summary>
    public ValueTask<Socket> AcceptAsync(CancellationToken cancellationToken) => _socket.AcceptAsync(cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();
}
