using Jam.Server.Contracts;

namespace Jam.Server.Hosting;

/// <summary>Where a HELLO for a room that is not kept here is answered.</summary>
internal abstract record Placement
{
    /// <summary>Here.</summary>
    public static Placement Here { get; } = new HereNow();

    private sealed record HereNow : Placement;
}

/// <summary>At another server.</summary>
internal sealed record Elsewhere(Rendezvous Where) : Placement;

/// <summary>Nowhere at the moment; the error says why, and closes.</summary>
internal sealed record NotNow(Error Why) : Placement;

/// <summary>What the loop that owns the rooms needs of the fleet that its server is one of. Any thread may call it; none of it waits for a database but what says so.</summary>
internal interface IFleet
{
    /// <summary>Finds out who keeps a room, claiming it where nobody does. Waits for the database.</summary>
    /// <param name="room">The room.</param>
    /// <param name="resumesFrom">The clock of the authority that whoever asks last followed.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    ValueTask<Placement> PlaceAsync(string room, Guid? resumesFrom, CancellationToken cancellationToken);

    /// <summary>Where a room is, for whoever asks without joining it; null where it is nowhere. Waits for the database.</summary>
    ValueTask<Rendezvous?> WhereAsync(string room, CancellationToken cancellationToken);

    /// <summary>Where the members of a room of this server may look for it; null where that is told to nobody.</summary>
    Rendezvous? Addresses(string room, long epoch);

    /// <summary>A room is kept here from now on, under this epoch of its row. The rooms' own loop calls it.</summary>
    void Took(string room, long epoch);

    /// <summary>And no more.</summary>
    void Dropped(string room);
}
