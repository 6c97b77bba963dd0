using Jam.Server.Contracts;

namespace Jam.Server.Rooms;

/// <summary>How a new authority goes on from what members remember of the last one.</summary>
internal static class Succession
{
    private const string ResumedNote = "resumed";

    /// <summary>Takes note of what a member remembers; returns the note for STATE where the past was taken over.</summary>
    public static string? Resume(RoomTurn turn, Resume resume)
    {
        var room = turn.Room;
        var old = resume.Timeline;
        if (old.ClockId == room.ClockId)
            return null;
        var epoch = Math.Max(room.Timeline.Epoch, old.Epoch + 1);
        TakeBelongings(turn, resume, epoch);
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

        if (epoch > room.Timeline.Epoch)
        {
            var raised = room.Timeline with { Epoch = epoch, Revision = room.Timeline.Revision + 1 };
            turn.Room = Playback.ChangedBy(room, null) with { Pair = room.Pair with { Current = raised } };
        }

        return null;
    }

    /// <summary>
    /// What belongs to the room beside the music is taken from the first who brings it, unless it was set anew here. All of it gets the
    /// new epoch, or members would take it for older than what they know.
    /// </summary>
    private static void TakeBelongings(RoomTurn turn, Resume resume, long epoch)
    {
        var room = turn.Room;
        var tempo = room.Tempo.Current with { Epoch = epoch };
        if (room.Tempo.Current.Revision == 0 && resume.Tempo is { } brought)
        {
            var shiftUs = (resume.SuccessorUs ?? turn.Now.Us) - resume.RoomTimeUs;
            tempo = brought with
            {
                Epoch = epoch, Revision = 1, ClockId = room.ClockId, AtUs = brought.AtUs + shiftUs, OriginUs = brought.OriginUs + shiftUs,
            };
        }

        var loop = room.Loop.Revision == 0 && resume.Loop is { } shape ? shape with { Revision = 1 } : room.Loop;
        turn.Room = room with
        {
            Tempo = new TempoPair(tempo, null), Loop = loop with { Epoch = epoch },
            Policy = room.PolicyRevision == 0 ? resume.Policy ?? room.Policy : room.Policy,
            PolicyRevision = room.PolicyRevision == 0 && resume.Policy is not null ? 1 : room.PolicyRevision,
        };
        Playlist.Merge(turn, resume.Queue ?? [], resume.Repeat);
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
        var order = resume.Timeline.CompareTo(adopted.Old);
        return order > 0
            || (order == 0 && resume.Timeline.ClockId == adopted.Old.ClockId && resume.ErrorUs < adopted.ErrorUs / 2);
    }

    // A host that starts anew begins at zero by itself; those who listened all the while come a moment later, and what they
    // hear must not jump.
    private static bool IsOlderMusic(Room room, Resume resume, long commandedAgoUs) =>
        commandedAgoUs <= RoomRules.YoungUs && room.Adopted is null && resume.Timeline.Status == PlaybackStatus.Play
        && resume.Timeline.TrackId is { } track && track == room.Track?.TrackId;

    /// <summary>The old instant on our clock; null where what would follow from it cannot be.</summary>
    private static long? Rebase(Resume resume, long nowUs)
    {
        var old = resume.Timeline;
        var agoUs = resume.RoomTimeUs - old.AtUs;
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
