using Jam.Server.Contracts;
using Jam.Server.Observing;
using Jam.Server.Rooms;

namespace Jam.Server.Hosting;

/// <summary>Puts what rooms want sent into the outboxes of connections; never waits. Only the rooms' loop uses it.</summary>
/// <param name="share">Has threads of the pool do what would hold up the loop; null: the process's own.</param>
/// <param name="metrics">Counts what is sent.</param>
internal sealed class RoomPost(Action<Spreading>? share = null, ServerMetrics? metrics = null)
{
    /// <summary>Up to so many are sent to by the rooms' loop itself, which is sooner than waking another thread.</summary>
    private const int Few = 64;

    private readonly Action<Spreading> _share = share ?? (spreading => spreading.Begin());
    private readonly Dictionary<long, ClientConnection> _connections = [];
    private readonly List<ClientConnection> _due = [];

    public void Add(ClientConnection connection) => _connections[connection.Id] = connection;

    public void Remove(ClientConnection connection) => _connections.Remove(connection.Id);

    public void Deliver(Room room, Outgoing outgoing)
    {
        switch (outgoing)
        {
            case ToOne one:
                _connections.GetValueOrDefault(one.Connection)?.Send(one.Message);
                break;
            case ToSome some:
                Spread(ControlCodec.Serialize(some.Message), some.Connections, null);
                metrics?.Sent(some.Message, some.Connections.Count);
                break;
            case ToAll all:
                Spread(ControlCodec.Serialize(all.Message), room.Seats.Keys, all.Except);
                metrics?.Sent(all.Message, room.Seats.Count - (all.Except is { } except && room.Seats.ContainsKey(except) ? 1 : 0));
                break;
            case HangUp end:
                _connections.GetValueOrDefault(end.Connection)?.HangUp();
                break;
            default:
                throw new NotSupportedException(outgoing.GetType().Name);
        }
    }

    /// <summary>
    /// The same bytes to each: all are queued first, in this loop, which keeps the order on every connection; sending takes a
    /// system call each, and where there are many, threads of the pool do it, since other rooms wait for this loop.
    /// </summary>
    private void Spread(byte[] utf8, IEnumerable<long> connections, long? except)
    {
        foreach (var id in connections)
        {
            if (id != except && _connections.TryGetValue(id, out var connection) && connection.Queue(utf8))
                _due.Add(connection);
        }

        if (_due.Count > Few)
        {
            _share(new Spreading(_due));
        }
        else
        {
            foreach (var connection in _due)
                connection.Pump();
        }

        _due.Clear();
    }
}
