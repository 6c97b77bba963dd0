using Jam.Server.Contracts;

namespace Jam.Server.Fleet;

/// <summary>Who keeps which room. Pure: what the database told and the time come in, a ruling comes out; the claim itself is the database's.</summary>
internal static class FleetRules
{
    /// <summary>How long after its last renewal a server is no longer sent anybody: it has missed one.</summary>
    public static long OverdueUs(long leaseUs) => leaseUs * 6 / 10;

    /// <summary>Decides about one HELLO for a room that is not kept here.</summary>
    /// <param name="fleet">What is known of the servers.</param>
    /// <param name="room">The room's row; null where there is none.</param>
    /// <param name="asker">Who asks.</param>
    /// <param name="mostRooms">Rooms that a server may keep.</param>
    /// <param name="leaseUs">Length of a lease.</param>
    /// <param name="nowUs">The time.</param>
    public static Ruling Decide(FleetPicture fleet, RoomEntry? room, Asker asker, int mostRooms, long leaseUs, long nowUs)
    {
        if (room?.Owner == fleet.Self)
            return new TakeUp();
        if (fleet.Find(room?.Owner) is { } owner)
        {
            if (owner.LeaseUntilUs > nowUs)
                return IsDoubtful(owner, asker, leaseUs, nowUs) ? new WaitUntil(owner.LeaseUntilUs) : new SendTo(owner);
            if (nowUs < fleet.TrustedFromUs)
                return new WaitUntil(fleet.TrustedFromUs);
        }

        // Late with its own renewal, a server gets no room before that is made good; then it looks again.
        if (fleet.Find(fleet.Self) is not { } self || self.LeaseUntilUs <= nowUs)
            return new WaitUntil(nowUs + (leaseUs / 8));
        // A room that lost its owner goes where its members turn first: each hop would cost them time.
        return Place(fleet, room is { Owner: not null }, mostRooms, nowUs);
    }

    /// <summary>Where a room's members may look for it: its owner first, then the others in an order of the room's own, so that not
    /// everyone turns to the same server when one is gone.</summary>
    public static IReadOnlyList<string> UrlsOf(FleetPicture fleet, string room, Guid owner, long nowUs) =>
    [
        .. fleet.LiveAt(nowUs).Where(s => s.Id == owner || !s.IsDraining).OrderByDescending(s => s.Id == owner).ThenByDescending(s => Weight(room, s.Url))
            .Select(s => FleetUrl.OfRoom(s.Url, room)).Distinct().Take(Limits.MaxUrls),
    ];

    /// <summary>Who takes a room from a server that ends; null where no other lives.</summary>
    /// <param name="fleet">The servers.</param>
    /// <param name="given">Rooms that were given to each since the picture was drawn.</param>
    /// <param name="nowUs">The time.</param>
    public static ServerEntry? Heir(FleetPicture fleet, IReadOnlyDictionary<Guid, int> given, long nowUs) =>
        fleet.LiveAt(nowUs).Where(s => s.Id != fleet.Self && !s.IsDraining).MinBy(s => s.Load + given.GetValueOrDefault(s.Id));

    /// <summary>Whether there is a server besides this one that takes rooms or did until a moment ago: its next renewal makes it an heir.</summary>
    public static bool HasHeirs(FleetPicture fleet) => fleet.Servers.Any(s => s.Id != fleet.Self && !s.IsDraining);

    // Whoever was with the owner a moment ago and lost it knows more than its lease says, until it renews that.
    private static bool IsDoubtful(ServerEntry owner, Asker asker, long leaseUs, long nowUs) =>
        nowUs - owner.SeenUs > OverdueUs(leaseUs) || (asker.ResumesFrom == owner.Id && owner.SeenUs <= asker.AskedUs);

    private static Ruling Place(FleetPicture fleet, bool isOrphan, int mostRooms, long nowUs)
    {
        var open = fleet.LiveAt(nowUs).Where(s => !s.IsDraining && s.Rooms < mostRooms).ToArray();
        if (open.MinBy(s => s.Load) is not { } least)
            return new NoPlace();
        var self = open.FirstOrDefault(s => s.Id == fleet.Self);
        return new ClaimFor(self is not null && (isOrphan || self.Load <= least.Load + (least.Load / 4) + Slack) ? self.Id : least.Id);
    }

    // So little more than another's is not worth a hop.
    private const int Slack = 4;

    /// <summary>FNV-1a, then a round of mixing: the same on every server and every machine.</summary>
    private static ulong Weight(string room, string url)
    {
        var hash = 14695981039346656037UL;
        foreach (var c in $"{room}\n{url}")
            hash = (hash ^ c) * 1099511628211UL;
        hash ^= hash >> 32;
        return hash * 0x9E3779B97F4A7C15UL;
    }
}
