using System.Net;
using Jam.Peer.Network;
using Jam.Server.Contracts;

namespace Jam.Peer.Session;

/// <content>What this peer says first.</content>
internal sealed partial class RoomFollower
{
    /// <summary>The first message of a connection, with what a successor of the authority needs. Who is the host stays so.</summary>
    public Hello Hello()
    {
        var room = Room;
        var (peerId, token) = room.PeerId is { } here ? (here, room.ResumeToken) : _identity.For(_candidates);
        var role = room.PeerId is null ? _duties.Wanted : room.Role;
        return new Hello(
            role, _options.Name, peerId, null, _mesh.Port, token, Legacy.ForHello(room, _client), IsListed: _options.IsListed ? null : false,
            GatewayPort: GatewayPort) { LinkKey = _mesh.Guard.Key?.Fingerprint };
    }

    /// <summary>What HELLO says at one address of the room.</summary>
    public Hello Personalize(Uri url, Hello hello) => _keys.Open(hello, _candidates.Contains(url), isAnew: Room.PeerId is null);

    /// <summary>Where this peer's swarm port can be reached, for the members of a room at an address.</summary>
    public IReadOnlyList<string> Listen(Uri url) =>
        [.. LocalAddresses.ForPeers(url.IsLoopback).Select(a => new IPEndPoint(a, _mesh.Port).Text()).Take(Limits.MaxAddresses)];
}
