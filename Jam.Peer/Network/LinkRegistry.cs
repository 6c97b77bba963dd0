using System.Net;

namespace Jam.Peer.Network;

/// <summary>
/// One connection per peer. Where both ends dialled at once, the one that the peer with the lower id dialled stays: both
/// ends judge alike without a word. Long after a connection was made nobody dials at once: then the newer one stays, since
/// whoever dials has lost the older, as a machine has that changed its address.
/// </summary>
internal sealed class LinkRegistry
{
    // An attempt takes no longer than this: five seconds to connect, five for the handshake.
    private const long AtOnceUs = 10_000_000;

    private readonly object _gate = new();
    private readonly Dictionary<string, PeerConnection> _links = [];
    private readonly HashSet<string> _banned = [];
    private readonly HashSet<string> _left = [];

    /// <summary>Connections that stand now.</summary>
    public IReadOnlyList<PeerConnection> All
    {
        get
        {
            lock (_gate)
                return [.. _links.Values];
        }
    }

    /// <summary>The connection to a peer; null where none stands.</summary>
    public PeerConnection? Find(string peerId)
    {
        lock (_gate)
            return _links.GetValueOrDefault(peerId);
    }

    /// <summary>The connection that leads to an address, as people type it; null where none does.</summary>
    public PeerConnection? Find(DnsEndPoint peer) => All.FirstOrDefault(link =>
        (link.ListenEndPoint.Port == peer.Port || link.RemoteEndPoint.Port == peer.Port) && link.RemoteEndPoint.Address.Plain() is var address
        && (address.ToString() == peer.Host || (IPAddress.IsLoopback(address) && peer.Host == "localhost")));

    /// <summary>Whether a peer was banned in this run.</summary>
    public bool IsBanned(string peerId)
    {
        lock (_gate)
            return _banned.Contains(peerId);
    }

    /// <summary>Refuses a peer from now on.</summary>
    public void Ban(string peerId)
    {
        lock (_gate)
            _banned.Add(peerId);
    }

    /// <summary>Whether one of both has left the other on request.</summary>
    public bool IsLeft(string peerId)
    {
        lock (_gate)
            return _left.Contains(peerId);
    }

    /// <summary>A peer is not to be dialled again; a connection that someone asks for puts an end to that.</summary>
    public void Leave(string peerId)
    {
        lock (_gate)
            _left.Add(peerId);
    }

    /// <summary>Takes a new connection in.</summary>
    /// <param name="self">This peer's id.</param>
    /// <param name="connection">Authenticated, not running yet.</param>
    /// <param name="replaced">The connection that must go instead; null where none does.</param>
    /// <returns>Whether the new one stays.</returns>
    public bool TryAdd(string self, PeerConnection connection, out PeerConnection? replaced)
    {
        lock (_gate)
        {
            replaced = null;
            if (_banned.Contains(connection.PeerId))
                return false;
            if (_links.TryGetValue(connection.PeerId, out var old))
            {
                var lowerDials = string.CompareOrdinal(self, connection.PeerId) < 0;
                // Of two from the same side the newer one counts: that side has given the older up.
                if (old.Outgoing != connection.Outgoing && connection.Outgoing != lowerDials && connection.SinceUs - old.SinceUs < AtOnceUs)
                    return false;
                replaced = old;
            }

            _links[connection.PeerId] = connection;
            _left.Remove(connection.PeerId);
            return true;
        }
    }

    /// <summary>A connection ended; another to the same peer stays.</summary>
    public void Remove(PeerConnection connection)
    {
        lock (_gate)
        {
            if (_links.TryGetValue(connection.PeerId, out var current) && current == connection)
                _links.Remove(connection.PeerId);
        }
    }
}
