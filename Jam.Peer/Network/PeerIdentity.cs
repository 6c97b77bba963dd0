using System.Net;
using Jam.Peer.Wire;

namespace Jam.Peer.Network;

/// <summary>Who this peer is in its room; comes with WELCOME and may change with the rendezvous.</summary>
/// <param name="PeerId">This peer's id.</param>
/// <param name="Room">The room's name.</param>
/// <param name="Secret">The room secret.</param>
internal sealed record PeerIdentity(string PeerId, string Room, byte[] Secret);

/// <summary>What a peer answers to WHERE.</summary>
/// <param name="Room">The room's name.</param>
/// <param name="Urls">Where its rendezvous is.</param>
internal sealed record RoomLocation(string Room, IReadOnlyList<Uri> Urls)
{
    /// <summary>The answer for whoever has reached this peer at one of its addresses: a loopback host becomes that address.</summary>
    public RoomInfoFrame AsSeenAt(IPAddress local)
    {
        var seen = local.IsIPv4MappedToIPv6 ? local.MapToIPv4() : local;
        return new RoomInfoFrame(Room, [.. Urls.Select(u => Reachable(u, seen).ToString())]);
    }

    private static Uri Reachable(Uri url, IPAddress local) =>
        url.IsLoopback || url.Host is "0.0.0.0" or "[::]" ? new UriBuilder(url) { Host = local.ToString() }.Uri : url;
}

/// <summary>The other side does not keep to the protocol, or will not have us; ends one connection.</summary>
internal sealed class ProtocolException(string message) : Exception(message);
