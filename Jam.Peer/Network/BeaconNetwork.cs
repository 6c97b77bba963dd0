using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Jam.Peer.Wire;

namespace Jam.Peer.Network;

/// <summary>Where beacons go: an administratively scoped IPv4 group (RFC 2365), on the network's own segment only.</summary>
/// <param name="Group">The multicast group.</param>
/// <param name="Port">Its UDP port.</param>
/// <param name="Interfaces">Addresses of the interfaces to use; null: all that are up.</param>
internal sealed record BeaconNetwork(IPAddress Group, int Port, IReadOnlyList<IPAddress>? Interfaces = null)
{
    /// <summary>Where SwarmJam's beacons go.</summary>
    public static BeaconNetwork Default { get; } = new(IPAddress.Parse("239.255.83.74"), 9003);

    /// <summary>The interfaces as they are now: a laptop changes them.</summary>
    public IReadOnlyList<IPAddress> InterfacesNow() => Interfaces ??
    [
        .. NetworkInterface.GetAllNetworkInterfaces().Where(card => card.OperationalStatus == OperationalStatus.Up
                || card.NetworkInterfaceType == NetworkInterfaceType.Loopback)
            .SelectMany(card => card.GetIPProperties().UnicastAddresses).Select(a => a.Address)
            .Where(a => a.AddressFamily == AddressFamily.InterNetwork),
    ];
}

/// <summary>Tells the local network which room there is, every two seconds. What an interface does not take is not told.</summary>
internal sealed class BeaconSender : IAsyncDisposable
{
    /// <summary>Distance of beacons.</summary>
    public static readonly TimeSpan Every = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;

    /// <param name="network">Where to.</param>
    /// <param name="what">What to tell at the moment; null: nothing. Called on the sender's own loop.</param>
    /// <param name="time">For the distance.</param>
    public BeaconSender(BeaconNetwork network, Func<Beacon?> what, TimeProvider time) => _loop = Task.Run(() => RunAsync(network, what, time, _stop.Token));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private static async Task RunAsync(BeaconNetwork network, Func<Beacon?> what, TimeProvider time, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        do
        {
            if (what() is not { } beacon)
                continue;
            var datagram = beacon.Write();
            foreach (var address in network.InterfacesNow())
                await TrySendAsync(network, address, datagram, cancellationToken);
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    private static async Task TrySendAsync(BeaconNetwork network, IPAddress from, byte[] datagram, CancellationToken cancellationToken)
    {
        try
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            socket.Bind(new IPEndPoint(from, 0));
            socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastInterface, from.GetAddressBytes());
            socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastTimeToLive, 1);
            await socket.SendToAsync(datagram, new IPEndPoint(network.Group, network.Port), cancellationToken);
        }
        catch (SocketException)
        {
            // An interface without multicast, or one that has just gone: discovery is a convenience, the next round comes soon.
            return;
        }
    }
}

/// <summary>Hears beacons.</summary>
internal sealed class BeaconListener : IDisposable
{
    private readonly Socket _socket;

    private BeaconListener(Socket socket) => _socket = socket;

    /// <summary>The UDP port that is bound.</summary>
    public int Port => ((IPEndPoint)_socket.LocalEndPoint!).Port;

    /// <summary>Joins the group on every interface that lets it.</summary>
    /// <exception cref="IOException">None does, or the port cannot be bound.</exception>
    public static BeaconListener Open(BeaconNetwork network)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            // Several may listen on one machine.
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            socket.Bind(new IPEndPoint(IPAddress.Any, network.Port));
            // Every one is tried, not only the first that works.
            var joined = network.InterfacesNow().Where(a => TryJoin(socket, network.Group, a)).ToArray();
            if (joined.Length == 0)
                throw new IOException("no network here takes multicast");
            return new BeaconListener(socket);
        }
        catch (SocketException problem)
        {
            socket.Dispose();
            throw new IOException($"cannot listen on UDP port {network.Port} ({problem.Message})", problem);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>The next beacon and the address that it came from; what is none is passed over.</summary>
    public async Task<(IPAddress From, Beacon Beacon)> ReceiveAsync(CancellationToken cancellationToken)
    {
        // One byte more than a beacon may have, so that what is longer is seen to be.
        var buffer = new byte[Beacon.MaxSize + 1];
        while (true)
        {
            SocketReceiveFromResult received;
            try
            {
                received = await _socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), cancellationToken);
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

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private static bool TryJoin(Socket socket, IPAddress group, IPAddress on)
    {
        try
        {
            socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.AddMembership, new MulticastOption(group, on));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
