using Jam.Peer.Session;
using Jam.Server.Contracts;
using Jam.Server.Rooms;

namespace Jam.Tests.Server;

/// <summary>Who may change what, said once more and in other words than the room says it; and what a member must never do.</summary>
internal static class RoomRights
{
    /// <summary>What a message changed that its sender had no right to; null: nothing.</summary>
    /// <param name="before">The room before it.</param>
    /// <param name="after">The room after it.</param>
    /// <param name="by">Who sent it.</param>
    /// <param name="message">The message.</param>
    /// <param name="nowUs">When it was taken: what falls due goes with whatever comes next.</param>
    public static string? Broken(Room before, Room after, Seat by, ClientMessage message, long nowUs)
    {
        var isHost = before.HostConnection == by.Connection;
        var controls = !by.Member.IsMuted && (isHost || before.Policy.Control == Control.Everyone);
        var mayAdd = !by.Member.IsMuted && (controls || before.Policy.Queue == Control.Everyone);
        var me = by.Member.PeerId;
        if (!controls && !(mayAdd && message is Queue { Action: QueueActions.Add }) && !Music(before).Equals(Music(after)) && !MayStart(before, message))
            return "it changed the music without the right to";
        // A beat that follows the track is laid anew with what begins.
        if (!controls && !MayStart(before, message) && !Beat(before).Equals(Beat(after)))
            return "it changed beat or loop without the right to";
        if (!isHost && (before.Policy != after.Policy || !ReferenceEquals(before.Kicked, after.Kicked)))
            return "it changed the house rules without being the host";
        if (!isHost && !(message is SetRole { PeerId: var forWhom } && (forWhom ?? me) == me) && before.HostConnection != after.HostConnection)
            return "it moved the host's place";
        if (!isHost && before.HostConnection is not null && before.HostConnection != after.HostConnection)
            return "it took the host's place away";
        foreach (var seat in before.Seats.Values.Where(s => s.Connection != by.Connection))
        {
            if (!isHost && (!after.Seats.TryGetValue(seat.Connection, out var then) || (then.Member.IsMuted, then.Member.Role) != (seat.Member.IsMuted, seat.Member.Role)))
                return "it changed another member";
        }

        var lanes = before.Lanes.Keys.Union(after.Lanes.Keys).Where(id => before.Lanes.GetValueOrDefault(id) != after.Lanes.GetValueOrDefault(id))
            .Where(id => !IsForgotten(id)).ToArray();
        return lanes.Any(id => id != me && !(isHost && message is Kick or Mute) && message is not SetLoop) || (lanes.Contains(me) && by.Member.IsMuted && !controls)
            ? "it changed a lane that is not its own to change" : null;

        // A lane goes with the place of who has been away for a minute, whoever's message is the next.
        bool IsForgotten(string id) =>
            before.Absentees.TryGetValue(id, out var absentee) && nowUs - absentee.LeftUs > RoomRules.EmptyRoomUs
            && !after.Absentees.ContainsKey(id) && !after.Connections.ContainsKey(id) && !after.Lanes.ContainsKey(id);
    }

    /// <summary>What a member took over that is older than what it knew; null: nothing.</summary>
    public static string? WentBack(RoomState before, RoomState after)
    {
        if (IsOlder(before.Timeline?.Current is { } a ? (a.Epoch, a.Revision) : default, after.Timeline?.Current is { } b ? (b.Epoch, b.Revision) : default))
            return $"from {before.Timeline} to {after.Timeline}";
        if (IsOlder(before.Tempo?.Current is { } c ? (c.Epoch, c.Revision) : default, after.Tempo?.Current is { } d ? (d.Epoch, d.Revision) : default))
            return $"from {before.Tempo} to {after.Tempo}";
        if (IsOlder((before.Loop.Shape.Epoch, before.Loop.Shape.Revision), (after.Loop.Shape.Epoch, after.Loop.Shape.Revision)))
            return $"from {before.Loop.Shape} to {after.Loop.Shape}";
        return IsOlder(before.QueueStamp, after.QueueStamp) ? "the list" : IsOlder(before.PolicyStamp, after.PolicyStamp) ? "the policy" : null;

        static bool IsOlder((long, long) known, (long, long) taken) => taken.CompareTo(known) < 0;
    }

    /// <summary>Who says that it is ready lets begin what others asked for; whoever leaves does, too.</summary>
    private static bool MayStart(Room before, ClientMessage message) => before.Pending is not null && message is Ready or Bye;

    private static object Music(Room r) => (r.Timeline, r.Pending, r.Track, r.QueueRevision, r.Repeat, r.ShuffleOrder is null);

    private static object Beat(Room r) => (r.Tempo.Current, r.Loop.IsOn, r.Loop.Steps, r.Loop.Beats);
}
