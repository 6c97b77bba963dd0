using System.Text.Json.Serialization;

namespace Jam.Server.Contracts;

/// <summary>Asks to be shown the swarm, or no more.</summary>
/// <param name="IsOn">Whether SWARM is wanted from now on.</param>
public sealed record WatchRequest(bool IsOn = true) : ClientMessage;

/// <summary>What a member says of its part in the swarm, while somebody watches.</summary>
public sealed record SwarmTold(SwarmReport Report) : ClientMessage;

/// <summary>To members that trade: whether somebody watches, and how often they should tell.</summary>
/// <param name="IsOn">Whether SWARM is wanted.</param>
/// <param name="EveryMs">Least time between two of them, milliseconds.</param>
/// <param name="Round">Goes up when somebody new watches: the next SWARM tells everything from the start.</param>
public sealed record Watched(bool IsOn, int EveryMs, long Round) : ServerMessage;

/// <summary>A member's part in the swarm, to those who watch.</summary>
public sealed record SwarmRelay(string PeerId, SwarmReport Report) : ServerMessage;

/// <summary>One member's part in the swarm.</summary>
/// <param name="TrackId">The track that it is about; null: the room has none.</param>
/// <param name="Chunks">How many chunks that has; 0 while its manifest is not here.</param>
/// <param name="Round">Of the WATCHED that this answers.</param>
/// <param name="IsFirst">Whether it tells from the start; else it adds to what was told before.</param>
/// <param name="Sources">Peer ids that chunks came from.</param>
/// <param name="Runs">
/// Threes of numbers, in order of place: chunks passed over since the last run, chunks in this one, whom they came from (0: they were here,
/// else a place in <paramref name="Sources"/> from 1).
/// </param>
/// <param name="Links">Its links that carry something.</param>
/// <param name="Stats">As STATS.</param>
/// <param name="AgeUs">Since when it has been after the track, microseconds.</param>
/// <param name="TookUs">How long it took until it had everything; null: it has not, or had it from the start.</param>
/// <param name="UpLimit">What it may send, bytes a second; null: anything.</param>
/// <param name="DownLimit">What it may take, bytes a second; null: anything.</param>
public sealed record SwarmReport(
    string? TrackId, int Chunks, long Round, bool IsFirst, IReadOnlyList<string> Sources, IReadOnlyList<int> Runs,
    IReadOnlyList<SwarmLink> Links, MemberStats? Stats = null, long AgeUs = 0,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? TookUs = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? UpLimit = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? DownLimit = null)
{
    /// <summary>Most runs of one report; the rest is told by the next.</summary>
    public const int MaxRuns = 2000;

    /// <summary>Most peers of one report that chunks came from; the rest is told by the next.</summary>
    public const int MaxSources = 128;

    /// <summary>Most links of one report: those that carry most.</summary>
    public const int MaxLinks = 64;

    /// <summary>Most chunks of a track.</summary>
    public const int MaxChunks = 1 << 20;

    /// <summary>What is wrong with it; null where nothing is.</summary>
    internal string? Problem()
    {
        var isValid = (TrackId is null || Names.IsTrackId(TrackId)) && Chunks is >= 0 and <= MaxChunks && Round is >= 0 and <= Limits.MaxEpoch
            && Sources.Count <= MaxSources && Sources.All(source => Names.IsId(source)) && Runs.Count <= 3 * MaxRuns && Runs.Count % 3 == 0
            && Links.Count <= MaxLinks && Links.All(IsValid) && AgeUs >= 0 && TookUs is null or >= 0 && UpLimit is null or >= 0
            && DownLimit is null or >= 0 && IsValid(Stats);
        if (!isValid)
            return "swarm is out of range";
        long end = 0;
        for (var i = 0; i < Runs.Count; i += 3)
        {
            var (skip, length, source) = (Runs[i], Runs[i + 1], Runs[i + 2]);
            end += (long)skip + length;
            if (skip < 0 || length < 1 || end > Chunks || source < 0 || source > Sources.Count)
                return "runs are out of range";
        }

        return null;
    }

    private static bool IsValid(SwarmLink? link) =>
        link is not null && Names.IsId(link.PeerId) && link.DownRate >= 0 && link.UpRate >= 0 && link.RttUs is null or >= 0;

    private static bool IsValid(MemberStats? stats) => stats is null
        || (stats.Totals is null && stats.RttUs is >= 0 and <= Limits.MaxReportUs && stats.OutputLeadUs is >= 0 and <= Limits.MaxReportUs
            && stats.BufferUs is >= 0 and <= Limits.MaxPositionUs && double.IsFinite(stats.SyncErrorUs ?? 0)
            && double.IsFinite(stats.SyncUncertaintyUs ?? 0) && double.IsFinite(stats.Loss) && double.IsFinite(stats.ClockErrorUs ?? 0));
}

/// <summary>What a link of a member carries.</summary>
/// <param name="PeerId">Who is at the other end.</param>
/// <param name="DownRate">From there, bytes a second.</param>
/// <param name="UpRate">To there, bytes a second.</param>
/// <param name="RttUs">Its round trip, microseconds; null where unknown.</param>
public sealed record SwarmLink(
    string PeerId, long DownRate, long UpRate, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? RttUs = null);
