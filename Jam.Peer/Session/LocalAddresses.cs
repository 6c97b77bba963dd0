using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Jam.Peer.Network;

namespace Jam.Peer.Session;

/// <summary>Where this machine can be reached.</summary>
internal static class LocalAddresses
{
    /// <summary>What other members are told: loopback first where this peer runs on the server's machine, for others that do.</summary>
    public static IEnumerable<IPAddress> ForPeers(bool isOnServersMachine) =>
        isOnServersMachine ? All().Prepend(IPAddress.Loopback).Distinct() : All();

    /// <summary>Unicast addresses of interfaces that are up: those of a LAN first, loopback only where there is nothing else.</summary>
    public static IReadOnlyList<IPAddress> All()
    {
        var found = new List<IPAddress>();
        foreach (var card in NetworkInterface.GetAllNetworkInterfaces())
        {
            if (card.OperationalStatus != OperationalStatus.Up || card.NetworkInterfaceType == NetworkInterfaceType.Loopback)
                continue;
            found.AddRange(card.GetIPProperties().UnicastAddresses.Select(a => a.Address)
                .Where(a => a.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6 && !a.IsIPv6LinkLocal));
        }

        return found.Count == 0
            ? [IPAddress.Loopback]
            : [.. found.OrderBy(a => a.AddressFamily == AddressFamily.InterNetworkV6).ThenBy(PlainAddress.Text, StringComparer.Ordinal)];
    }
}
