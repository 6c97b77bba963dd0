using Jam.Server.Contracts;
using Jam.Server.Rooms;

namespace Jam.Server.Hosting;

/// <summary>What holds in a room, as its loop last published it, for connections that answer probes without asking the loop.</summary>
internal sealed class RoomView(RoomFacts facts)
{
    private volatile RoomFacts _facts = facts;

    public RoomFacts Facts
    {
        get => _facts;
        set => _facts = value;
    }
}

/// <summary>What an answer to a probe tells of a room.</summary>
internal sealed record RoomFacts(TimelinePair Pair, TempoPair Tempo, Revisions Revisions)
{
    public static RoomFacts Of(Room room) => new(room.Pair, room.Tempo, room.Revisions);

    /// <summary>Whether they still hold in a room that has changed.</summary>
    public bool AreOf(Room room) => ReferenceEquals(Pair, room.Pair) && ReferenceEquals(Tempo, room.Tempo) && Revisions == room.Revisions;
}
