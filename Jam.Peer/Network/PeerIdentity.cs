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
        // A scope names an interface of this machine: the asker puts its own.
        var seen = local.IsIPv6LinkLocal ? new IPAddress(local.GetAddressBytes()) : local.Plain();
        return new RoomInfoFrame(Room, [.. Urls.Select(url => (IsThisMachine(url) ? new UriBuilder(url) { Host = seen.ToString() }.Uri : url).ToString())]);
    }

    /// <summary>An answer as it is for someone who dialled an address: where that is link-local, so is the server's, on the same interface.</summary>
    public static RoomLocation From(RoomInfoFrame info, IPAddress dialled) => new(info.Room, [.. info.Urls.Select(text => ToUri(text, dialled)).OfType<Uri>()]);

    private static Uri? ToUri(string text, IPAddress dialled)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme is not ("ws" or "wss"))
            return null;
        return dialled.IsIPv6LinkLocal && IPAddress.TryParse(uri.DnsSafeHost, out var host) && host.IsIPv6LinkLocal
            && host.GetAddressBytes().AsSpan().SequenceEqual(dialled.GetAddressBytes())
            ? new UriBuilder(uri) { Host = dialled.ToString() }.Uri
            : uri;
    }

    private static bool IsThisMachine(Uri url) => url.IsLoopback || url.Host is "0.0.0.0" or "[::]";
}

/// <summary>The other side does not keep to the protocol, or will not have us; ends one connection.</summary>
internal sealed class ProtocolException(string message) : Exception(message);
