using Jam.Server.Contracts;
using Jam.Server.Observing;
using Jam.Server.Rooms;

namespace Jam.Server.Hosting;

/// <summary>Puts what rooms want sent into the outboxes of connections; never waits. Only the rooms' loop uses it.</summary>
internal sealed class RoomPost(ServerMetrics? metrics = null)
{
    private readonly Dictionary<long, ClientConnection> _connections = [];

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
                var shared = ControlCodec.Serialize(some.Message);
                foreach (var id in some.Connections)
                    _connections.GetValueOrDefault(id)?.Send(shared);
                metrics?.Sent(some.Message, some.Connections.Count);
                break;
            case ToAll all:
                var utf8 = ControlCodec.Serialize(all.Message);
                foreach (var id in room.Seats.Keys)
                {
                    if (id != all.Except)
                        _connections.GetValueOrDefault(id)?.Send(utf8);
                }

                metrics?.Sent(all.Message, room.Seats.Count - (all.Except is { } except && room.Seats.ContainsKey(except) ? 1 : 0));
                break;
            case HangUp end:
                _connections.GetValueOrDefault(end.Connection)?.HangUp();
                break;
            default:
                throw new NotSupportedException(outgoing.GetType().Name);
        }
    }
}
