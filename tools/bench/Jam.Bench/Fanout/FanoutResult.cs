using System.Text.Json.Serialization;

namespace Jam.Bench.Fanout;

/// <summary>What one server did in one round, or the medians of several.</summary>
/// <param name="JoinsPerSecond">From the first connect to the last STATE.</param>
/// <param name="MedianMs">From the host's send to the median viewer's receipt, milliseconds; the median of all messages.</param>
/// <param name="P99Ms">As that, to the viewer after whom one in a hundred comes.</param>
/// <param name="LastMs">As that, to the last viewer.</param>
/// <param name="WorstMs">To the last viewer of the worst message.</param>
/// <param name="RssKib">Resident memory per connection, after the messages.</param>
/// <param name="JoinCpuUs">The server's processor time per join, microseconds.</param>
/// <param name="CpuUs">The server's processor time per message and member, microseconds.</param>
internal sealed record FanoutFigures(
    double JoinsPerSecond, double MedianMs, double P99Ms, double LastMs, double WorstMs, double RssKib, double JoinCpuUs, double CpuUs)
{
    public static FanoutFigures MedianOf(IReadOnlyCollection<FanoutFigures> all) => new(
        Of(all, f => f.JoinsPerSecond), Of(all, f => f.MedianMs), Of(all, f => f.P99Ms), Of(all, f => f.LastMs), Of(all, f => f.WorstMs),
        Of(all, f => f.RssKib), Of(all, f => f.JoinCpuUs), Of(all, f => f.CpuUs));

    /// <summary>Each figure by the other's.</summary>
    public FanoutFigures By(FanoutFigures other) => new(
        JoinsPerSecond / other.JoinsPerSecond, MedianMs / other.MedianMs, P99Ms / other.P99Ms, LastMs / other.LastMs, WorstMs / other.WorstMs,
        RssKib / other.RssKib, JoinCpuUs / other.JoinCpuUs, CpuUs / other.CpuUs);

    private static double Of(IReadOnlyCollection<FanoutFigures> all, Func<FanoutFigures, double> figure) => Speed.Median(all.Select(figure));
}

/// <summary>One server.</summary>
/// <param name="Name">Which.</param>
/// <param name="Median">Of its rounds.</param>
/// <param name="Ratio">SwarmJam's figures by this one's, the median of those of each round; null where they were not both measured.</param>
/// <param name="Rounds">Each of them.</param>
internal sealed record FanoutServer(string Name, FanoutFigures Median, FanoutFigures? Ratio, IReadOnlyList<FanoutFigures> Rounds);

/// <summary>All that was measured.</summary>
/// <param name="Rooms">Rooms at a time.</param>
/// <param name="MembersPerRoom">Members of each, the host among them.</param>
/// <param name="Servers">In the order of the table.</param>
internal sealed record FanoutResult(int Rooms, int MembersPerRoom, IReadOnlyList<FanoutServer> Servers);

/// <summary>How that is written.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(FanoutResult))]
internal sealed partial class FanoutJson : JsonSerializerContext;
