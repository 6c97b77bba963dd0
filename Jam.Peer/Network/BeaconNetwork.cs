using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Jam.Peer.Wire;

namespace Jam.Peer.Network;

/// <summary>Where beacons go: an IPv4 group of administrative scope (RFC 2365) and an IPv6 group of link-local scope that nobody has
/// assigned (RFC 4291, ff12::/16), on the network's own segment only.</summary>
/// <param name="Group">The IPv4 group.</param>
/// <param name="Group6">The IPv6 group.</param>
/// <param name="Port">Their UDP port.</param>
/// <param name="Interfaces">Addresses of the interfaces to use, IPv6 ones with their scope; null: all that are up.</param>
internal sealed record BeaconNetwork(IPAddress Group, IPAddress Group6, int Port, IReadOnlyList<IPAddress>? Interfaces = null)
{
    /// <summary>Where SwarmJam's beacons go.</summary>
    public static BeaconNetwork Default { get; } = new(IPAddress.Parse("239.255.83.74"), IPAddress.Parse("ff12::5357:4a4d"), 9003);

    /// <summary>The group of an interface's family.</summary>
    public IPAddress GroupOf(IPAddress on) => on.AddressFamily == AddressFamily.InterNetworkV6 ? Group6 : Group;

    /// <summary>The interfaces as they are now, by an IPv4 and by a link-local IPv6 address each: a laptop changes them.</summary>
    public IReadOnlyList<IPAddress> InterfacesNow() => Interfaces ??
    [
        .. NetworkInterface.GetAllNetworkInterfaces().Where(card => card.OperationalStatus == OperationalStatus.Up
                || card.NetworkInterfaceType == NetworkInterfaceType.Loopback)
            .SelectMany(card => card.GetIPProperties().UnicastAddresses).Select(a => a.Address)
            .Where(a => a.AddressFamily == AddressFamily.InterNetwork || a.IsIPv6LinkLocal),
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
            using var socket = new Socket(from.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            socket.Bind(new IPEndPoint(from, 0));
            if (from.AddressFamily == AddressFamily.InterNetworkV6)
            {
                socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.MulticastInterface, (int)from.ScopeId);
                socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.MulticastTimeToLive, 1);
            }
            else
            {
                socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastInterface, from.GetAddressBytes());
                socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastTimeToLive, 1);
            }

            await socket.SendToAsync(datagram, new IPEndPoint(network.GroupOf(from), network.Port), cancellationToken);
        }
        catch (SocketException)
        {
            // An interface without multicast, or one that has just gone: discovery is a convenience, the next round comes soon.
            return;
        }
    }
}
