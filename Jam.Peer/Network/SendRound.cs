using Jam.Server.Contracts;

namespace Jam.Peer.Network;

/// <summary>
/// The connections that something is queued on. What all the events lead to that are here goes out together, in as few packets as it takes: one
/// for each event would cost both sides more than what it says. Owned by the swarm's loop.
/// </summary>
internal sealed class SendRound(TimeProvider time)
{
    // However many more events there are: one may have to wait for a disk.
    private const long LongestUs = 1_000;

    private readonly HashSet<PeerConnection> _connections = [];
    private long _sinceUs;

    /// <summary>Whether the first of what waits has waited for long enough.</summary>
    public bool IsDue => _connections.Count > 0 && time.NowUs() - _sinceUs >= LongestUs;

    /// <summary>Something was queued on a connection.</summary>
    public void Add(PeerConnection connection)
    {
        if (_connections.Count == 0)
            _sinceUs = time.NowUs();
        _connections.Add(connection);
    }

    /// <summary>Has all of it sent.</summary>
    public void Send()
    {
        foreach (var connection in _connections)
            connection.SendQueued();
        _connections.Clear();
    }
}
