using Jam.Server.Contracts;
using Jam.Server.Rooms;

namespace Jam.Tests.Server;

/// <summary>A room under virtual time; keeps what each connection was sent.</summary>
internal sealed class RoomHarness
{
    public const string TrackId = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    public const string OtherTrackId = "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    public static readonly Guid ClockId = new("11111111-1111-1111-1111-111111111111");
    public static readonly Guid OldClockId = new("22222222-2222-2222-2222-222222222222");
    public static readonly TrackInfo Track = new(TrackId, "song.mp3", 5_000_000, 16_384, TrackKind.Audio, 240_000_000);
    private const long UnixAtZeroUs = 1_700_000_000_000_000;

    private readonly Dictionary<long, List<ServerMessage>> _inboxes = [];

    public RoomHarness(long nowUs = 1_000_000)
    {
        NowUs = nowUs;
        Room = Room.Open("jam", "c2VjcmV0", ClockId, nowUs);
    }

    /// <summary>A room that was there before.</summary>
    public RoomHarness(Room room, long nowUs) => (Room, NowUs) = (room, nowUs);

    public Room Room { get; private set; }

    public long NowUs { get; private set; }

    public Timeline Timeline => Room.Timeline;

    /// <summary>Connections that the room ended.</summary>
    public HashSet<long> Ended { get; } = [];

    public Moment Now => new(NowUs, UnixAtZeroUs + NowUs);

    /// <summary>A room with a host on 1 and viewers on 2 and on, and a track.</summary>
    public static RoomHarness WithHostAndViewers(int viewers = 1)
    {
        var room = new RoomHarness();
        room.Say(1, new Hello(Role.Host, "host"));
        for (var i = 0; i < viewers; i++)
            room.Say(2 + i, new Hello(Role.Viewer, $"viewer{i + 1}"));
        room.Say(1, new SetTrack(TrackId, Track.Name, Track.LengthBytes, Track.ChunkSizeBytes, Track.Kind, Track.DurationUs));
        room.Advance(1_000_000);
        room.ClearInboxes();
        return room;
    }

    /// <summary>What the connection was sent by this one message.</summary>
    public IReadOnlyList<ServerMessage> Say(long connection, ClientMessage message, string? observed = "192.0.2.7")
    {
        var before = Inbox(connection).Count;
        if (message is Hello)
            _inboxes.TryAdd(connection, []);
        Take(RoomMachine.Receive(Room, message, new Sender(connection, observed, $"fresh-{connection}", $"token-{connection}"), Now));
        return [.. Inbox(connection).Skip(before)];
    }

    public void Lose(long connection) => Take(RoomMachine.Lose(Room, connection, "lost", Now));

    public void Due() => Take(RoomMachine.Due(Room, Now));

    /// <summary>Lets time pass, calling the room whenever it asked to be.</summary>
    public void Advance(long us)
    {
        var until = NowUs + us;
        while (Room.NextDueUs <= until && !Room.IsOver(NowUs))
        {
            NowUs = Math.Max(NowUs, Room.NextDueUs);
            var before = Room;
            Due();
            if (Room.NextDueUs <= NowUs && Room == before && !Room.IsOver(NowUs))
                throw new InvalidOperationException($"At {NowUs} the room wants to be called at {Room.NextDueUs} and then does nothing.");
        }

        NowUs = until;
    }

    /// <summary>Lets time pass while the room is not called: its owner was busy.</summary>
    public void Sleep(long us) => NowUs += us;

    public List<ServerMessage> Inbox(long connection) => _inboxes.TryGetValue(connection, out var inbox) ? inbox : _inboxes[connection] = [];

    public IEnumerable<T> Received<T>(long connection) => Inbox(connection).OfType<T>();

    public void ClearInboxes() => _inboxes.Values.ToList().ForEach(inbox => inbox.Clear());

    public Member MemberOf(long connection) => Room.Seats[connection].Member;

    public string TokenOf(long connection) => Room.Seats[connection].Token;

    private void Take(Step step)
    {
        Room = step.Room;
        foreach (var outgoing in step.Outgoing)
            Deliver(outgoing);
    }

    private void Deliver(Outgoing outgoing)
    {
        switch (outgoing)
        {
            case ToOne one:
                Inbox(one.Connection).Add(one.Message);
                if (one.Message is Error { Close: true })
                    Ended.Add(one.Connection);
                break;
            case ToSome some:
                foreach (var connection in some.Connections)
                    Inbox(connection).Add(some.Message);
                break;
            case ToAll all:
                foreach (var connection in Room.Seats.Keys.Where(connection => connection != all.Except))
                    Inbox(connection).Add(all.Message);
                break;
            case HangUp end:
                Ended.Add(end.Connection);
                break;
            default:
                throw new NotSupportedException();
        }
    }
}
