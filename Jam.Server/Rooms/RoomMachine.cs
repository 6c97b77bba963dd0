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
        else if (message is TellRendezvous tell)
        {
            Moving.Tell(turn, sender, tell.Told);
        }
        else if (seat is null)
        {
            turn.Fail(sender.Connection, ErrorCodes.HelloFirst, "the first message is HELLO");
        }
        else
        {
            Dispatch(turn, seat, message, sender);
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
        Authority.LapseIfDue(turn);
        Playback.StartIfDue(turn);
        Playback.AdvanceIfDue(turn);
        Ticks.SendIfDue(turn);
        Watching.StartRoundIfDue(turn);
        return turn.Finish();
    }

    private static void Dispatch(RoomTurn turn, Seat seat, ClientMessage message, Sender sender)
    {
        Action act = message switch
        {
            SetRole m => () => Authority.SetRole(turn, seat, m),
            SetPolicy m => () => AsHost(() => Authority.SetPolicy(turn, seat, m)),
            SetDoor m => () => AsHost(() => Door.Set(turn, seat, m, sender)),
            Invite m => () => AsHost(() => Door.Ask(turn, seat, m, sender)),
            Kick m => () => AsHost(() => Authority.Kick(turn, seat, m)),
            Mute m => () => AsHost(() => Authority.Mute(turn, seat, m)),
            Play m => () => AsController(() => Playback.Play(turn, seat, PositionUs(m.PositionUs, m.OffsetSec))),
            Pause => () => AsController(() => Playback.Pause(turn, seat)),
            Stop => () => AsController(() => Playback.Stop(turn, seat)),
            Seek m => () => AsController(() => Playback.Seek(turn, seat, PositionUs(m.PositionUs, m.OffsetSec) ?? 0)),
            SetTrack m => () => AsController(() => Tracks.Set(turn, seat, m)),
            Queue { Action: QueueActions.Add } m when turn.Room.Policy.Queue == Control.Everyone =>
                () => Unmuted(() => Playlist.Change(turn, seat, m)),
            Queue m => () => AsController(() => Playlist.Change(turn, seat, m)),
            SetTempo m => () => AsController(() => Beat.SetTempo(turn, seat, m)),
            Tap m => () => AsController(() => Beat.Tap(turn, seat, m)),
            Metronome m => () => AsController(() => Beat.SetMetronome(turn, seat, m)),
            SetLoop m => () => AsController(() => Looping.SetShape(turn, seat, m)),
            LoopUpdate m => () => Unmuted(() => Looping.SetLane(turn, seat, m)),
            Blob m => () => Unmuted(() => Blobs.Relay(turn, seat, m)),
            WatchRequest m => () => Watching.Subscribe(turn, seat, m),
            SwarmTold m => () => Watching.Relay(turn, seat, m.Report),
            ScrollRequest m => () => Ticks.Subscribe(turn, seat, m),
            SnapshotRequest => () => SendRoom(turn, seat),
            Ready m => () => Playback.SetReady(turn, seat, m),
            Stats m => () => Membership.SetStats(turn, seat, m.Report),
            PeersRequest => () => Membership.SendPeers(turn, seat),
            Ping m => () => turn.Send(seat.Connection, new Pong(m.Nonce)),
            Bye => () => Membership.SayBye(turn, seat),
            // The connection answers probes itself: a detour through here would spoil their stamps.
            SyncRequest or TellRendezvous => () => { },
            _ => throw new NotSupportedException($"No rule for {message.GetType().Name}."),
        };
        act();

        void AsHost(Action command)
        {
            if (turn.Room.HostConnection == seat.Connection)
                command();
            else
                turn.Fail(seat.Connection, ErrorCodes.NotHost, "only the host may do this");
        }

        void AsController(Action command)
        {
            if (turn.Room.HostConnection != seat.Connection && turn.Room.Policy.Control != Control.Everyone)
                turn.Fail(seat.Connection, ErrorCodes.NotHost, "only the host controls this room");
            else if (message is RoomCommand about && Authority.IsStale(turn.Room, seat, about))
                Authority.RefuseStale(turn, seat);
            else
                Unmuted(command);
        }

        void Unmuted(Action command)
        {
            if (seat.Member.IsMuted)
                turn.Fail(seat.Connection, ErrorCodes.Muted, "the host has muted you");
            else
                command();
        }
    }

    private static void SendRoom(RoomTurn turn, Seat seat)
    {
        turn.Send(seat.Connection, turn.StateNow());
        Membership.SendSnapshot(turn, seat.Connection);
    }

    private static long? PositionUs(long? exact, double? seconds) => exact ?? (seconds is { } s ? (long)Math.Round(s * 1e6) : null);
}
