using Jam.Peer.Cli.Live;
using Jam.Server.Contracts;
using static System.FormattableString;

namespace Jam.Peer.Cli.Demo;

/// <summary>From what was seen to what it means. Pure.</summary>
internal static class DemoVerdict
{
    /// <summary>Less than this from each other, and the swarm did not do its work.</summary>
    public const double LeastFromEachOther = 0.30;

    /// <summary>Further from the timeline, or from each other, than this for half of the time, and nobody would call it together.</summary>
    public const double MostSyncErrorUs = 10_000;

    /// <summary>Judges the demo; <paramref name="failure"/> is what ended it early, where something did.</summary>
    public static DemoReport Judge(DemoPlan plan, DemoProgress progress, IReadOnlyList<DemoPeerState> states, long nowUs, string? failure)
    {
        var peers = states.Where(state => state.Latest is not null).Select(state => Of(state, progress.Measurements)).ToArray();
        var viewers = peers.Where(peer => peer.Role == Role.Viewer).ToArray();
        var fetched = viewers.Sum(peer => peer.FromHost + peer.FromPeers);
        double? share = fetched > 0 ? (double)viewers.Sum(peer => peer.FromPeers) / fetched : null;
        string[] failures = failure is not null ? [failure] : [.. Failures(plan, peers, viewers, share, progress.Measurements.SpreadUs(0.5))];
        return new DemoReport(
            failures.Length == 0, Math.Round(progress.ListenedUs(nowUs) / 1e6, 2), Path.GetFileName(plan.Track), plan.TrackBytes,
            Math.Round(plan.TrackUs / 1e6, 3), plan.UplinkLimitBytesPerSecond, peers, share is { } s ? Math.Round(s, 4) : null,
            progress.Measurements.SpreadUs(0.5), progress.Measurements.SpreadUs(1), peers.Any(peer => peer.Audible), failures);
    }

    /// <summary>The outcome in words.</summary>
    public static IEnumerable<string> InWords(DemoReport report)
    {
        foreach (var peer in report.Peers.Where(peer => peer.Role == Role.Viewer))
            yield return Invariant($"{peer.Name}: {peer.Chunks} of {peer.ChunksTotal} chunks, each verified ({Figures.Bytes(peer.BytesDown)}): ")
                + Invariant($"{peer.FromPeers} from viewers, {peer.FromHost} from the host. Sync error: {Sync(peer)}.");
        if (report.FromEachOtherShare is { } share)
            yield return Invariant($"The viewers got {share:P0} of their chunks from each other; the host could send ")
                + $"{Figures.Bytes(report.UplinkLimitBytesPerS)}/s, 1.2 times what one listener needs.";
        if (report.MedianPositionSpreadUs is { } spread)
            yield return Invariant($"By their own figures the peers were {spread:0} µs apart (median), {report.MaxPositionSpreadUs:0} µs at worst.");
        if (report.Peers.Count > 0)
            yield return report.AnyAudible
                ? "It played to the sound device: what you heard was every peer at once."
                : "No sound device played; everything ran in real time all the same. To hear it later: --output wav:PATH.";
        foreach (var failure in report.Failures)
            yield return $"FAILED: {failure}";
        if (report.Ok)
            yield return Invariant($"OK: {report.Peers.Count} peers played {report.Track} together for {report.DurationS:0.0} s.");
    }

    private static IEnumerable<string> Failures(
        DemoPlan plan, DemoPeerReport[] peers, DemoPeerReport[] viewers, double? share, double? spreadUs)
    {
        foreach (var name in plan.ViewerNames().Except(viewers.Select(viewer => viewer.Name)))
            yield return $"{name} never reported";
        foreach (var viewer in viewers.Where(viewer => viewer.FromHost + viewer.FromPeers == 0))
            yield return $"{viewer.Name} got no chunk from anyone";
        foreach (var peer in peers.Where(peer => peer.BadChunks > 0))
            yield return Invariant($"{peer.Name} got {peer.BadChunks} chunks that failed their hash");
        foreach (var peer in peers.Where(peer => peer.SyncErrorMedianUs is null))
            yield return $"{peer.Name} was not heard for long enough to measure it";
        foreach (var peer in peers.Where(peer => peer.SyncErrorMedianUs > MostSyncErrorUs))
            yield return Invariant($"{peer.Name} was {peer.SyncErrorMedianUs / 1000:0.0} ms off for half of the time");
        if (spreadUs > MostSyncErrorUs)
            yield return Invariant($"the peers were {spreadUs / 1000:0.0} ms apart for half of the time");
        if (viewers.Length > 1 && share < LeastFromEachOther)
            yield return Invariant($"the viewers got only {share:P0} of their chunks from each other; it takes {LeastFromEachOther:P0}");
    }

    private static string Sync(DemoPeerReport peer) => peer.SyncErrorMedianUs is { } median
        ? Invariant($"{median:0} µs (median), {peer.SyncErrorP95Us:0} µs (p95), known to ±")
            + (peer.SyncUncertaintyUs is { } known ? Invariant($"{Math.Ceiling(known):0} µs") : "?")
        : "-";

    private static DemoPeerReport Of(DemoPeerState state, DemoMeasurements measured)
    {
        var (report, track, playback) = (state.Latest!, state.Latest!.Track, state.Latest!.Playback);
        return new DemoPeerReport(
            state.Name, report.Role, track?.ChunksHave ?? 0, track?.Chunks ?? 0, track?.ChunksFromCache ?? 0, track?.ChunksFromHost ?? 0,
            track?.ChunksFromPeers ?? 0, track?.BadChunks ?? 0, track?.BytesDown ?? 0, track?.BytesUp ?? 0, playback.BufferUs / 1000.0,
            playback.PositionUs / 1000.0, playback.Sounding ? playback.SyncErrorUs : null, playback.SyncUncertaintyUs,
            measured.SyncErrorUs(state.Name, 0.5), measured.SyncErrorUs(state.Name, 0.95), playback.Underruns, playback.Output,
            playback.OutputIsAudible);
    }
}
