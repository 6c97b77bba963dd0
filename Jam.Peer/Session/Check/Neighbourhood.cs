using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Jam.Peer.Network;

namespace Jam.Peer.Session.Check;

/// <summary>How an address lies to this machine's own.</summary>
internal static class Neighbourhood
{
    /// <summary>Judges an address. Pure.</summary>
    /// <param name="target">The other machine's.</param>
    /// <param name="own">This machine's addresses with the length of their prefixes.</param>
    public static Proximity Of(IPAddress target, IEnumerable<(IPAddress Address, int Prefix)> own)
    {
        target = target.Plain();
        if (IPAddress.IsLoopback(target))
            return Proximity.SameMachine;
        var isNear = false;
        foreach (var (address, prefix) in own)
        {
            if (address.Equals(target))
                return Proximity.SameMachine;
            isNear |= address.AddressFamily == target.AddressFamily && prefix > 0
                && prefix <= 8 * target.GetAddressBytes().Length && new IPNetwork(Masked(address, prefix), prefix).Contains(target);
        }

        return isNear ? Proximity.SameNetwork : IsPrivate(target) ? Proximity.OtherPrivateNetwork : Proximity.Internet;
    }

    /// <summary>This machine's addresses.</summary>
    public static IReadOnlyList<(IPAddress Address, int Prefix)> Own() =>
        [.. NetworkInterface.GetAllNetworkInterfaces().Where(card => card.OperationalStatus == OperationalStatus.Up)
            .SelectMany(card => card.GetIPProperties().UnicastAddresses).Select(a => (a.Address, a.PrefixLength))];

    private static IPAddress Masked(IPAddress address, int prefix)
    {
        var bytes = address.GetAddressBytes();
        for (var i = 0; i < bytes.Length; i++)
        {
            var bits = Math.Clamp(prefix - 8 * i, 0, 8);
            bytes[i] &= (byte)(0xFF00 >> bits);
        }

        return new IPAddress(bytes);
    }

    // RFC 1918, RFC 6598 (carriers' NAT), link-local, and the unique local ones of IPv6.
    private static bool IsPrivate(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6
        ? address.IsIPv6UniqueLocal || address.IsIPv6LinkLocal
        : address.GetAddressBytes() is [10, ..] or [172, >= 16 and <= 31, ..] or [192, 168, ..] or [100, >= 64 and <= 127, ..] or [169, 254, ..];
}
