namespace Jam.Server.Fleet;

/// <summary>A server of the fleet, as the database told of it last. Times are on this process's monotonic clock, microseconds.</summary>
/// <param name="Id">That of its clock: new with every start of a server.</param>
/// <param name="Url">Where others and members reach it: <c>ws://host:port</c>.</param>
/// <param name="Rooms">Rooms that it keeps.</param>
/// <param name="Members">Members in them.</param>
/// <param name="IsDraining">Whether it is about to end and takes no more rooms.</param>
/// <param name="SeenUs">When it last renewed its lease.</param>
/// <param name="LeaseUntilUs">When that lease ends.</param>
internal sealed record ServerEntry(Guid Id, string Url, int Rooms, int Members, bool IsDraining, long SeenUs, long LeaseUntilUs)
{
    /// <summary>How much it bears: every member costs it messages, every room its turns.</summary>
    public int Load => Rooms + Members;
}

/// <summary>Who owns a room, by its row; null: nobody.</summary>
internal sealed record RoomEntry(string Name, Guid? Owner, long Epoch);

/// <summary>The fleet as one server sees it.</summary>
/// <param name="Self">This server.</param>
/// <param name="Servers">Every server whose row is there, alive or not.</param>
/// <param name="TrustedFromUs">From when on a lease that has ended means that its server is dead: after a gap in which the database
/// answered nobody here, others have had no chance to renew theirs either.</param>
internal sealed record FleetPicture(Guid Self, IReadOnlyList<ServerEntry> Servers, long TrustedFromUs)
{
    /// <summary>The servers whose lease runs.</summary>
    public IEnumerable<ServerEntry> LiveAt(long nowUs) => Servers.Where(s => s.LeaseUntilUs > nowUs);

    /// <summary>A server by its id; null where there is no such row.</summary>
    public ServerEntry? Find(Guid? id) => Servers.FirstOrDefault(s => s.Id == id);
}

/// <summary>Someone who says HELLO.</summary>
/// <param name="Room">The room.</param>
/// <param name="ResumesFrom">The authority whose clock it last followed; null: none.</param>
/// <param name="AskedUs">When.</param>
internal sealed record Asker(string Room, Guid? ResumesFrom, long AskedUs);

/// <summary>What to do about a HELLO for a room that is not kept here.</summary>
internal abstract record Ruling;

/// <summary>The room's row names this server: it is taken up.</summary>
internal sealed record TakeUp : Ruling;

/// <summary>Nobody's, or a dead server's: it is claimed, for this server or for another.</summary>
internal sealed record ClaimFor(Guid Server) : Ruling;

/// <summary>Another server's, which lives.</summary>
internal sealed record SendTo(ServerEntry Owner) : Ruling;

/// <summary>It is not known yet whether its owner lives; looked at again at this instant, or when something changes.</summary>
internal sealed record WaitUntil(long Us) : Ruling;

/// <summary>No server has a place for another room.</summary>
internal sealed record NoPlace : Ruling;
