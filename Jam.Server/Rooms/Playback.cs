using Jam.Server.Contracts;

namespace Jam.Server.Rooms;

/// <summary>PLAY, PAUSE, STOP, SEEK and READY. Who calls has checked that the sender may.</summary>
internal static class Playback
{
    /// <summary>Plays from a position, or from where the room is; from the start where that is the end.</summary>
    public static void Play(RoomTurn turn, Seat by, long? positionUs)
    {
        var isOnItsWay = turn.Room.Pending is not null || (turn.Room.Timeline.Status == PlaybackStatus.Play && !IsAtEnd(turn));
        if (positionUs is null && isOnItsWay)
        {
            turn.Send(by.Connection, turn.StateNow());
            return;
        }

        Start(turn, by, positionUs);
    }

    public static void Pause(RoomTurn turn, Seat by) => Silence(turn, by, PlaybackStatus.Pause);

    public static void Stop(RoomTurn turn, Seat by) => Silence(turn, by, PlaybackStatus.Stop);

    /// <summary>Moves the position. Where the room plays or is about to, it goes on playing from there.</summary>
    public static void Seek(RoomTurn turn, Seat by, long positionUs)
    {
        if (turn.Room.Timeline.Status == PlaybackStatus.Play || turn.Room.Pending is not null)
            Start(turn, by, positionUs);
        else
            Commit(turn, PlaybackStatus.Pause, by.Member.PeerId, _ => positionUs);
    }

    public static void SetReady(RoomTurn turn, Seat seat, Ready ready)
    {
        var changed = seat with { ReadyTrackId = ready.TrackId, IsReady = ready.IsReady };
        turn.Room = turn.Room with { Seats = turn.Room.Seats.SetItem(seat.Connection, changed) };
        if (turn.Room.Pending is null)
            return;
        turn.TouchStats();
        StartIfDue(turn);
    }

    /// <summary>Members that said that they cannot play the room's track yet.</summary>
    public static IEnumerable<Seat> WaitingFor(Room room) =>
        room.Pending is null ? [] : Unready(room).OrderBy(seat => seat.Member.JoinSeq).Take(Limits.MembersPerPage);

    /// <summary>Carries a pending start out once nobody is waited for or its deadline has come.</summary>
    public static void StartIfDue(RoomTurn turn)
    {
        if (turn.Room.Pending is not { } pending || (turn.Now.Us < pending.DeadlineUs && Unready(turn.Room).Any()))
            return;
        turn.Room = turn.Room with { Pending = null };
        turn.TouchStats();
        CommitPlay(turn, pending.PositionUs, pending.By);
    }

    /// <summary>
    /// Publishes the next record, which takes effect one lead from now. The function gives the position at that instant,
    /// which is then clamped to the track.
    /// </summary>
    public static void Commit(
        RoomTurn turn, PlaybackStatus status, string by, Func<long, long> positionUs, bool isPlayback = true)
    {
        var room = turn.Room;
        var atUs = turn.Now.Us + Lead.OfUs(room);
        var position = Math.Clamp(positionUs(atUs), 0, room.Track?.DurationUs ?? Limits.MaxPositionUs);
        var next = room.Timeline with
        {
            Revision = room.Timeline.Revision + 1, Status = status, TrackId = room.Track?.TrackId, AtUs = atUs, PositionUs = position,
        };
        turn.Room = room with { Pair = room.Pair.Accept(next), CommandedUs = room.CommandedUs ?? (isPlayback ? turn.Now.Us : null) };
        turn.SendAll(turn.StateNow(by));
    }

    /// <summary>Drops a start that waits, should there be one.</summary>
    public static void CancelPending(RoomTurn turn)
    {
        if (turn.Room.Pending is null)
            return;
        turn.Room = turn.Room with { Pending = null };
        turn.TouchStats();
    }

    private static void Start(RoomTurn turn, Seat by, long? positionUs)
    {
        var room = turn.Room;
        if (!Unready(room).Any())
        {
            CancelPending(turn);
            CommitPlay(turn, positionUs, by.Member.PeerId);
            return;
        }

        // A host that commands again while the room waits does not make it wait longer.
        var deadline = room.Pending?.DeadlineUs ?? turn.Now.Us + Limits.MaxReadyWaitUs;
        turn.Room = room with { Pending = new PendingStart(positionUs, by.Member.PeerId, deadline), CommandedUs = room.CommandedUs ?? turn.Now.Us };
        turn.TouchStats();
    }

    private static void CommitPlay(RoomTurn turn, long? positionUs, string by) => Commit(
        turn, PlaybackStatus.Play, by, atUs =>
        {
            var position = positionUs ?? PositionAtUs(turn.Room, atUs);
            return positionUs is null && position >= turn.Room.Track?.DurationUs ? 0 : position;
        });

    private static void Silence(RoomTurn turn, Seat by, PlaybackStatus status)
    {
        CancelPending(turn);
        if (turn.Room.Timeline.Status == status)
            turn.Send(by.Connection, turn.StateNow());
        else
            Commit(turn, status, by.Member.PeerId, atUs => status == PlaybackStatus.Stop ? 0 : PositionAtUs(turn.Room, atUs));
    }

    private static bool IsAtEnd(RoomTurn turn) =>
        PositionAtUs(turn.Room, turn.Now.Us + Lead.OfUs(turn.Room)) >= turn.Room.Track?.DurationUs;

    private static long PositionAtUs(Room room, long atUs) => (room.Pair.At(atUs) ?? room.Timeline).PositionAtUs(atUs);

    private static IEnumerable<Seat> Unready(Room room) => room.Track is not { } track
        ? []
        : room.Seats.Values.Where(seat => !seat.IsReady && seat.ReadyTrackId == track.TrackId);
}
