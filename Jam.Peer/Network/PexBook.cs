using System.Net;
using System.Net.Sockets;

namespace Jam.Peer.Network;

/// <summary>A member and where it was seen to listen.</summary>
/// <param name="PeerId">Its id.</param>
/// <param name="Address">Where it listens.</param>
internal readonly record struct PexEntry(string PeerId, IPEndPoint Address);

/// <summary>What may be said and believed of members' addresses. Pure.</summary>
internal static class PexBook
{
    /// <summary>Most entries of one PEX.</summary>
    public const int MaxEntries = Wire.FrameCaps.MaxList;

    /// <summary>What is sent to a peer: members that this peer is connected with, the receiver left out.</summary>
    /// <param name="links">Whom this peer is connected with, in a stable order, and where they listen.</param>
    /// <param name="to">The receiver.</param>
    /// <param name="toAddress">Where it is: a loopback address helps only who is on this machine.</param>
    /// <param name="round">Where there are more than fit, each round goes on where the last one ended.</param>
    public static List<string> Say(IReadOnlyList<PexEntry> links, string to, IPAddress toAddress, int round)
    {
        var all = links.Where(l => l.PeerId != to && IsUsable(l.Address, IsLoopback(toAddress))).ToArray();
        var from = all.Length > MaxEntries ? (int)((uint)round * (long)MaxEntries % all.Length) : 0;
        return [.. Enumerable.Range(0, Math.Min(all.Length, MaxEntries)).Select(i => all[(from + i) % all.Length]).Select(e => $"{e.PeerId}@{e.Address.Plain()}")];
    }

    /// <summary>What a peer said; whatever makes no sense is left out.</summary>
    /// <param name="said">As it came.</param>
    /// <param name="from">Where the peer is: only one of this machine may name a loopback address.</param>
    public static List<PexEntry> Read(IReadOnlyList<string> said, IPAddress from)
    {
        var entries = new List<PexEntry>();
        foreach (var text in said.Take(MaxEntries))
        {
            var at = text.LastIndexOf('@');
            if (at is > 0 and <= Server.Contracts.Limits.MaxIdLength && IPEndPoint.TryParse(text.AsSpan(at + 1), out var address)
                && IsUsable(address, IsLoopback(from)))
            {
                entries.Add(new PexEntry(text[..at], address.Plain()));
            }
        }

        return entries;
    }

    private static bool IsUsable(IPEndPoint endPoint, bool loopbackToo)
    {
        var address = endPoint.Plain().Address;
        if (endPoint.Port == 0 || address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any) || address.Equals(IPAddress.Broadcast)
            || address.IsIPv6Multicast || (address.AddressFamily == AddressFamily.InterNetwork && address.GetAddressBytes()[0] is 0 or >= 224))
        {
            return false;
        }

        return loopbackToo || !IPAddress.IsLoopback(address);
    }

    private static bool IsLoopback(IPAddress address) => IPAddress.IsLoopback(address.Plain());
}
