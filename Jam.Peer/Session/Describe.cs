using System.Globalization;
using Jam.Server.Contracts;

namespace Jam.Peer.Session;

/// <summary>The room in words.</summary>
internal static class Describe
{
    /// <summary>What the room does.</summary>
    public static string Timeline(RoomState room) => room.Timeline?.Current switch
    {
        null => "the room has not said yet what it does",
        { TrackId: null } => "the room has no track",
        { Status: PlaybackStatus.Play } current => $"playing {room.Track?.Name} from {Position(current.PositionUs)}",
        { Status: PlaybackStatus.Pause } current => $"{room.Track?.Name} is paused at {Position(current.PositionUs)}",
        _ => $"{room.Track?.Name} is stopped",
    };

    /// <summary>What a new timeline changed; null where nothing that people care for.</summary>
    public static string? Change(RoomState before, RoomState after)
    {
        var (old, now) = (before.Timeline?.Current, after.Timeline?.Current);
        if (now?.TrackId is null && old?.TrackId is null)
            return null;
        if (after.IsAnnounced && now is not null)
            return now.Status == PlaybackStatus.Play ? $"next: {after.Track?.Name}" : $"{after.Track?.Name} ends; nothing follows";
        // Whoever comes into a room that plays: the record says where it began, which is not where it is.
        if (old is null && now is { Status: PlaybackStatus.Play })
            return $"playing {after.Track?.Name}";
        // A successor of the authority goes on where the last one was.
        var isTakenOver = old is not null && now is not null && now.ClockId != old.ClockId && now.TrackId == old.TrackId && now.Status == old.Status;
        return isTakenOver || IsSameCourse(old, now) ? null : Timeline(after);
    }

    // What a successor learns of where the music is moves it by less than anyone hears.
    private static bool IsSameCourse(Timeline? old, Timeline? now) =>
        old is { Status: PlaybackStatus.Play } && now is { Status: PlaybackStatus.Play } && now.TrackId == old.TrackId && now.ClockId == old.ClockId
        && Math.Abs(now.PositionUs - old.PositionUs - (now.AtUs - old.AtUs)) < 20_000;

    /// <summary>Whom a start waits for, by name; null: nobody.</summary>
    public static string? Waiting(RoomState room, IReadOnlyList<string> peerIds)
    {
        if (peerIds.Count == 0)
            return null;
        var names = peerIds.Select(id => id == room.PeerId ? "this peer" : room.Others.GetValueOrDefault(id)?.Name ?? id).Take(5);
        var more = peerIds.Count > 5 ? $" and {peerIds.Count - 5} more" : "";
        return $"waiting for {string.Join(", ", names)}{more} to have something to play, 3 s at most";
    }

    /// <summary>Minutes and seconds.</summary>
    public static string Position(long us) =>
        string.Create(CultureInfo.InvariantCulture, $"{us / 60_000_000}:{us / 1_000_000 % 60:00}.{us / 100_000 % 10}");

    /// <summary>A size for people.</summary>
    public static string Bytes(long bytes) => bytes switch
    {
        < 1_000 => $"{bytes} bytes",
        < 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e3:0.#} kB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0.#} MB"),
    };
}
