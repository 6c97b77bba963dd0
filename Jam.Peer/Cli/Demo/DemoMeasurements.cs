namespace Jam.Peer.Cli.Demo;

/// <summary>
/// What was seen while music played. A peer counts from a while after it was first heard: before that it settles, and the demo is
/// about what a listener hears, which the first instant is not all of.
/// </summary>
/// <param name="settleUs">That while, microseconds.</param>
internal sealed class DemoMeasurements(long settleUs)
{
    private readonly Dictionary<string, long> soundingSinceUs = [];
    private readonly Dictionary<string, List<double>> errorsUs = [];
    private readonly Dictionary<string, long> seenAtUs = [];
    private readonly List<double> spreadsUs = [];

    /// <summary>Adds what the peers last said; a report that was seen before adds nothing.</summary>
    public void Add(long nowUs, IReadOnlyList<DemoPeerState> peers)
    {
        var heard = new List<double>();
        var fresh = false;
        foreach (var peer in peers)
        {
            if (peer.Latest is not { } report || !peer.IsPlaying || !report.Playback.Sounding || report.Playback.SyncErrorUs is not { } error)
            {
                soundingSinceUs.Remove(peer.Name);
                continue;
            }
            soundingSinceUs.TryAdd(peer.Name, nowUs);
            if (nowUs - soundingSinceUs[peer.Name] < settleUs)
                continue;
            if (report.AtUs != 0)
                heard.Add(report.Playback.PositionUs + error - report.AtUs);
            if (seenAtUs.TryGetValue(peer.Name, out var seen) && seen == report.UptimeUs)
                continue;
            seenAtUs[peer.Name] = report.UptimeUs;
            fresh = true;
            (errorsUs.TryGetValue(peer.Name, out var list) ? list : errorsUs[peer.Name] = []).Add(Math.Abs(error));
        }
        if (fresh && heard.Count == peers.Count && heard.Count > 1)
            spreadsUs.Add(heard.Max() - heard.Min());
    }

    /// <summary>A peer's distance from the timeline at a share of its reports (0.5: median), microseconds; null without any.</summary>
    public double? SyncErrorUs(string peer, double share) => errorsUs.TryGetValue(peer, out var list) ? Quantile(list, share) : null;

    /// <summary>
    /// How far apart the peers were in what they say was heard at one instant of this machine's clock, at a share of the instants,
    /// microseconds; null where they were never all heard.
    /// </summary>
    public double? SpreadUs(double share) => Quantile(spreadsUs, share);

    private static double? Quantile(List<double> values, double share)
    {
        if (values.Count == 0)
            return null;
        var sorted = values.Order().ToArray();
        return sorted[(int)Math.Ceiling(share * (sorted.Length - 1))];
    }
}
