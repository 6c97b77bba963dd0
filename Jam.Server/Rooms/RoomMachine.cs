using Jam.Server.Contracts;

namespace Jam.Server.Rooms;

/// <summary>
/// The rules of a room, pure: an event and an instant in, the next room and what to send out. It neither waits nor polls;
/// <see cref="Room.NextDueUs"/> says when it wants to be called without an event.
/// </summary>
internal static class RoomMachine
{
    /// <summary>A message from a connection, seated or not.</summary>
    public static Step Receive(Room room, ClientMessage message, Sender sender, Moment now)
    {
        var turn = new RoomTurn(room, now);
        var seat = room.Seats.GetValueOrDefault(sender.Connection);
        if (message is Hello hello)
        {
            if (seat is null)
                Membership.Join(turn, hello, sender);
            else
                turn.Fail(sender.Connection, ErrorCodes.HelloAgain, "this connection has said HELLO");
        }
        else if (seat is null)
        {
            turn.Fail(sender.Connection, ErrorCodes.HelloFirst, "the first message is HELLO");
        }
        else
        {
            Dispatch(turn, seat, message);
        }

        return turn.Finish();
    }

    /// <summary>A connection ended without BYE. The reason is for people; it goes out in PEER_LEFT.</summary>
    public static Step Lose(Room room, long connection, string reason, Moment now)
    {
        var turn = new RoomTurn(room, now);
        if (room.Seats.TryGetValue(connection, out var seat))
            Membership.Leave(turn, seat, reason, mayReturn: true);
        return turn.Finish();
    }

    /// <summary><see cref="Room.NextDueUs"/> has come. Too early a call changes nothing.</summary>
    public static Step Due(Room room, Moment now)
    {
        var turn = new RoomTurn(room, now);
        Playback.StartIfDue(turn);
        return turn.Finish();
    }

    private static void Dispatch(RoomTurn turn, Seat seat, ClientMessage message)
    {
        Action act = message switch
        {
            SetRole m => () => Membership.SetRole(turn, seat, m.Role),
            Play m => () => AsHost(() => Playback.Play(turn, seat, PositionUs(m.PositionUs, m.OffsetSec))),
            Pause => () => AsHost(() => Playback.Pause(turn, seat)),
            Stop => () => AsHost(() => Playback.Stop(turn, seat)),
            Seek m => () => AsHost(() => Playback.Seek(turn, seat, PositionUs(m.PositionUs, m.OffsetSec) ?? 0)),
            SetTrack m => () => AsHost(() => Tracks.Set(turn, seat, m)),
            Queue m => () => AsHost(() => Tracks.Change(turn, seat, m)),
            Ready m => () => Playback.SetReady(turn, seat, m),
            Stats m => () => Membership.SetStats(turn, seat, m.Report),
            PeersRequest => () => Membership.SendPeers(turn, seat),
            Ping m => () => turn.Send(seat.Connection, new Pong(m.Nonce)),
            Bye => () => Membership.SayBye(turn, seat),
            // The connection answers probes itself: a detour through here would spoil their stamps.
            SyncRequest => () => { },
            _ => throw new NotSupportedException($"No rule for {message.GetType().Name}."),
        };
        act();

        void AsHost(Action command)
        {
            if (turn.Room.HostConnection == seat.Connection)
                command();
            else
                turn.Fail(seat.Connection, ErrorCodes.NotHost, "only the host controls this room");
        }
    }

    private static long? PositionUs(long? exact, double? seconds) => exact ?? (seconds is { } s ? (long)Math.Round(s * 1e6) : null);
}
