using Jam.Server.Rooms;

namespace Jam.Server.Hosting;

/// <summary>A room in the hands of the loop that owns it.</summary>
internal sealed class HostedRoom(Room room)
{
    public Room Room { get; set; } = room;

    public RoomView View { get; } = new(FactsOf(room));

    /// <summary>Whether another has taken its place under its name.</summary>
    public bool IsGone { get; set; }

    /// <summary>When it is looked at next without an event; <see cref="long.MaxValue"/>: not at all.</summary>
    public long ScheduledUs { get; set; } = long.MaxValue;

    public static RoomFacts FactsOf(Room room) => new(room.Pair, room.Tempo, room.Revisions);
}
