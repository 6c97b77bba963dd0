using System.Text;
using Jam.Server.Contracts;

namespace Jam.Server.Rooms;

/// <summary>SET_TRACK. Who calls has checked that the sender may.</summary>
internal static class Tracks
{
    /// <summary>
    /// Makes a track the room's, paused at its start. What is the room's already goes on as it does: the host of a server that has
    /// just started names its track while those who never stopped listening bring the very same back.
    /// </summary>
    public static void Set(RoomTurn turn, Seat by, SetTrack message)
    {
        // An end that was announced is not there yet: the track that plays is the room's.
        var playing = Playback.Recalled(turn);
        if (message.TrackId is { } same && same == playing.Track?.TrackId)
        {
            Describe(turn, by, playing, Describe(playing, same, message));
            return;
        }

        Playback.CancelPending(turn);
        Playback.Recall(turn);
        turn.Room = turn.Room with { Track = message.TrackId is { } id ? Describe(turn.Room, id, message) : null };
        Playback.Commit(turn, PlaybackStatus.Pause, by.Member.PeerId, _ => 0, isPlayback: false);
    }

    /// <summary>What is said of a track is the same for everyone, or its end would not be; the music goes on as it does.</summary>
    private static void Describe(RoomTurn turn, Seat by, Room playing, TrackInfo track)
    {
        if (track == playing.Track)
        {
            turn.Send(by.Connection, turn.StateNow(by.Member.PeerId));
            return;
        }

        turn.Room = playing with { Track = track };
        Playback.PublishAnew(turn, by.Member.PeerId);
        // Where the end is still near, it is announced anew: it may have moved.
        Playback.AdvanceIfDue(turn, hasMoved: true);
    }

    /// <summary>A message by hand may name the track alone; what the room knows of it fills the rest.</summary>
    private static TrackInfo Describe(Room room, string trackId, SetTrack message)
    {
        var known = room.Queue.Find(track => track.TrackId == trackId) ?? (room.Track?.TrackId == trackId ? room.Track : null);
        if (message.LengthBytes == 0 && known is not null)
            return known;
        return new TrackInfo(
            trackId, message.Name ?? known?.Name ?? trackId[..8], message.LengthBytes, message.ChunkSizeBytes, message.Kind,
            message.DurationUs, message.Sidecars ?? (known?.LengthBytes == message.LengthBytes ? known.Sidecars : null));
    }
}

/// <summary>Cuts lists so that no message exceeds its cap.</summary>
internal static class Pages
{
    /// <summary>What a snapshot's first page holds beside members, list and track.</summary>
    public const long SummaryBytes = 1600;

    /// <summary>The room in as many pages as it takes: the list and the rest on the first, members, then lanes.</summary>
    public static IEnumerable<Snapshot> Snapshot(RoomTurn turn, IEnumerable<Seat> seats)
    {
        var room = turn.Room;
        var pages = Of(seats, room.Queue.Sum(BytesOf) + SummaryBytes + BytesOf(room.Track));
        var lanes = Of(room.Lanes.Values);
        var count = pages.Count + lanes.Count;
        var summary = new RoomSummary(
            turn.StateNow(), room.Policy, room.PolicyRevision, room.Repeat, room.ShuffleOrder is not null, Playlist.Following(room)?.TrackId,
            room.QueueRevision, room.Tempo.Current, room.Loop);
        for (var page = 0; page < pages.Count; page++)
            yield return new Snapshot(page, count, pages[page], page == 0 ? room.Queue : [], page == 0 ? summary : null);
        for (var page = 0; page < lanes.Count; page++)
            yield return new Snapshot(pages.Count + page, count, [], [], null, lanes[page]);
    }

    /// <summary>Members in order of joining, cut to pages; at least one, the first with less room where something else is on it.</summary>
    public static IReadOnlyList<IReadOnlyList<Member>> Of(IEnumerable<Seat> seats, long bytesOnFirst = 0)
    {
        var pages = new List<IReadOnlyList<Member>>();
        var page = new List<Member>();
        var bytes = bytesOnFirst;
        var sorted = seats.ToList();
        sorted.Sort(static (a, b) => a.Member.JoinSeq.CompareTo(b.Member.JoinSeq));
        foreach (var seat in sorted)
        {
            var size = BytesOf(seat.Member);
            if (page.Count == Limits.MembersPerPage || bytes + size > Limits.MaxPageBytes)
            {
                pages.Add(page);
                page = [];
                bytes = 0;
            }

            page.Add(seat.Member);
            bytes += size;
        }

        pages.Add(page);
        return pages;
    }

    /// <summary>Lanes, cut to pages; none where there are no lanes.</summary>
    public static IReadOnlyList<IReadOnlyList<LoopLane>> Of(IEnumerable<LoopLane> lanes)
    {
        var pages = new List<IReadOnlyList<LoopLane>>();
        var page = new List<LoopLane>();
        var bytes = 0L;
        foreach (var lane in lanes)
        {
            var size = 140 + (lane.Steps.Count * 64L);
            if (bytes + size > Limits.MaxPageBytes)
            {
                pages.Add(page);
                (page, bytes) = ([], 0);
            }

            page.Add(lane);
            bytes += size;
        }

        if (page.Count > 0)
            pages.Add(page);
        return pages;
    }

    /// <summary>What a track comes to in JSON, at most.</summary>
    public static long BytesOf(TrackInfo? track) => track is null
        ? 4
        : 190 + Quoted(track.Name) + (track.Sidecars is { } s ? 15 + Hash(s.Index) + Hash(s.Tags) + Hash(s.Cover) : 0);

    private static long Hash(string? hash) => hash is null ? 0 : hash.Length + 11;

    private static long BytesOf(Member member) =>
        340 + Quoted(member.Name) + member.Addresses.Sum(address => (long)address.Length + 3);

    /// <summary>Quotes and backslashes take two bytes.</summary>
    private static long Quoted(string text) => Encoding.UTF8.GetByteCount(text) + text.AsSpan().Count('"') + text.AsSpan().Count('\\');
}
