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

    // A way to say it that captured the message in closures would allocate half a kilobyte for each, of all kinds there are.
    private static void Dispatch(RoomTurn turn, Seat seat, ClientMessage message, Sender sender)
    {
        if (!May(turn, seat, message))
            return;
        switch (message)
        {
            case SetRole m: Authority.SetRole(turn, seat, m); break;
            case SetPolicy m: Authority.SetPolicy(turn, seat, m); break;
            case SetDoor m: Door.Set(turn, seat, m, sender); break;
            case Invite m: Door.Ask(turn, seat, m, sender); break;
            case Kick m: Authority.Kick(turn, seat, m); break;
            case Mute m: Authority.Mute(turn, seat, m); break;
            case Play m: Playback.Play(turn, seat, PositionUs(m.PositionUs, m.OffsetSec)); break;
            case Pause: Playback.Pause(turn, seat); break;
            case Stop: Playback.Stop(turn, seat); break;
            case Seek m: Playback.Seek(turn, seat, PositionUs(m.PositionUs, m.OffsetSec) ?? 0); break;
            case SetTrack m: Tracks.Set(turn, seat, m); break;
            case Queue m: Playlist.Change(turn, seat, m); break;
            case SetTempo m: Beat.SetTempo(turn, seat, m); break;
            case Tap m: Beat.Tap(turn, seat, m); break;
            case Metronome m: Beat.SetMetronome(turn, seat, m); break;
            case SetLoop m: Looping.SetShape(turn, seat, m); break;
            case LoopUpdate m: Looping.SetLane(turn, seat, m); break;
            case Blob m: Blobs.Relay(turn, seat, m); break;
            case WatchRequest m: Watching.Subscribe(turn, seat, m); break;
            case SwarmTold m: Watching.Relay(turn, seat, m.Report); break;
            case ScrollRequest m: Ticks.Subscribe(turn, seat, m); break;
            case SnapshotRequest: SendRoom(turn, seat); break;
            case Ready m: Playback.SetReady(turn, seat, m); break;
            case Stats m: Membership.SetStats(turn, seat, m.Report); break;
            case PeersRequest: Membership.SendPeers(turn, seat); break;
            case Ping m: turn.Send(seat.Connection, new Pong(m.Nonce)); break;
            case Bye: Membership.SayBye(turn, seat); break;
            // The connection answers probes itself: a detour through here would spoil their stamps.
            case SyncRequest or ClockPortRequest or TellRendezvous: break;
            default: throw new NotSupportedException($"No rule for {message.GetType().Name}.");
        }
    }

    /// <summary>Whether a member may say this; where not, it is told why.</summary>
    private static bool May(RoomTurn turn, Seat seat, ClientMessage message) => message switch
    {
        SetPolicy or SetDoor or Invite or Kick or Mute => IsHost(turn, seat),
        Queue { Action: QueueActions.Add } when turn.Room.Policy.Queue == Control.Everyone => IsHeard(turn, seat),
        Play or Pause or Stop or Seek or SetTrack or Queue or SetTempo or Tap or Metronome or SetLoop => IsController(turn, seat, message),
        LoopUpdate or Blob => IsHeard(turn, seat),
        _ => true,
    };

    private static bool IsHost(RoomTurn turn, Seat seat) =>
        turn.Room.HostConnection == seat.Connection || Refuse(turn, seat, ErrorCodes.NotHost, "only the host may do this");

    private static bool IsController(RoomTurn turn, Seat seat, ClientMessage message)
    {
        if (turn.Room.HostConnection != seat.Connection && turn.Room.Policy.Control != Control.Everyone)
            return Refuse(turn, seat, ErrorCodes.NotHost, "only the host controls this room");
        if (message is not RoomCommand about || !Authority.IsStale(turn.Room, seat, about))
            return IsHeard(turn, seat);
        Authority.RefuseStale(turn, seat);
        return false;
    }

    private static bool IsHeard(RoomTurn turn, Seat seat) => !seat.Member.IsMuted || Refuse(turn, seat, ErrorCodes.Muted, "the host has muted you");

    private static bool Refuse(RoomTurn turn, Seat seat, string code, string why)
    {
        turn.Fail(seat.Connection, code, why);
        return false;
    }

    private static void SendRoom(RoomTurn turn, Seat seat)
    {
        turn.Send(seat.Connection, turn.StateNow());
        Membership.SendSnapshot(turn, seat.Connection);
    }

    private static long? PositionUs(long? exact, double? seconds) => exact ?? (seconds is { } s ? (long)Math.Round(s * 1e6) : null);
}
