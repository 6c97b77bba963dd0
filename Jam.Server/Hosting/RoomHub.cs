using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Threading.Channels;
using Jam.Server.Contracts;
using Jam.Server.Doors;
using Jam.Server.Observing;
using Jam.Server.Rooms;
using Microsoft.Extensions.Logging;

namespace Jam.Server.Hosting;

/// <summary>
/// The one loop that owns all rooms. Events come in through a bounded queue whose writers wait; what goes out is put into
/// outboxes and never waited for, so the loop cannot be held up by a client.
/// </summary>
internal sealed partial class RoomHub : IRoomHub, IAsyncDisposable
{
    private const int QueueCapacity = 4096;

    private readonly Channel<HubEvent> _events = Channel.CreateBounded<HubEvent>(
        new BoundedChannelOptions(QueueCapacity) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    // The loop alone changes it; whoever lists rooms looks from elsewhere.
    private readonly ConcurrentDictionary<string, HostedRoom> _rooms = new(StringComparer.Ordinal);
    private readonly RoomPost _post;
    private readonly RoomSchedule _schedule;
    private readonly JamServerOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly RoomSaver? _saver;
    private readonly HubTelemetry? _telemetry;
    private readonly Doorbell _doorbell;
    private readonly Task _loop;
    private volatile int _roomCount;
    private volatile int _memberCount;

    public RoomHub(
        Guid clockId, JamServerOptions options, TimeProvider time, ILogger log, IRoomStore? store = null, IReadOnlyList<StoredRoom>? rooms = null,
        ServerMetrics? metrics = null)
    {
        _post = new RoomPost(time, () => _events.Writer.TryWrite(new Wake()), metrics: metrics);
        _telemetry = metrics is null ? null : new HubTelemetry(metrics, time);
        ClockId = clockId;
        _options = options;
        _time = time;
        _log = log;
        _doorbell = new Doorbell(new PasswordDesk(options.PasswordRounds, time));
        // A full queue means that the loop is awake and looks at the time anyway.
        _schedule = new RoomSchedule(time, () => _events.Writer.TryWrite(new Wake()));
        if (store is not null)
            _saver = new RoomSaver(store, log, time);
        Restore(rooms ?? []);

        _loop = Task.Run(RunAsync);
    }

    public Guid ClockId { get; }

    public int RoomCount => _roomCount;

    public int MemberCount => _memberCount;

    /// <summary>The rooms as they are now, for eyes.</summary>
    public IEnumerable<Room> Rooms => _rooms.Values.Select(hosted => hosted.Room);

    public async ValueTask TakeAsync(ClientConnection connection, ClientMessage message, CancellationToken cancellationToken)
    {
        if (Fleet is { } fleet && message is Hello or TellRendezvous && !IsHere(connection.RoomName))
            await TakeOfFleetAsync(fleet, connection, message, cancellationToken);
        else if (!await TakeHereAsync(connection, message, cancellationToken))
            await TakeOfFleetAsync(Fleet!, connection, message, cancellationToken);
    }

    /// <summary>Says that a connection has ended; every connection ends here exactly once.</summary>
    public ValueTask EndAsync(ClientConnection connection, string reason) =>
        WriteAsync(new Ended(connection, reason), CancellationToken.None);

    /// <summary>Ends the loop after what is queued.</summary>
    public async ValueTask DisposeAsync()
    {
        _events.Writer.TryComplete();
        await _loop;
        await _schedule.DisposeAsync();
        _post.Dispose();
        _doorbell.Dispose();
        if (_saver is not null)
            await _saver.DisposeAsync();
    }

    /// <summary>Before the loop runs: nobody else knows the rooms yet.</summary>
    private void Restore(IReadOnlyList<StoredRoom> rooms)
    {
        foreach (var stored in rooms.Take(_options.MaxRooms))
        {
            var hosted = new HostedRoom(RoomMemory.Restore(stored, ClockId, Now()));
            _rooms[stored.Name] = hosted;
            _schedule.Add(hosted);
        }

        _roomCount = _rooms.Count;
        _events.Writer.TryWrite(new Wake());
    }

    private async ValueTask WriteAsync(HubEvent hubEvent, CancellationToken cancellationToken)
    {
        try
        {
            await _events.Writer.WriteAsync(hubEvent, cancellationToken);
        }
        catch (ChannelClosedException)
        {
            // The server is closing: connections end too, and no one is left to be told.
            (hubEvent as Said)?.Answered?.TrySetResult(true);
            (hubEvent as Asked)?.Answered.TrySetResult();
            Abandon(hubEvent);
        }
    }

    private async Task RunAsync()
    {
        while (await _events.Reader.WaitToReadAsync())
        {
            while (_events.Reader.TryRead(out var hubEvent))
            {
                Guarded(hubEvent);
                RunDue();
                _post.Flush(_time.NowUs());
            }

            _schedule.Arm(_time.NowUs());
        }
    }

    /// <summary>The root of the loop: whatever a rule throws ends one connection, not the server.</summary>
    private void Guarded(HubEvent hubEvent)
    {
        try
        {
            Handle(hubEvent);
        }
        catch (Exception e)
        {
            HostingLog.EventFailed(_log, e);
            (hubEvent as Said)?.Connection.Send(new Error(ErrorCodes.Internal, "the server failed at this message", true));
            (hubEvent as Inherited)?.Taken.TrySetException(e);
            Abandon(hubEvent);
        }
        finally
        {
            (hubEvent as Said)?.Answered?.TrySetResult(true);
        }
    }

    private void Handle(HubEvent hubEvent)
    {
        switch (hubEvent)
        {
            case Said said:
                var isHere = Receive(said);
                said.Answered?.TrySetResult(isHere);
                break;
            case Ended ended:
                _post.Remove(ended.Connection);
                _telemetry?.Ended(ended.Connection);
                if (_rooms.TryGetValue(ended.Connection.RoomName, out var left))
                    Apply(left, RoomMachine.Lose(left.Room, ended.Connection.Id, ended.Reason, Now()));
                break;
            case Wake:
                _schedule.OnWoken();
                _post.OnWoken(_time.NowUs());
                break;
            case Asked asked:
                asked.Answered.TrySetResult();
                break;
            case Inherited inherited:
                Inherit(inherited.What);
                inherited.Taken.TrySetResult(_rooms[inherited.What.Room].Room.Timeline.Epoch);
                break;
            default:
                HandleOfFleet(hubEvent);
                break;
        }
    }

    private bool Receive(Said said)
    {
        var (connection, message, _, knock, _) = said;
        var now = Now();
        if (!_rooms.TryGetValue(connection.RoomName, out var hosted) || hosted.IsFrozen)
        {
            if (Fleet is not null)
                return TurnAway(connection, message);
            if (message is not (Hello or TellRendezvous))
                return true;
            if (_rooms.Count >= _options.MaxRooms)
            {
                connection.Send(new Error(ErrorCodes.ServerFull, "this server has no place for another room", true));
                return true;
            }

            var secret = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
            hosted = Add(Room.Open(connection.RoomName, secret, ClockId, now.Us));
        }

        _post.Add(connection);
        var sender = message is Hello or Invite
            ? new Sender(connection.Id, connection.ObservedAddress, FreshId(8), FreshId(24))
            {
                FreshSecret = message is Invite or Hello { Role: Role.Host } ? FreshId(24) : "", Proven = knock.Proven, Sealed = knock.Sealed, WebPort = connection.WebPort,
            }
            : new Sender(connection.Id, connection.ObservedAddress, "", "") { Sealed = knock.Sealed };
        var before = hosted.Room;
        var step = RoomMachine.Receive(before, message, sender, now);
        var isNew = message is Hello && connection.View is null && step.Room.Seats.ContainsKey(connection.Id);
        // Before STATE is out: who has that may speak, and is believed to have said HELLO.
        if (isNew)
            connection.View = hosted.View;
        Apply(hosted, step);
        _telemetry?.Took(connection, message, said.AtUs, before, step);
        if (isNew)
            HostingLog.Connected(_log, connection.Id, connection.ObservedAddress, connection.RoomName);
        // After what was to be sent has been handed on: nobody waits for the words of a log.
        HubLog.Received(_log, connection, message, step);
        if (message is Hello && Fleet?.Addresses(connection.RoomName, hosted.Room.Timeline.Epoch) is { } addresses && hosted.Room.Seats.ContainsKey(connection.Id))
            connection.Send(addresses);
        return true;
    }

    private void Apply(HostedRoom hosted, Step step)
    {
        if (hosted.IsFrozen)
            return;
        if (_saver is not null && RoomMemory.Differs(hosted.Room, step.Room))
            _saver.Save(step.Room, Now());
        _memberCount += step.Room.Seats.Count - hosted.Room.Seats.Count;
        hosted.Room = step.Room;
        _post.Deliver(hosted.Room, step.Outgoing);
        _schedule.Add(hosted);
    }

    private HostedRoom Add(Room room)
    {
        var hosted = new HostedRoom(room);
        _rooms[room.Name] = hosted;
        _roomCount = _rooms.Count;
        _schedule.Add(hosted);
        HostingLog.RoomOpened(_log, room.Name);
        return hosted;
    }

    private void RunDue()
    {
        while (_schedule.Take(_time.NowUs()) is { } hosted)
        {
            if (hosted.IsGone || hosted.IsFrozen)
                continue;
            if (hosted.Room.IsOver(_time.NowUs()))
            {
                _rooms.TryRemove(hosted.Room.Name, out _);
                _roomCount = _rooms.Count;
                _saver?.Remove(hosted.Room.Name);
                HostingLog.RoomClosed(_log, hosted.Room.Name);
                continue;
            }

            if (hosted.Room.NextDueUs <= _time.NowUs())
                ApplyDue(hosted);
            else
                _schedule.Add(hosted);
        }
    }

    /// <summary>As guarded as an event: what one room's rule throws must not end the loop that all rooms share.</summary>
    private void ApplyDue(HostedRoom hosted)
    {
        try
        {
            Apply(hosted, RoomMachine.Due(hosted.Room, Now()));
        }
        catch (Exception e)
        {
            // The room is looked at again with its next event, not at once: its rule would only throw again.
            HostingLog.EventFailed(_log, e);
        }
    }

    private Moment Now() => new(_time.NowUs(), (_time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond);

    private static string FreshId(int bytes)
    {
        Span<byte> random = stackalloc byte[bytes];
        RandomNumberGenerator.Fill(random);
        return Convert.ToHexStringLower(random);
    }
}
