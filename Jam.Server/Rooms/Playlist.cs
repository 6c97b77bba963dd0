using System.Collections.Immutable;
using Jam.Server.Contracts;

namespace Jam.Server.Rooms;

/// <summary>QUEUE: the room's list of tracks and the way along it. Who calls has checked that the sender may.</summary>
internal static class Playlist
{
    public static void Change(RoomTurn turn, Seat by, Queue message)
    {
        switch (message.Action)
        {
            case QueueActions.Add:
                Add(turn, by, message);
                break;
            case QueueActions.Remove:
                Remove(turn, by, message);
                break;
            case QueueActions.Move:
                Move(turn, by, message);
                break;
            case QueueActions.Next:
                Step(turn, by, Neighbour(Playback.Recalled(turn), 1));
                break;
            case QueueActions.Previous:
                Step(turn, by, Neighbour(Playback.Recalled(turn), -1) ?? Playback.Recalled(turn).Track);
                break;
            case QueueActions.Repeat:
                Set(turn, turn.Room with { Repeat = message.Repeat ?? Repeat.Off });
                break;
            default:
                Shuffle(turn, message.IsOn == true);
                break;
        }
    }

    /// <summary>What follows the room's track by itself; null: nothing.</summary>
    public static TrackInfo? Following(Room room) =>
        room.Repeat == Repeat.One && room.Track is { Kind: TrackKind.Audio } same ? same : Neighbour(room, 1, TrackKind.Audio);

    public static void Tell(RoomTurn turn, long? except = null)
    {
        var room = turn.Room;
        turn.SendAll(
            new QueueState(
                room.Queue, room.Repeat, room.ShuffleOrder is not null, Following(room)?.TrackId, room.QueueRevision,
                room.Timeline.Epoch),
            except);
    }

    /// <summary>
    /// The list of another authority: of the same past as this one's, where it is newer, it takes its place; else what is not in this
    /// one yet is appended.
    /// </summary>
    public static void Merge(RoomTurn turn, Resume resume, long? except)
    {
        var (room, origin) = (turn.Room, turn.Room.Origins.Queue);
        var (tracks, repeat, from) = (resume.Queue ?? [], resume.Repeat, resume.Timeline.Rank);
        if (resume.QueueRevision is { } revision && room.QueueRevision == origin.HereRevision && origin.HereRevision > 0 && from.Id == origin.From.Id)
        {
            if (origin.Yields(room.QueueRevision, from, revision))
                Replace(turn, [.. tracks.DistinctBy(track => track.TrackId).Take(Limits.MaxQueueLength)], repeat, new Origin(from, revision, room.QueueRevision + 1), except);
            return;
        }

        var isFirst = room.QueueRevision == 0;
        var queue = room.Queue;
        foreach (var track in tracks.DistinctBy(track => track.TrackId).Where(track => PlaceOf(room, track.TrackId) < 0))
        {
            if (Fits(queue.Add(track)))
                queue = queue.Add(track);
        }

        if (queue == room.Queue && (!isFirst || repeat == room.Repeat))
            return;
        turn.Room = room with
        {
            Queue = queue, QueueRevision = room.QueueRevision + 1, Repeat = isFirst ? repeat : room.Repeat,
            ShuffleOrder = room.ShuffleOrder?.AddRange(queue.Skip(room.Queue.Count).Select(track => track.TrackId)),
            // A list that was put together from parts is nobody's old one.
            Origins = room.Origins with { Queue = isFirst && room.Queue.IsEmpty ? new Origin(from, resume.QueueRevision ?? 0, 1) : default },
        };
        Tell(turn, except);
    }

    private static void Replace(RoomTurn turn, ImmutableList<TrackInfo> queue, Repeat repeat, Origin origin, long? except)
    {
        var room = turn.Room;
        turn.Room = room with
        {
            Queue = Lightened(queue), QueueRevision = room.QueueRevision + 1, Repeat = repeat, ShuffleOrder = null,
            Origins = room.Origins with { Queue = origin },
        };
        Tell(turn, except);
    }

    private const long MaxBytes = Limits.MaxPageBytes - (2 * Pages.SummaryBytes);

    private static bool Fits(ImmutableList<TrackInfo> queue) => queue.Count <= Limits.MaxQueueLength && queue.Sum(Pages.BytesOf) <= MaxBytes;

    // A long list does without what only makes it better, from its end on; SET_TRACK brings it for the track that plays.
    private static ImmutableList<TrackInfo> Lightened(ImmutableList<TrackInfo> queue)
    {
        var bytes = queue.Sum(Pages.BytesOf);
        for (var place = queue.Count - 1; place >= 0 && bytes > MaxBytes; place--)
        {
            var light = queue[place] with { Sidecars = null };
            bytes -= Pages.BytesOf(queue[place]) - Pages.BytesOf(light);
            queue = queue.SetItem(place, light);
        }

        return queue;
    }

    private static void Add(RoomTurn turn, Seat by, Queue message)
    {
        var (room, track) = (turn.Room, message.Track!);
        var place = PlaceOf(room, track.TrackId);
        var next = place >= 0
            ? room.Queue.SetItem(place, track)
            : room.Queue.Insert(Math.Min(message.Place ?? room.Queue.Count, room.Queue.Count), track);
        next = Lightened(next);
        if (!Fits(next))
        {
            turn.Fail(by.Connection, ErrorCodes.QueueFull, "the queue is full");
            return;
        }

        var order = room.ShuffleOrder;
        if (order is not null && place < 0)
        {
            // Anywhere behind what is played now.
            var from = order.IndexOf(room.Track?.TrackId ?? "") + 1;
            order = order.Insert(from + new Dice(turn).Below(order.Count - from + 1), track.TrackId);
        }

        Set(turn, room with { Queue = next, ShuffleOrder = order });
    }

    private static void Remove(RoomTurn turn, Seat by, Queue message)
    {
        var id = message.Track!.TrackId;
        if (PlaceOf(turn.Room, id) is var place && place >= 0)
            Set(turn, turn.Room with { Queue = turn.Room.Queue.RemoveAt(place), ShuffleOrder = turn.Room.ShuffleOrder?.Remove(id) });
        else
            turn.Fail(by.Connection, ErrorCodes.UnknownTrack, "the queue has no such track");
    }

    private static void Move(RoomTurn turn, Seat by, Queue message)
    {
        var place = PlaceOf(turn.Room, message.Track!.TrackId);
        if (place < 0)
        {
            turn.Fail(by.Connection, ErrorCodes.UnknownTrack, "the queue has no such track");
            return;
        }

        var track = turn.Room.Queue[place];
        var rest = turn.Room.Queue.RemoveAt(place);
        Set(turn, turn.Room with { Queue = rest.Insert(Math.Min(message.Place ?? 0, rest.Count), track) });
    }

    private static void Shuffle(RoomTurn turn, bool isOn)
    {
        ImmutableList<string>? order = null;
        if (isOn)
        {
            var current = turn.Room.Track?.TrackId;
            var ids = turn.Room.Queue.Select(track => track.TrackId).Where(id => id != current).ToArray();
            var dice = new Dice(turn);
            for (var i = ids.Length - 1; i > 0; i--)
            {
                var j = dice.Below(i + 1);
                (ids[i], ids[j]) = (ids[j], ids[i]);
            }

            order = [.. ids];
            if (current is not null && PlaceOf(turn.Room, current) >= 0)
                order = order.Insert(0, current);
        }

        Set(turn, turn.Room with { ShuffleOrder = order });
    }

    private static void Step(RoomTurn turn, Seat by, TrackInfo? to)
    {
        if (to is null)
            turn.Fail(by.Connection, ErrorCodes.NoNext, "nothing follows in the list");
        else
            Playback.GoTo(turn, by, to);
    }

    /// <summary>What stands beside the room's track in the order of play; from a track that is not in the list, the first.</summary>
    private static TrackInfo? Neighbour(Room room, int step, TrackKind? kind = null)
    {
        IEnumerable<TrackInfo> tracks = room.ShuffleOrder is { } shuffled
            ? shuffled.Select(id => room.Queue.Find(track => track.TrackId == id)).OfType<TrackInfo>()
            : room.Queue;
        var order = tracks.Where(track => kind is null || track.Kind == kind || track.TrackId == room.Track?.TrackId).ToList();
        if (order.Count == 0)
            return null;
        var place = order.FindIndex(track => track.TrackId == room.Track?.TrackId);
        if (place < 0)
            return step > 0 ? order[0] : null;
        var next = place + step;
        if (next >= 0 && next < order.Count)
            return order[next];
        return room.Repeat == Repeat.All ? order[(next + order.Count) % order.Count] : null;
    }

    private static void Set(RoomTurn turn, Room changed)
    {
        turn.Room = changed with { QueueRevision = changed.QueueRevision + 1 };
        Playback.AnnounceAnew(turn);
        Tell(turn);
    }

    private static int PlaceOf(Room room, string trackId) => room.Queue.FindIndex(track => track.TrackId == trackId);

    /// <summary>Splitmix64, seeded by the moment and the list's revision: rooms roll no dice of their own.</summary>
    private struct Dice(RoomTurn turn)
    {
        private ulong _state = (ulong)turn.Now.Us ^ ((ulong)turn.Room.QueueRevision << 48);

        public int Below(int count)
        {
            _state += 0x9E3779B97F4A7C15;
            var z = _state;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return (int)((z ^ (z >> 31)) % (ulong)count);
        }
    }
}
