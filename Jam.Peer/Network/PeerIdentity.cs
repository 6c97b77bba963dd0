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
    /// <summary>The answer for someone who reached this machine by an address of it: a loopback host stands for this machine.</summary>
    public RoomInfoFrame AsSeenFrom(IPAddress local)
    {
        var seen = local.Plain();
        return new RoomInfoFrame(Room, [.. Urls.Select(url => (IsThisMachine(url) ? new UriBuilder(url) { Host = seen.ToString() }.Uri : url).ToString())]);
    }

    private static bool IsThisMachine(Uri url) => url.IsLoopback || url.Host is "0.0.0.0" or "[::]";
}

/// <summary>The other side does not keep to the protocol, or will not have us; ends one connection.</summary>
internal sealed class ProtocolException(string message) : Exception(message);
