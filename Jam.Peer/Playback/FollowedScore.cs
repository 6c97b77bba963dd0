using Jam.Peer.Clock;

namespace Jam.Peer.Playback;

/// <summary>As the timeline: a beat on a clock that is not measured yet is taken over once it is, and the last one goes on until then.</summary>
internal sealed class FollowedScore
{
    private RoomScore? _newest;
    private RoomScore? _heard;

    /// <summary>Any thread: what should sound beside the track; null: nothing.</summary>
    public RoomScore? Newest
    {
        get => Volatile.Read(ref _newest);
        set => Volatile.Write(ref _newest, value);
    }

    /// <summary>Audio thread: what sounds.</summary>
    public RoomScore? Take(RoomClockSnapshot room)
    {
        var newest = Newest;
        if (newest is null || newest.ClockId == room.ClockId)
            _heard = newest;
        return _heard;
    }
}
