using Jam.Server.Contracts;
using Jam.Server.Rooms;
using Jam.Server.Web;

namespace Jam.Server.Hosting;

/// <summary>What of the rooms the lobby may show.</summary>
internal static class RoomLister
{
    private const int MaxRooms = 100;
    private const int MaxMembers = 8;

    /// <summary>The fullest rooms that are listed and not empty.</summary>
    public static IReadOnlyList<ListedRoom> List(IEnumerable<Room> rooms, JamServerOptions options, long nowUs) => !options.ListsRooms
        ? []
        : [.. rooms.Where(room => room.Policy.IsListed && !room.Seats.IsEmpty)
            .OrderByDescending(room => room.Seats.Count).ThenBy(room => room.Name, StringComparer.Ordinal)
            .Take(MaxRooms).Select(room => Of(room, nowUs))];

    private static ListedRoom Of(Room room, long nowUs)
    {
        if (room.Door.IsLocked)
            return new ListedRoom(room.Name, room.Seats.Count, [], PlaybackStatus.Pause, null, null, 0, 0, true);
        var holds = room.Pair.At(nowUs) ?? room.Timeline;
        var track = room.Announced is { } announced && holds != room.Timeline ? announced.Leaving : room.Track;
        var members = room.Seats.Values.Select(seat => seat.Member).OrderBy(member => member.Role == Role.Host ? 0 : 1)
            .ThenBy(member => member.JoinSeq).Take(MaxMembers).Select(member => new ListedMember(member.Name, member.Role));
        return new ListedRoom(
            room.Name, room.Seats.Count, [.. members], holds.Status, track?.Name, track?.DurationUs,
            Math.Min(holds.PositionAtUs(nowUs), track?.DurationUs ?? long.MaxValue), room.Queue.Count);
    }
}
