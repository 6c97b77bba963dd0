using Jam.Server.Contracts;
using Jam.Server.Observing;
using Jam.Server.Rooms;

namespace Jam.Server.Hosting;

/// <summary>Puts what rooms want sent into the outboxes of connections; never waits. Only the rooms' loop uses it.</summary>
/// <param name="share">Has threads of the pool do what would hold up the loop; null: the process's own.</param>
/// <param name="metrics">Counts what is sent.</param>
/// <param name="time">For what is patient.</param>
/// <param name="wake">Has the rooms' loop call <see cref="Flush"/>.</param>
internal sealed class RoomPost(TimeProvider time, Action wake, Action<Spreading>? share = null, ServerMetrics? metrics = null) : IDisposable
{
    /// <summary>What is patient waits so long at the most.</summary>
    private const int PatienceMs = 500;

    /// <summary>Up to so many are sent to by the rooms' loop itself, which is sooner than waking another thread.</summary>
    private const int Few = 64;

    private readonly Action<Spreading> _share = share ?? (spreading => spreading.Begin());
    private readonly Dictionary<long, ClientConnection> _connections = [];
    private readonly List<ClientConnection> _due = [];
    private readonly HashSet<ClientConnection> _patient = [];
    private readonly ITimer _timer = time.CreateTimer(_ => wake(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    private long _flushUs = long.MaxValue;

    public void Add(ClientConnection connection) => _connections[connection.Id] = connection;

    public void Remove(ClientConnection connection)
    {
        _connections.Remove(connection.Id);
        _patient.Remove(connection);
    }

    /// <summary>A timer has fired. The system's may do so some milliseconds early: then it is set for the rest.</summary>
    public void OnWoken(long nowUs)
    {
        if (_flushUs != long.MaxValue && nowUs < _flushUs)
            Arm(nowUs);
    }

    /// <summary>Sends what has been patient long enough.</summary>
    public void Flush(long nowUs)
    {
        if (nowUs < _flushUs)
            return;
        _flushUs = long.MaxValue;
        _due.AddRange(_patient.Where(connection => connection.IsOwed()));
        _patient.Clear();
        PumpDue();
    }

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();

    /// <summary>All that one event brought about: what several messages to a connection are goes in one piece.</summary>
    public void Deliver(Room room, IReadOnlyList<Outgoing> all)
    {
        try
        {
            for (var i = 0; i < all.Count; i++)
                Put(room, all[i], isAlone: all.Count == 1);
        }
        finally
        {
            PumpDue();
        }
    }

    public void Deliver(Room room, Outgoing outgoing) => Deliver(room, [outgoing]);

    private void Put(Room room, Outgoing outgoing, bool isAlone)
    {
        switch (outgoing)
        {
            case ToOne one when _connections.TryGetValue(one.Connection, out var connection):
                if (connection.Put(one.Message))
                    _due.Add(connection);
                break;
            case ToOne:
                break;
            case ToSome { IsPatient: true } some:
                Lay(ControlCodec.Serialize(some.Message), some.Connections);
                metrics?.Sent(some.Message, some.Connections.Count);
                break;
            case ToSome some:
                Begin(some.Connections.Count);
                var told = ControlCodec.Serialize(some.Message);
                for (var i = 0; i < some.Connections.Count; i++)
                    Tell(some.Connections[i], told, isAlone && some.Connections.Count <= Few);
                metrics?.Sent(some.Message, some.Connections.Count);
                break;
            case ToAll all:
                Begin(room.Seats.Count);
                var utf8 = ControlCodec.Serialize(all.Message);
                foreach (var (id, _) in room.Seats)
                {
                    if (id != all.Except)
                        Tell(id, utf8, isAlone && room.Seats.Count <= Few);
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

    /// <summary>Whom a crowd follows is not kept waiting for it.</summary>
    private void Begin(int count)
    {
        if (count > Few)
            PumpDue();
    }

    /// <summary>
    /// The same bytes to each: where there are many, all are queued first, in this loop, which keeps the order on every connection; sending
    /// takes a system call each, and threads of the pool do it, since other rooms wait for this loop.
    /// </summary>
    private void Tell(long id, byte[] utf8, bool atOnce)
    {
        if (!_connections.TryGetValue(id, out var connection))
            return;
        if (atOnce)
            connection.Send(utf8);
        else if (connection.Queue(utf8))
            _due.Add(connection);
    }

    private void Lay(byte[] utf8, IReadOnlyList<long> connections)
    {
        foreach (var id in connections)
        {
            if (!_connections.TryGetValue(id, out var connection))
                continue;
            if (connection.QueuePatient(utf8))
                _due.Add(connection);
            else
                _patient.Add(connection);
        }

        if (_patient.Count == 0 || _flushUs != long.MaxValue)
            return;
        var nowUs = time.NowUs();
        _flushUs = nowUs + (PatienceMs * 1000);
        Arm(nowUs);
    }

    private void Arm(long nowUs) =>
        _timer.Change(TimeSpan.FromMilliseconds(((_flushUs - nowUs + 999) / 1000) + 1), Timeout.InfiniteTimeSpan);

    private void PumpDue()
    {
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
