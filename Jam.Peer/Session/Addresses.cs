using System.Net;

namespace Jam.Peer.Session;

/// <summary>Addresses as people type them.</summary>
internal static class Addresses
{
    /// <summary>IPv4 as IPv4, though the socket is IPv6.</summary>
    public static string Format(IPEndPoint address) =>
        (address.Address.IsIPv4MappedToIPv6 ? new IPEndPoint(address.Address.MapToIPv4(), address.Port) : address).ToString();
}
