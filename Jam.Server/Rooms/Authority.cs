using Jam.Server.Contracts;

namespace Jam.Server.Rooms;

/// <summary>Who may command, and what becomes of the host's place.</summary>
internal static class Authority
{
    public const string KickedText = "the host sent you away";
    private const string HostLeftNote = "host_left";

    /// <summary>Takes a free place, gives one's own up, or hands it over.</summary>
    public static void SetRole(RoomTurn turn, Seat seat, SetRole wanted)
    {
        if (wanted.PeerId is { } other && other != seat.Member.PeerId)
        {
            HandOver(turn, seat, wanted.Role, other);
            return;
        }

        if (wanted.Role == seat.Member.Role)
        {
            turn.Send(seat.Connection, new PeerJoined(seat.Member));
        }
        else if (wanted.Role == Role.Viewer)
        {
            turn.Room = turn.Room with { HostConnection = null, HostClaim = null };
            Seat(turn, seat.Connection, Role.Viewer);
        }
        else if (Door.IsOwner(turn.Room.Door, wanted.HostToken))
        {
            if (turn.Room.HostConnection is { } usurper)
                turn.SendAll(StepDown(turn, usurper));
            MakeHost(turn, seat.Connection);
        }
        else if (Membership.MayHost(turn, seat.Member.PeerId))
        {
            MakeHost(turn, seat.Connection);
        }
        else if (turn.Room.HostConnection is null && Membership.IsKept(turn.Room))
        {
            turn.Fail(seat.Connection, ErrorCodes.HostTaken, "the host's place is kept for the one who opened the room");
        }
        else
        {
            turn.Fail(seat.Connection, ErrorCodes.HostTaken, "the room has a host");
        }
    }

    /// <summary>The one whose place it is has come back: whoever held it is a viewer again.</summary>
    /// <returns>What is to be told of it, once the newcomer has had its first STATE.</returns>
    public static PeerJoined StepDown(RoomTurn turn, long connection)
    {
        var seat = turn.Room.Seats[connection];
        var changed = seat with { Member = seat.Member with { Role = Role.Viewer } };
        turn.Room = turn.Room with { Seats = turn.Room.Seats.SetItem(connection, changed), HostConnection = null, HostClaim = null };
        return new PeerJoined(changed.Member);
    }

    public static void SetPolicy(RoomTurn turn, Seat by, SetPolicy wanted)
    {
        var old = turn.Room.Policy;
        var policy = new RoomPolicy(
            wanted.Control ?? old.Control, wanted.Queue ?? old.Queue, wanted.OnHostLoss ?? old.OnHostLoss, wanted.IsListed ?? old.IsListed,
            wanted.Links ?? old.Links);
        if (policy == old)
        {
            turn.Send(by.Connection, new PolicyState(old, turn.Room.PolicyRevision, null, turn.Room.Timeline.Epoch));
            return;
        }

        turn.Room = turn.Room with { Policy = policy, PolicyRevision = turn.Room.PolicyRevision + 1 };
        turn.SendAll(new PolicyState(policy, turn.Room.PolicyRevision, by.Member.PeerId, turn.Room.Timeline.Epoch));
    }

    public static void Kick(RoomTurn turn, Seat by, Kick kick)
    {
        if (Find(turn, by, kick.PeerId) is not { } seat)
            return;
        if (seat.Connection == by.Connection)
        {
            turn.Fail(by.Connection, ErrorCodes.BadField, "that is you: BYE leaves");
            return;
        }

        if (turn.Room.Kicked.Count < RoomRules.MaxKicked)
            turn.Room = turn.Room with { Kicked = turn.Room.Kicked.Add(kick.PeerId), HouseRevision = turn.Room.HouseRevision + 1 };
        Membership.Leave(turn, seat, "kicked", mayReturn: false);
        turn.Fail(seat.Connection, ErrorCodes.Kicked, KickedText, close: true);
    }

    public static void Mute(RoomTurn turn, Seat by, Mute mute)
    {
        if (Find(turn, by, mute.PeerId) is not { } seat)
            return;
        if (seat.Connection == by.Connection)
        {
            turn.Fail(by.Connection, ErrorCodes.BadField, "the host cannot be muted");
            return;
        }

        var changed = seat with { Member = seat.Member with { IsMuted = mute.IsMuted } };
        turn.Room = turn.Room with { Seats = turn.Room.Seats.SetItem(seat.Connection, changed), HouseRevision = turn.Room.HouseRevision + 1 };
        Crowd.Tell(turn, changed, new PeerJoined(changed.Member));
        if (mute.IsMuted)
            Looping.Clear(turn, mute.PeerId);
    }

    /// <summary>The host's claim is over.</summary>
    public static void LapseIfDue(RoomTurn turn)
    {
        if (turn.Room.HostClaim is not { } claim || turn.Now.Us < claim.UntilUs)
            return;
        turn.Room = turn.Room with { HostClaim = null };
        HostIsGone(turn);
    }

    /// <summary>The host left for good: the room's policy says what follows. The music plays on unless that says otherwise.</summary>
    public static void HostIsGone(RoomTurn turn)
    {
        switch (turn.Room.Policy.OnHostLoss)
        {
            case HostLoss.Promote when Heir(turn.Room) is { } heir:
                MakeHost(turn, heir.Connection);
                break;
            case HostLoss.Pause when turn.Room.Pending is not null || turn.Room.Timeline.Status == PlaybackStatus.Play:
                Playback.PauseForWantOfHost(turn, HostLeftNote);
                break;
            default:
                break;
        }
    }

    /// <summary>
    /// Whether a command comes from someone who had not seen yet what another member did. Silence makes sense whatever happened
    /// before it; of the list's changes, only going along it depends on where the room is.
    /// </summary>
    public static bool IsStale(Room room, Seat seat, RoomCommand command)
    {
        if (command.Revision is not { } revision || command is Pause or Stop
            || command is Queue { Action: not (QueueActions.Next or QueueActions.Previous) })
            return false;
        var newestByOthers = seat.Member.PeerId == room.LastBy ? room.OtherRevision : room.Timeline.Revision;
        return (command.Epoch ?? room.Timeline.Epoch, revision).CompareTo((room.Timeline.Epoch, newestByOthers)) < 0;
    }

    public static void RefuseStale(RoomTurn turn, Seat seat)
    {
        turn.Fail(seat.Connection, ErrorCodes.Stale, "another member changed the room first; nothing was done");
        turn.Send(seat.Connection, turn.StateNow());
    }

    private static void HandOver(RoomTurn turn, Seat by, Role role, string peerId)
    {
        if (turn.Room.HostConnection != by.Connection)
        {
            turn.Fail(by.Connection, ErrorCodes.NotHost, "only the host may hand the role over");
            return;
        }

        if (Find(turn, by, peerId) is not { } heir)
            return;
        if (role == Role.Host)
        {
            Seat(turn, by.Connection, Role.Viewer);
            MakeHost(turn, heir.Connection);
        }
        else
        {
            turn.Send(by.Connection, new PeerJoined(heir.Member));
        }
    }

    /// <summary>
    /// The first to have joined among those who hold the track, else among those who fetch it or trade at all, else of all: a page in a browser
    /// has nothing to seed. Who is muted comes last.
    /// </summary>
    private static Seat? Heir(Room room) => room.Seats.Values
        .OrderBy(seat => seat.Member.IsMuted)
        .ThenByDescending(seat => seat.IsReady && seat.ReadyTrackId is { } id && id == room.Track?.TrackId)
        .ThenByDescending(seat => seat.Member.Addresses.Count > 0)
        .ThenBy(seat => seat.Member.JoinSeq)
        .FirstOrDefault();

    private static void MakeHost(RoomTurn turn, long connection)
    {
        turn.Room = turn.Room with { HostConnection = connection, HostClaim = null };
        Seat(turn, connection, Role.Host);
    }

    private static void Seat(RoomTurn turn, long connection, Role role)
    {
        var seat = turn.Room.Seats[connection];
        var changed = seat with { Member = seat.Member with { Role = role, IsMuted = seat.Member.IsMuted && role != Role.Host } };
        turn.Room = turn.Room with { Seats = turn.Room.Seats.SetItem(connection, changed) };
        turn.SendAll(new PeerJoined(changed.Member));
        Crowd.Shift(turn, changed);
        turn.TouchStats();
    }

    private static Seat? Find(RoomTurn turn, Seat by, string peerId)
    {
        if (turn.Room.Connections.TryGetValue(peerId, out var connection))
            return turn.Room.Seats[connection];
        turn.Fail(by.Connection, ErrorCodes.UnknownPeer, "nobody of that id is here");
        return null;
    }
}
