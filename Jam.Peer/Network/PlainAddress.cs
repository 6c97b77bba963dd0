using System.Net;

namespace Jam.Peer.Network;

/// <summary>A socket for both families shows IPv4 as IPv6; these give it back as what it is.</summary>
internal static class PlainAddress
{
    /// <summary>IPv4 as IPv4.</summary>
    public static IPAddress Plain(this IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    /// <inheritdoc cref="Plain(IPAddress)"/>
    public static IPEndPoint Plain(this IPEndPoint address) =>
        address.Address.IsIPv4MappedToIPv6 ? new IPEndPoint(address.Address.MapToIPv4(), address.Port) : address;
}
