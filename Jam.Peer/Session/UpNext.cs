using Jam.Server.Contracts;

namespace Jam.Peer.Session;

/// <summary>What follows the room's track by itself. The authority tells it with the list; in the list's own order it follows from that.</summary>
internal static class UpNext
{
    /// <summary>The track's id; null: nothing follows.</summary>
    public static string? Of(RoomState room)
    {
        var now = room.Track;
        if (room.Repeat == Repeat.One && now is { Kind: TrackKind.Audio })
            return now.TrackId;
        // Another order is the authority's, who says it with each track.
        if (room.IsShuffled)
            return room.NextTrackId;
        var order = room.Queue.Where(track => track.Kind == TrackKind.Audio || track.TrackId == now?.TrackId).Select(track => track.TrackId).ToList();
        var next = order.IndexOf(now?.TrackId ?? "") + 1;
        return next < order.Count ? order[next] : room.Repeat == Repeat.All && order.Count > 0 ? order[0] : null;
    }

    /// <summary>What the room's track is likely to be followed by: what comes by itself, then what stands before it in the list.</summary>
    public static IEnumerable<TrackInfo> Around(RoomState room)
    {
        var place = room.Queue.ToList().FindIndex(track => track.TrackId == room.Track?.TrackId);
        var next = Of(room) is { } id ? room.Queue.FirstOrDefault(track => track.TrackId == id) : place + 1 < room.Queue.Count ? room.Queue[place + 1] : null;
        var previous = place > 0 ? room.Queue[place - 1] : null;
        return new[] { next, previous }.OfType<TrackInfo>().Where(track => track.TrackId != room.Track?.TrackId).Distinct();
    }
}
