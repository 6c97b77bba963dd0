namespace Jam.Server.Contracts;

/// <summary>Caps that both sides of the control protocol hold to.</summary>
public static class Limits
{
    /// <summary>Largest control message in bytes, either way.</summary>
    public const int MaxMessageBytes = 64 * 1024;

    /// <summary>Longest room name in characters.</summary>
    public const int MaxRoomNameLength = 64;

    /// <summary>Longest member name in characters.</summary>
    public const int MaxMemberNameLength = 64;

    /// <summary>Longest track name in characters.</summary>
    public const int MaxTrackNameLength = 255;

    /// <summary>Most addresses a member may announce.</summary>
    public const int MaxAddresses = 16;

    /// <summary>Most tracks in a room's queue.</summary>
    public const int MaxQueueLength = 200;

    /// <summary>Most members of one room.</summary>
    public const int MaxMembers = 20_000;

    /// <summary>Members on one SNAPSHOT page.</summary>
    public const int MembersPerPage = 100;

    /// <summary>How long a connection may stay without HELLO.</summary>
    public static readonly TimeSpan HelloTimeout = TimeSpan.FromSeconds(20);

    /// <summary>Least time between a command and the instant it takes effect.</summary>
    public const long MinLeadUs = 50_000;

    /// <summary>Most time between a command and the instant it takes effect.</summary>
    public const long MaxLeadUs = 3_000_000;

    /// <summary>How long PLAY and SEEK wait for members that fill their first second.</summary>
    public const long MaxReadyWaitUs = 3_000_000;

    /// <summary>Furthest position that a command may name: a week, in microseconds.</summary>
    public const long MaxPositionUs = 7L * 24 * 3600 * 1_000_000;

    /// <summary>Largest track in bytes.</summary>
    public const long MaxTrackBytes = 1L << 40;

    /// <summary>Largest chunk in bytes.</summary>
    public const int MaxChunkBytes = 1 << 20;

    /// <summary>Largest round trip, lead or error that a member may report, microseconds.</summary>
    public const long MaxReportUs = 60_000_000;

    /// <summary>Most bytes that a member may have counted: a petabyte.</summary>
    public const long MaxTotal = 1_000_000_000_000_000;

    /// <summary>Largest value of a BLOB in bytes of JSON.</summary>
    public const int MaxBlobBytes = 4096;

    /// <summary>Deepest nesting inside a BLOB; the rest of a message needs some, too.</summary>
    public const int MaxBlobDepth = 12;

    /// <summary>Most lanes of a room's loop.</summary>
    public const int MaxLanes = 64;

    /// <summary>Most steps of a lane, and most beats of a cycle.</summary>
    public const int MaxLoopSteps = 64;

    /// <summary>Slowest tempo, beats a minute.</summary>
    public const double MinBpm = 20;

    /// <summary>Fastest tempo, beats a minute.</summary>
    public const double MaxBpm = 400;

    /// <summary>Most beats of a bar.</summary>
    public const int MaxBeatsPerBar = 32;

    /// <summary>Most bars of a count-in.</summary>
    public const int MaxCountInBars = 4;

    /// <summary>Longest count-in, microseconds; a longer one is cut by whole bars.</summary>
    public const long MaxCountInUs = 30_000_000;

    /// <summary>Longest peer id or resume token in characters.</summary>
    public const int MaxIdLength = 64;

    /// <summary>Highest epoch or revision that is believed.</summary>
    public const long MaxEpoch = 1_000_000_000_000;

    /// <summary>How far above its own epoch one may be that an authority or a member believes in, so that no lie uses up all of them.</summary>
    public const long MaxEpochStep = 1_000_000;

    /// <summary>Most URLs of an authority.</summary>
    public const int MaxUrls = 8;

    /// <summary>Longest URL of an authority in characters.</summary>
    public const int MaxUrlLength = 512;

    /// <summary>What one page of SNAPSHOT or PEERS, and the queue, may come to in bytes; leaves room for the rest of a message.</summary>
    public const int MaxPageBytes = 48 * 1024;
}
