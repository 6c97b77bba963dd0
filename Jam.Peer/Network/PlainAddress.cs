using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Jam.Peer.Network;

/// <summary>A socket for both families shows IPv4 as IPv6; these give it back as what it is.</summary>
internal static class PlainAddress
{
    /// <summary>IPv4 as IPv4.</summary>
    public static IPAddress Plain(this IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    /// <inheritdoc cref="Plain(IPAddress)"/>
    public static IPEndPoint Plain(this IPEndPoint address) =>
        address.Address.IsIPv4MappedToIPv6 ? new IPEndPoint(address.Address.MapToIPv4(), address.Port) : address;

    /// <summary>
    /// As <see cref="IPAddress.ToString()"/>, whose code cannot be compiled ahead: a hundredth of a second of every start, since every start shows
    /// this machine's addresses.
    /// </summary>
    public static string Text(this IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        if (!address.TryWriteBytes(bytes, out var length) || (length == 16 && !IsOrdinary(address, bytes)))
            return address.ToString();
        return length == 4 ? string.Create(CultureInfo.InvariantCulture, $"{bytes[0]}.{bytes[1]}.{bytes[2]}.{bytes[3]}") : Text6(bytes);
    }

    /// <summary>As <see cref="IPEndPoint.ToString()"/>, likewise.</summary>
    public static string Text(this IPEndPoint address) =>
        address.AddressFamily == AddressFamily.InterNetworkV6
            ? string.Create(CultureInfo.InvariantCulture, $"[{address.Address.Text()}]:{address.Port}")
            : string.Create(CultureInfo.InvariantCulture, $"{address.Address.Text()}:{address.Port}");

    // Those with IPv4 in them or with a scope are left to the framework.
    private static bool IsOrdinary(IPAddress address, ReadOnlySpan<byte> bytes) =>
        address.ScopeId == 0 && BinaryPrimitives.ReadInt64BigEndian(bytes) != 0 && !(bytes[8..12] is [0, 0, 0x5e, 0xfe]);

    // RFC 5952: the longest run of zeros, the first of several, and never a single one, becomes ::.
    private static string Text6(ReadOnlySpan<byte> bytes)
    {
        var (from, count) = (-1, 1);
        for (var i = 0; i < 8; i++)
        {
            var run = 0;
            while (i + run < 8 && bytes[2 * (i + run)] == 0 && bytes[2 * (i + run) + 1] == 0)
                run++;
            if (run > count)
                (from, count) = (i, run);
            i += run;
        }
        var text = new StringBuilder(39);
        for (var i = 0; i < 8; i++)
        {
            if (i == from)
            {
                text.Append("::");
                i += count - 1;
                continue;
            }
            if (i > 0 && i != from + count)
                text.Append(':');
            text.Append((bytes[2 * i] << 8 | bytes[2 * i + 1]).ToString("x", CultureInfo.InvariantCulture));
        }
        return text.ToString();
    }
}
