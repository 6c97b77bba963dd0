using Jam.Server.Contracts;
using Jam.Server.Rooms;

namespace Jam.Server.Hosting;

/// <summary>A room in the hands of the loop that owns it. The loop alone changes it; the room itself may be looked at from anywhere.</summary>
internal sealed class HostedRoom(Room room)
{
    private volatile Room _room = room;

    public Room Room
    {
        get => _room;
        set => _room = value;
    }

    public RoomView View { get; } = new(FactsOf(room));

    /// <summary>Whether another has taken its place under its name.</summary>
    public bool IsGone { get; set; }

    /// <summary>When it is looked at next without an event; <see cref="long.MaxValue"/>: not at all.</summary>
    public long ScheduledUs { get; set; } = long.MaxValue;

    public static RoomFacts FactsOf(Room room) => new(room.Pair, room.Tempo, room.Revisions);
}

/// <summary>What the rooms' loop is told.</summary>
internal abstract record HubEvent;

/// <summary>A connection said something, at an instant of the server's clock; what it knocked with was looked at.</summary>
internal sealed record Said(ClientConnection Connection, ClientMessage Message, TaskCompletionSource? Answered, Knock Knock, long AtUs) : HubEvent;

/// <summary>A connection ended.</summary>
internal sealed record Ended(ClientConnection Connection, string Reason) : HubEvent;

/// <summary>Something is due.</summary>
internal sealed record Wake : HubEvent;

/// <summary>Somebody wants to know whether the loop still runs.</summary>
internal sealed record Asked(TaskCompletionSource Answered) : HubEvent;

/// <summary>A member's peer hands a room over.</summary>
internal sealed record Inherited(Inheritance What, TaskCompletionSource<long> Taken) : HubEvent;
