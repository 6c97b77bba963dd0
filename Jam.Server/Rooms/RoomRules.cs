namespace Jam.Server.Rooms;

/// <summary>The room's own figures, microseconds.</summary>
internal static class RoomRules
{
    /// <summary>How long a lost host may come back to its place.</summary>
    public const long HostGraceUs = 10_000_000;

    /// <summary>How long a room and its absentees are remembered.</summary>
    public const long EmptyRoomUs = 60_000_000;

    /// <summary>Members up to which everyone is told of everyone. A crowd is none any more when half of that is left.</summary>
    public const int CrowdOf = 256;

    /// <summary>Least time between two ROOM_STATS.</summary>
    public static long StatsEveryUs(Room room) => room.Crowd is null ? 500_000 : 2_000_000;

    /// <summary>Least time between two tellings of what members report, in a small room.</summary>
    private const long ReportsEveryUs = 2_000_000;

    /// <summary>As that, for each member: what everyone is told of everyone grows with the square of the room, and a server may be behind the
    /// uplink of somebody's home.</summary>
    private const long ReportsPerMemberUs = 1_000_000;

    /// <summary>As that, in the largest room.</summary>
    public const long ReportsAtLeastEveryUs = 30_000_000;

    /// <summary>A longest round trip from which on a way is full, or far: reports are told as in the largest room.</summary>
    private const long FarUs = 50_000;

    /// <summary>Least time between two tellings of what members report.</summary>
    public static long ReportsGapUs(int members, long worstRttUs) =>
        worstRttUs > FarUs ? ReportsAtLeastEveryUs : Math.Clamp(members * ReportsPerMemberUs, ReportsEveryUs, ReportsAtLeastEveryUs);

    /// <summary>A longest round trip from which on reports are told by turns: the room is not all in one house, or a way is being filled.</summary>
    public const long TurnsFromRttUs = 10_000;

    /// <summary>Reports told in one turn.</summary>
    public const int ReportsInTurn = 2;

    /// <summary>Time between two turns: each member has one in the time between two tellings of all.</summary>
    public static long ReportsTurnUs(int members, long worstRttUs) => Math.Max(ReportsEveryUs, ReportsGapUs(members, worstRttUs) * ReportsInTurn / members);

    /// <summary>For how long after a change of the timeline a telling (but the first) is put off, whoever lacks what: nobody has said so yet.</summary>
    public const long ReportsAfterNewsUs = 2_000_000;

    /// <summary>By how much a telling is put off where someone lacks a track that has just come or begun: to nine members it is 20 kB that go the way of the first seconds.</summary>
    public const long ReportsPutOffUs = 10_000_000;

    /// <summary>Members of a room up to which everyone's report is told.</summary>
    public const int ReportsOfAll = 32;

    /// <summary>That PLAY waits for fewer of those whom it was said to wait for is told no sooner after that, microseconds.</summary>
    public const long FewerAwaitedUs = 1_500_000;

    /// <summary>Reports told in a larger room: the worst.</summary>
    public const int ReportsOfWorst = 16;

    /// <summary>How long before the end of a track the next one is announced: decoders need a moment, and so does a slow link.</summary>
    public const long AnnounceUs = 2_500_000;

    /// <summary>How late the end of a track may be noticed and still be taken for the instant at which the next one began.</summary>
    public const long LateEndUs = 1_000_000;

    /// <summary>Least time between two records that the room publishes by itself.</summary>
    public const long ShortestRecordUs = 100_000;

    /// <summary>What one BLOB costs its sender.</summary>
    public const long BlobCostUs = 100_000;

    /// <summary>How much of that may be owed.</summary>
    public const long BlobCreditUs = 2_000_000;

    /// <summary>Most peer ids that a room remembers to have sent away.</summary>
    public const int MaxKicked = 1000;

    /// <summary>How long it is believed that the room has moved elsewhere; whoever knows says it again well before.</summary>
    public const long MovedUs = 25_000_000;

    /// <summary>How long after a first Resume a better one may refine it.</summary>
    public const long RefineUs = 5_000_000;

    /// <summary>How much longer that is in a room that was restored: its members have to find the server first.</summary>
    public const long RestoredUs = 25_000_000;

    /// <summary>How long what members remember beside the music is taken from them.</summary>
    public const long BelongingsUs = 60_000_000;

    /// <summary>How long after the first command those who never stopped playing may still come and be followed.</summary>
    public const long YoungUs = 10_000_000;
}
