using Jam.Server.Contracts;
using Jam.Server.Rooms;

namespace Jam.Server.Hosting;

/// <summary>A room in the hands of the loop that owns it. The loop alone changes it; the room itself may be looked at from anywhere.</summary>
internal sealed class HostedRoom(Room room)
{
    public Room Room
    {
        get => View.Room;
        set => View.Room = value;
    }

    public RoomView View { get; } = new(room);

    /// <summary>Whether another has taken its place under its name.</summary>
    public bool IsGone { get; set; }

    /// <summary>Whether it is being handed to another server: nothing changes in it any more.</summary>
    public bool IsFrozen { get; set; }

    /// <summary>When it is looked at next without an event; <see cref="long.MaxValue"/>: not at all.</summary>
    public long ScheduledUs { get; set; } = long.MaxValue;
}

/// <summary>What the rooms' loop is told.</summary>
internal abstract record HubEvent;

/// <summary>A connection said something, at an instant of the server's clock; what it knocked with was looked at.</summary>
internal sealed record Said(ClientConnection Connection, ClientMessage Message, TaskCompletionSource<bool>? Answered, Knock Knock, long AtUs) : HubEvent;

/// <summary>A connection ended.</summary>
internal sealed record Ended(ClientConnection Connection, string Reason) : HubEvent;

/// <summary>Something is due.</summary>
internal sealed record Wake : HubEvent;

/// <summary>Somebody wants to know whether the loop still runs.</summary>
internal sealed record Asked(TaskCompletionSource Answered) : HubEvent;

/// <summary>A member's peer hands a room over.</summary>
internal sealed record Inherited(Inheritance What, TaskCompletionSource<long> Taken) : HubEvent;

/// <summary>The fleet gave this server a room; null: one that nobody was ever in.</summary>
internal sealed record Given(string Name, StoredRoom? Stored, string Secret, long Epoch, TaskCompletionSource<bool> Taken) : HubEvent;

/// <summary>A room is to stand still, and be told of as it is.</summary>
internal sealed record Freeze(string Name, TaskCompletionSource<StoredRoom?> Taken) : HubEvent;

/// <summary>A room is another server's; null: nobody is told whose.</summary>
internal sealed record Parted(string Name, Rendezvous? Where) : HubEvent;

/// <summary>Whoever was told to leave, or all, and has not is hung up on.</summary>
internal sealed record Usher(bool All) : HubEvent;

/// <summary>All rooms, or one, are to be written anew.</summary>
internal sealed record Rewrite(string? Name) : HubEvent;

/// <summary>The members are told where else they may look.</summary>
internal sealed record Advertise : HubEvent;
