using Jam.Peer.Clock;
using Jam.Server.Contracts;

namespace Jam.Peer.Playback;

/// <summary>
/// The timeline and the clock estimate that belong together. A record of a clock that is not measured yet cannot be followed; until it
/// can, what was followed goes on by the last good estimate, unless the new record says silence. So neither a server that is gone nor a
/// successor that is new makes a gap.
/// </summary>
internal struct FollowedTimeline
{
    /// <summary>Nothing to follow yet.</summary>
    public static FollowedTimeline Nothing => new() { Room = RoomClockSnapshot.None };

    /// <summary>What is followed; null: silence.</summary>
    public TimelinePair? Pair { get; private set; }

    /// <summary>The room clock that it is on.</summary>
    public RoomClockSnapshot Room { get; private set; }

    /// <summary>Takes the newest of both.</summary>
    public void Take(TimelinePair? newest, RoomClockSnapshot room)
    {
        if (newest is null)
        {
            Pair = null;
        }
        else if (room.IsReady && room.ClockId == newest.Current.ClockId)
        {
            (Pair, Room) = (newest, room);
        }
        else if (Room.IsReady && Room.ClockId == newest.Current.ClockId)
        {
            Pair = newest;
        }
        else if (newest.Current.Status != PlaybackStatus.Play)
        {
            Pair = null;
        }
    }

    /// <summary>The record that holds at a room time; null before anything does.</summary>
    public readonly Timeline? At(double roomUs) => Pair is not { } pair ? null : roomUs >= pair.Current.AtUs ? pair.Current : pair.Previous;
}
