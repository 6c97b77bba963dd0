using Jam.Server.Contracts;

namespace Jam.Server.Rooms;

/// <summary>PLAY, PAUSE, STOP, SEEK, READY, and what follows a track. Who calls has checked that the sender may.</summary>
internal static class Playback
{
    /// <summary>Plays from a position, or from where the room is; from the start where that is the end.</summary>
    public static void Play(RoomTurn turn, Seat by, long? positionUs)
    {
        var room = Recalled(turn);
        var isOnItsWay = room.Pending is not null || (room.Timeline.Status == PlaybackStatus.Play && !IsAtEnd(room, turn.Now.Us));
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
        if (Recalled(turn).Timeline.Status == PlaybackStatus.Play || turn.Room.Pending is not null)
            Start(turn, by, positionUs);
        else
            Commit(turn, PlaybackStatus.Pause, by.Member.PeerId, _ => positionUs);
    }

    /// <summary>The room waits for a host.</summary>
    public static void PauseForWantOfHost(RoomTurn turn, string note)
    {
        CancelPending(turn);
        Commit(turn, PlaybackStatus.Pause, null, atUs => PositionAtUs(turn.Room, atUs), isPlayback: false, note);
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

    /// <summary>Announces what follows the track that is about to end: the next begins at the very instant at which this one is over.</summary>
    /// <param name="turn">The turn.</param>
    /// <param name="hasMoved">Whether the end was moved just now, so that nobody knows yet of one that is over already.</param>
    public static void AdvanceIfDue(RoomTurn turn, bool hasMoved = false)
    {
        var room = turn.Room;
        if (room.EndUs is not { } endUs || turn.Now.Us < room.EndDueUs)
            return;
        var soonestUs = turn.Now.Us + Lead.OfUs(room);
        var atUs = turn.Now.Us > endUs + RoomRules.LateEndUs || (hasMoved && endUs < soonestUs) ? soonestUs : endUs;
        var (leaving, beat) = (room.Track, room.Tempo.Current);
        var next = Playlist.Following(room);
        turn.Room = room with { Track = next ?? room.Track };
        if (next is null)
            Publish(turn, PlaybackStatus.Stop, atUs, 0, null, StateNotes.Ended);
        else
            Publish(turn, PlaybackStatus.Play, atUs, 0, null, StateNotes.Next);
        turn.Room = turn.Room with { Announced = new Announcement(leaving, turn.Room.Tempo.Current == beat ? null : beat) };
    }

    /// <summary>Goes to another track of the list; what plays goes on playing.</summary>
    public static void GoTo(RoomTurn turn, Seat by, TrackInfo track)
    {
        var wasPlaying = Recalled(turn).Timeline.Status == PlaybackStatus.Play || turn.Room.Pending is not null;
        CancelPending(turn);
        Recall(turn);
        turn.Room = turn.Room with { Track = track };
        Commit(turn, wasPlaying ? PlaybackStatus.Play : PlaybackStatus.Pause, by.Member.PeerId, _ => 0);
    }

    /// <summary>The list changed: what was announced to follow may be another track now.</summary>
    public static void AnnounceAnew(RoomTurn turn)
    {
        var before = Recalled(turn);
        if (ReferenceEquals(before, turn.Room))
            return;
        var next = Playlist.Following(before);
        var isSame = next is null
            ? turn.Room.Timeline.Status == PlaybackStatus.Stop
            : turn.Room.Timeline.Status == PlaybackStatus.Play && turn.Room.Track?.TrackId == next.TrackId;
        if (isSame)
            return;
        turn.Room = before;
        AdvanceIfDue(turn);
    }

    /// <summary>Publishes the record that stands once more, under a revision of its own: what belongs to it has changed, not the music.</summary>
    public static void PublishAnew(RoomTurn turn, string? by)
    {
        var room = ChangedBy(turn.Room, by);
        turn.Room = room with { Pair = room.Pair with { Current = room.Timeline with { Revision = room.Timeline.Revision + 1 } } };
        turn.SendAll(turn.StateNow(by));
    }

    /// <summary>Takes back an end that was announced, where a change made now comes before it.</summary>
    public static void Recall(RoomTurn turn)
    {
        var told = turn.Room.Tempo.Current;
        turn.Room = Recalled(turn);
        // Everyone has heard of the other beat under this revision.
        if (turn.Room.Tempo.Current != told)
            Beat.TellAgain(turn);
    }

    /// <summary>
    /// Publishes the next record, which takes effect one lead from now. The function gives the position at that instant,
    /// which is then clamped to the track.
    /// </summary>
    public static void Commit(
        RoomTurn turn, PlaybackStatus status, string? by, Func<long, long> positionUs, bool isPlayback = true, string? note = null,
        bool countsIn = false)
    {
        Recall(turn);
        var atUs = turn.Now.Us + Lead.OfUs(turn.Room);
        long? countInUs = null;
        if (countsIn && turn.Room.Pair.At(atUs) is not { Status: PlaybackStatus.Play })
            (atUs, countInUs) = Beat.CountIn(turn.Room, atUs);
        if (isPlayback && turn.Room.CommandedUs is null)
            turn.Room = turn.Room with { CommandedUs = turn.Now.Us };
        Publish(turn, status, atUs, positionUs(atUs), by, note, countInUs);
    }

    /// <summary>Drops a start that waits, should there be one.</summary>
    public static void CancelPending(RoomTurn turn)
    {
        if (turn.Room.Pending is null)
            return;
        turn.Room = turn.Room with { Pending = null };
        turn.TouchStats();
    }

    /// <summary>Notes who changes the room, before its revision goes up.</summary>
    public static Room ChangedBy(Room room, string? by) =>
        room.LastBy == by ? room : room with { LastBy = by, OtherRevision = room.Timeline.Revision };

    private static void Publish(
        RoomTurn turn, PlaybackStatus status, long atUs, long positionUs, string? by, string? note, long? countInUs = null)
    {
        var room = ChangedBy(turn.Room, by);
        var next = room.Timeline with
        {
            Revision = room.Timeline.Revision + 1, Status = status, TrackId = room.Track?.TrackId, AtUs = atUs,
            PositionUs = Math.Clamp(positionUs, 0, room.Track?.DurationUs ?? Limits.MaxPositionUs),
        };
        turn.Room = room with { Pair = room.Pair.Accept(next), Announced = null, CountInUs = countInUs, IsRestored = false };
        turn.SendAll(turn.StateNow(by, note));
        Beat.FollowTrack(turn, room.Timeline.TrackId);
        if (room.ShuffleOrder is not null && room.Timeline.TrackId != next.TrackId)
            Playlist.Tell(turn);
    }

    /// <summary>The room as it is while an announced end can still be taken back: the track plays on.</summary>
    public static Room Recalled(RoomTurn turn)
    {
        var room = turn.Room;
        if (room.Announced is not { } announced || room.Pair.Previous is not { } playing
            || turn.Now.Us + Lead.OfUs(room) >= room.Timeline.AtUs)
            return room;
        return room with
        {
            Track = announced.Leaving, Announced = null, Tempo = new TempoPair(Beat.WithoutAnnouncement(room), null),
            Pair = new TimelinePair(playing with { Epoch = room.Timeline.Epoch, Revision = room.Timeline.Revision }, null),
        };
    }

    private static void Start(RoomTurn turn, Seat by, long? positionUs)
    {
        var room = Recalled(turn);
        if (!Unready(room).Any())
        {
            CancelPending(turn);
            CommitPlay(turn, positionUs, by.Member.PeerId);
            return;
        }

        if (!ReferenceEquals(room, turn.Room))
        {
            // What waits is about the track that plays, which therefore does not give way to the next meanwhile.
            turn.Room = room;
            PublishAnew(turn, by.Member.PeerId);
            room = turn.Room;
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
        }, countsIn: true);

    private static void Silence(RoomTurn turn, Seat by, PlaybackStatus status)
    {
        CancelPending(turn);
        if (Recalled(turn).Timeline.Status == status)
            turn.Send(by.Connection, turn.StateNow());
        else
            Commit(turn, status, by.Member.PeerId, atUs => status == PlaybackStatus.Stop ? 0 : PositionAtUs(turn.Room, atUs));
    }

    private static bool IsAtEnd(Room room, long nowUs) => PositionAtUs(room, nowUs + Lead.OfUs(room)) >= room.Track?.DurationUs;

    private static long PositionAtUs(Room room, long atUs) => (room.Pair.At(atUs) ?? room.Timeline).PositionAtUs(atUs);

    /// <summary>Members that said that they cannot play the room's track yet, whether it is to start or not.</summary>
    public static IEnumerable<Seat> Unready(Room room) => room.Track is not { } track
        ? []
        : room.Seats.Values.Where(seat => !seat.IsReady && seat.ReadyTrackId == track.TrackId);
}
