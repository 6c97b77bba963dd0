using Jam.Server.Contracts;

namespace Jam.Server.Rooms;

/// <summary>How a new authority goes on from what members remember of the last one.</summary>
internal static class Succession
{
    public const string ResumedNote = "resumed";

    /// <summary>Takes note of what a member remembers; returns the note for STATE where the past was taken over.</summary>
    /// <param name="turn">The event.</param>
    /// <param name="resume">What the member remembers.</param>
    /// <param name="connection">Who says so: its first answer is STATE, so it is told nothing here; null: nobody who is connected.</param>
    public static string? Resume(RoomTurn turn, Resume resume, long? connection)
    {
        var room = turn.Room;
        var old = resume.Timeline;
        // Where the room has moved on, this server does not call it back for one who has lost the way there.
        if (old.ClockId == room.ClockId || old.Epoch >= Math.Min(room.Timeline.Epoch + Limits.MaxEpochStep, Limits.MaxEpoch)
            || (Moving.Successor(room, turn.Now.Us) is { } elsewhere && !old.Rank.Outranks(elsewhere.Rank)))
            return null;
        var epoch = Math.Max(room.Timeline.Epoch, old.Epoch + 1);
        TakeBelongings(turn, resume, epoch, connection);
        room = turn.Room;
        if (IsWanted(room, resume, turn.Now.Us) && Rebase(resume, turn.Now.Us) is { } atUs)
        {
            // The first to resume opens the window in which others may do better.
            var since = room.Adopted?.SinceUs ?? turn.Now.Us;
            var next = old with { Epoch = epoch, Revision = room.Timeline.Revision + 1, ClockId = room.ClockId, AtUs = atUs };
            room = Playback.ChangedBy(room, null);
            turn.Room = room with
            {
                Announced = null, CountInUs = null, IsRestored = false, Pair = new TimelinePair(next, null), Track = TrackOf(room, resume), Adopted = new Adoption(old, resume.ErrorUs, since),
            };
            return ResumedNote;
        }

        turn.Room = Raised(room, epoch);
        return null;
    }

    /// <summary>The room under a higher epoch; as it is where that is its own.</summary>
    public static Room Raised(Room room, long epoch) => epoch <= room.Timeline.Epoch ? room : Playback.ChangedBy(room, null) with
    {
        Pair = room.Pair with { Current = room.Timeline with { Epoch = epoch, Revision = room.Timeline.Revision + 1 } },
        Tempo = new TempoPair(room.Tempo.Current with { Epoch = epoch }, null), Loop = room.Loop with { Epoch = epoch },
    };

    /// <summary>
    /// What belongs to the room beside the music is taken from whoever brings the newest of it, unless it was set anew here. All of it
    /// gets the new epoch, or members would take it for older than what they know.
    /// </summary>
    private static void TakeBelongings(RoomTurn turn, Resume resume, long epoch, long? connection)
    {
        var room = turn.Room;
        // In a room that has gone on for a while a newcomer's past is nobody's any more: it would only give itself what the host has not given.
        if (turn.Now.Us - room.OpenedUs > RoomRules.BelongingsUs)
            resume = resume with { Tempo = null, Loop = null, Policy = null, Queue = null };
        var past = resume.Timeline.Rank;
        var (tempo, loop, policy, origins) = (room.Tempo.Current with { Epoch = epoch }, room.Loop with { Epoch = epoch }, room.Policy, room.Origins);
        if (resume.Tempo is { } beat && resume.RoomTimeUs is { } roomTimeUs && origins.Tempo.Yields(tempo.Revision, past with { Epoch = beat.Epoch }, beat.Revision))
        {
            var shiftUs = (resume.SuccessorUs ?? turn.Now.Us) - roomTimeUs;
            origins = origins with { Tempo = new Origin(past with { Epoch = beat.Epoch }, beat.Revision, tempo.Revision + 1) };
            tempo = beat with
            {
                Epoch = epoch, Revision = tempo.Revision + 1, ClockId = room.ClockId, AtUs = beat.AtUs + shiftUs, OriginUs = beat.OriginUs + shiftUs,
            };
            turn.SendAll(new TempoState(tempo), connection);
        }

        if (resume.Loop is { } shape && origins.Loop.Yields(loop.Revision, past with { Epoch = shape.Epoch }, shape.Revision))
        {
            origins = origins with { Loop = new Origin(past with { Epoch = shape.Epoch }, shape.Revision, loop.Revision + 1) };
            loop = shape with { Epoch = epoch, Revision = loop.Revision + 1 };
            turn.SendAll(new LoopState(loop), connection);
        }

        var policyRevision = room.PolicyRevision;
        if (resume.Policy is { } allowed && origins.Policy.Yields(policyRevision, past, resume.PolicyRevision ?? 0))
        {
            origins = origins with { Policy = new Origin(past, resume.PolicyRevision ?? 0, ++policyRevision) };
            policy = allowed;
            turn.SendAll(new PolicyState(policy, policyRevision, null, epoch), connection);
        }

        turn.Room = room with
        {
            Tempo = new TempoPair(tempo, null), Loop = loop, Policy = policy, PolicyRevision = policyRevision, Origins = origins,
        };
        Playlist.Merge(turn, resume, connection);
    }

    private static bool IsWanted(Room room, Resume resume, long nowUs)
    {
        if (room.CommandedUs is { } commandedUs && !IsOlderMusic(room, resume, nowUs - commandedUs))
            return false;
        if (resume.Timeline.TrackId is null && room.Track is not null)
            return false;
        if (room.Adopted is not { } adopted)
            return true;
        if (nowUs - adopted.SinceUs > RoomRules.RefineUs)
            return false;
        // Another past under the same epoch is no newer one: it was not the room's.
        var (brought, old) = (resume.Timeline, adopted.Old);
        if (brought.ClockId != old.ClockId)
            return brought.Epoch > old.Epoch;
        var order = brought.CompareTo(old);
        return order > 0 || (order == 0 && resume.ErrorUs < adopted.ErrorUs / 2);
    }

    // A host that starts anew begins at zero by itself; those who listened all the while come a moment later, and what they
    // hear must not jump.
    private static bool IsOlderMusic(Room room, Resume resume, long commandedAgoUs) =>
        commandedAgoUs <= RoomRules.YoungUs && room.Adopted is null && resume.Timeline.Status == PlaybackStatus.Play
        && resume.Timeline.TrackId is { } track && track == room.Track?.TrackId;

    /// <summary>The old instant on our clock; null where what would follow from it cannot be, or nobody knows when it was.</summary>
    private static long? Rebase(Resume resume, long nowUs)
    {
        var old = resume.Timeline;
        if (resume.RoomTimeUs is not { } roomTimeUs)
            return old.Status == PlaybackStatus.Play ? null : nowUs;
        var agoUs = roomTimeUs - old.AtUs;
        var isPossible = agoUs >= -2 * Limits.MaxLeadUs
            && (old.Status != PlaybackStatus.Play || agoUs <= Limits.MaxPositionUs - old.PositionUs);
        // What a member measured of our clock is believed as far as it can be true.
        var thenUs = resume.SuccessorUs is { } measured && Math.Abs(nowUs - measured) <= RoomRules.RefineUs ? measured : nowUs;
        return isPossible ? thenUs - agoUs : null;
    }

    private static TrackInfo? TrackOf(Room room, Resume resume)
    {
        var id = resume.Timeline.TrackId;
        return id is null ? null
            : resume.Track?.TrackId == id ? resume.Track
            : room.Track?.TrackId == id ? room.Track
            : new TrackInfo(id, id[..8], 0, 0);
    }
}
