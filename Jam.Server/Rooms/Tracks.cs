using System.Collections.Immutable;
using System.Text;
using Jam.Server.Contracts;

namespace Jam.Server.Rooms;

/// <summary>SET_TRACK and QUEUE. Who calls has checked that the sender may.</summary>
internal static class Tracks
{
    /// <summary>
    /// Makes a track the room's, paused at its start. What is the room's already goes on as it does: the host of a server that has
    /// just started names its track while those who never stopped listening bring the very same back.
    /// </summary>
    public static void Set(RoomTurn turn, Seat by, SetTrack message)
    {
        if (message.TrackId is { } same && same == turn.Room.Track?.TrackId)
        {
            turn.Room = turn.Room with { Track = Describe(turn.Room, same, message) };
            turn.Send(by.Connection, turn.StateNow(by.Member.PeerId));
            return;
        }

        Playback.CancelPending(turn);
        turn.Room = turn.Room with { Track = message.TrackId is { } id ? Describe(turn.Room, id, message) : null };
        Playback.Commit(turn, PlaybackStatus.Pause, by.Member.PeerId, _ => 0, isPlayback: false);
    }

    /// <summary>Adds a track, or replaces what the list says of it, or removes it.</summary>
    public static void Change(RoomTurn turn, Seat by, Queue message)
    {
        var queue = turn.Room.Queue;
        var place = queue.FindIndex(track => track.TrackId == message.Track.TrackId);
        var isAdding = message.Action == "add";
        if (!isAdding && place < 0)
        {
            turn.Fail(by.Connection, ErrorCodes.UnknownTrack, "the queue has no such track");
            return;
        }

        var next = !isAdding ? queue.RemoveAt(place) : place < 0 ? Lightened(queue.Add(message.Track)) : Lightened(queue.SetItem(place, message.Track));
        if (isAdding && (next.Count > Limits.MaxQueueLength || next.Sum(Pages.BytesOf) > Limits.MaxPageBytes))
        {
            turn.Fail(by.Connection, ErrorCodes.QueueFull, "the queue is full");
            return;
        }

        turn.Room = turn.Room with { Queue = next };
        turn.SendAll(new QueueState(next));
    }

    /// <summary>A long list does without what only makes it better, from its end on; SET_TRACK brings it for the track that plays.</summary>
    private static ImmutableList<TrackInfo> Lightened(ImmutableList<TrackInfo> queue)
    {
        var bytes = queue.Sum(Pages.BytesOf);
        for (var place = queue.Count - 1; place >= 0 && bytes > Limits.MaxPageBytes; place--)
        {
            var light = queue[place] with { Sidecars = null };
            bytes -= Pages.BytesOf(queue[place]) - Pages.BytesOf(light);
            queue = queue.SetItem(place, light);
        }

        return queue;
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
    /// <summary>Members in order of joining, cut to pages; at least one, the first with less room where something else is on it.</summary>
    public static IReadOnlyList<IReadOnlyList<Member>> Of(Room room, long bytesOnFirst = 0)
    {
        var pages = new List<IReadOnlyList<Member>>();
        var page = new List<Member>();
        var bytes = bytesOnFirst;
        foreach (var seat in room.Seats.Values.OrderBy(seat => seat.Member.JoinSeq))
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

    /// <summary>What a track comes to in JSON, at most.</summary>
    public static long BytesOf(TrackInfo track) => 190 + Quoted(track.Name) + (track.Sidecars is { } s ? 15 + Hash(s.Index) + Hash(s.Tags) + Hash(s.Cover) : 0);

    private static long Hash(string? hash) => hash is null ? 0 : hash.Length + 11;

    private static long BytesOf(Member member) =>
        340 + Quoted(member.Name) + member.Addresses.Sum(address => (long)address.Length + 3);

    /// <summary>Quotes and backslashes take two bytes.</summary>
    private static long Quoted(string text) => Encoding.UTF8.GetByteCount(text) + text.Count(c => c is '"' or '\\');
}
