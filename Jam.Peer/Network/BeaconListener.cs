using System.Net;
using System.Net.Sockets;
using Jam.Peer.Wire;

namespace Jam.Peer.Network;

/// <summary>Hears beacons, over IPv4 and IPv6, as far as the machine has them.</summary>
internal sealed class BeaconListener : IDisposable
{
    private readonly IReadOnlyList<Socket> _sockets;
    private readonly Task<(IPAddress From, Beacon Beacon)>?[] _waiting;

    private BeaconListener(IReadOnlyList<Socket> sockets) => (_sockets, _waiting) = (sockets, new Task<(IPAddress, Beacon)>?[sockets.Count]);

    /// <summary>The UDP port that is bound; the first where they differ.</summary>
    public int Port => ((IPEndPoint)_sockets[0].LocalEndPoint!).Port;

    /// <summary>Joins the groups on every interface that lets it.</summary>
    /// <exception cref="IOException">None does, or the port cannot be bound.</exception>
    public static BeaconListener Open(BeaconNetwork network)
    {
        var sockets = new List<Socket>();
        var problem = new IOException("no network here takes multicast");
        foreach (var family in network.InterfacesNow().GroupBy(a => a.AddressFamily).OrderBy(f => f.Key))
        {
            var socket = new Socket(family.Key, SocketType.Dgram, ProtocolType.Udp);
            try
            {
                // Several may listen on one machine.
                socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
                if (family.Key == AddressFamily.InterNetworkV6)
                    socket.DualMode = false;
                socket.Bind(new IPEndPoint(AnyOf(socket), network.Port));
                // Every one is tried, not only the first that works.
                if (family.Where(a => TryJoin(socket, network, a)).ToArray().Length > 0)
                {
                    sockets.Add(socket);
                    continue;
                }
            }
            catch (SocketException failed)
            {
                problem = new IOException($"cannot listen on UDP port {network.Port} ({failed.Message})", failed);
            }

            socket.Dispose();
        }

        return sockets.Count > 0 ? new BeaconListener(sockets) : throw problem;
    }

    /// <summary>The next beacon and the address that it came from; what is none is passed over.</summary>
    public async Task<(IPAddress From, Beacon Beacon)> ReceiveAsync(CancellationToken cancellationToken)
    {
        for (var i = 0; i < _sockets.Count; i++)
            _waiting[i] ??= ReceiveAsync(_sockets[i], cancellationToken);
        var first = await Task.WhenAny(_waiting.OfType<Task<(IPAddress, Beacon)>>());
        _waiting[Array.IndexOf(_waiting, first)] = null;
        return await first;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var socket in _sockets)
            socket.Dispose();
    }

    private static async Task<(IPAddress From, Beacon Beacon)> ReceiveAsync(Socket socket, CancellationToken cancellationToken)
    {
        // One byte more than a beacon may have, so that what is longer is seen to be.
        var buffer = new byte[Beacon.MaxSize + 1];
        while (true)
        {
            SocketReceiveFromResult received;
            try
            {
                received = await socket.ReceiveFromAsync(buffer, new IPEndPoint(AnyOf(socket), 0), cancellationToken);
            }
            catch (SocketException problem) when (problem.SocketErrorCode == SocketError.MessageSize)
            {
                // Longer than any beacon.
                continue;
            }

            if (Beacon.TryRead(buffer.AsSpan(0, received.ReceivedBytes)) is { } beacon)
                return (((IPEndPoint)received.RemoteEndPoint).Address, beacon);
        }
    }

    private static IPAddress AnyOf(Socket socket) => socket.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any;

    private static bool TryJoin(Socket socket, BeaconNetwork network, IPAddress on)
    {
        try
        {
            if (on.AddressFamily == AddressFamily.InterNetworkV6)
                socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.AddMembership, new IPv6MulticastOption(network.Group6, on.ScopeId));
            else
                socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.AddMembership, new MulticastOption(network.Group, on));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
