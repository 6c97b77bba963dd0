using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Jam.Peer.Cli.Options;

/// <summary>Reads <c>ip:port</c>, <c>name:port</c> and <c>[ipv6]:port</c>. Pure: no name is looked up.</summary>
internal static class PeerAddress
{
    /// <summary>The address, or a line that says what is wrong with it.</summary>
    public static (DnsEndPoint? Address, string? Wrong) Parse(string text)
    {
        if (IPAddress.TryParse(text.Trim('[', ']'), out var bare) && !(bare.AddressFamily == AddressFamily.InterNetworkV6 && IsBracketed(text)))
            return (null, bare.AddressFamily == AddressFamily.InterNetworkV6
                ? $"{text}: write an IPv6 address in brackets and with its port, like [{text}]:9003"
                : NoPort(text));
        if (IsBracketed(text))
            return (null, NoPort(text));

        var colon = text.LastIndexOf(':');
        if (colon <= 0)
            return (null, colon == 0 ? $"{text}: the address before the colon is missing" : NoPort(text));
        var (host, portText) = (text[..colon], text[(colon + 1)..]);
        if (!ushort.TryParse(portText, NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port == 0)
            return (null, $"{text}: '{portText}' is no port; it is a number from 1 to 65535");

        if (host is ['[', .. var inner, ']'])
            return IPAddress.TryParse(inner, out var v6) && v6.AddressFamily == AddressFamily.InterNetworkV6
                ? (new DnsEndPoint(inner, port, AddressFamily.InterNetworkV6), null)
                : (null, $"{text}: '{inner}' is no IPv6 address");
        if (Uri.CheckHostName(host) is not (UriHostNameType.Dns or UriHostNameType.IPv4))
            return (null, $"{text}: '{host}' is neither an IP address nor a host name");
        return (new DnsEndPoint(host, port), null);
    }

    private static bool IsBracketed(string text) => text is ['[', .., ']'];

    private static string NoPort(string text) => $"{text}: the port is missing; write {text}:9003, as the host shows it";
}
