using Jam.Server.Contracts;

namespace Jam.Peer.Cli.Demo;

/// <summary>The demo's outcome; its JSON is read by programs, so names stay.</summary>
/// <param name="Ok">Whether nothing failed.</param>
/// <param name="DurationS">How long music played, seconds.</param>
/// <param name="Track">File name of the track; null where none was found.</param>
/// <param name="TrackBytes">Its size.</param>
/// <param name="TrackDurationS">How long it plays, seconds.</param>
/// <param name="UplinkLimitBytesPerS">The host's cap.</param>
/// <param name="Peers">All peers, the host first.</param>
/// <param name="FromEachOtherShare">Of the chunks that the viewers fetched, the share that came from viewers; null where none came.</param>
/// <param name="MedianPositionSpreadUs">How far apart the peers were in what was heard at one instant, by their own figures: median.</param>
/// <param name="MaxPositionSpreadUs">The same, at its worst.</param>
/// <param name="AnyAudible">Whether a sound device played.</param>
/// <param name="Failures">What went wrong, for people; empty where nothing did.</param>
internal sealed record DemoReport(
    bool Ok, double DurationS, string? Track, long TrackBytes, double TrackDurationS, long UplinkLimitBytesPerS,
    IReadOnlyList<DemoPeerReport> Peers, double? FromEachOtherShare, double? MedianPositionSpreadUs, double? MaxPositionSpreadUs,
    bool AnyAudible, IReadOnlyList<string> Failures);

/// <summary>One peer's outcome.</summary>
/// <param name="Name">As it was started.</param>
/// <param name="Role">Its role.</param>
/// <param name="Chunks">Chunks that are here and verified.</param>
/// <param name="ChunksTotal">Chunks of the track.</param>
/// <param name="FromCache">Of those that are here: on disk at the start.</param>
/// <param name="FromHost">From the host.</param>
/// <param name="FromPeers">From other viewers.</param>
/// <param name="BadChunks">Chunks that failed their hash.</param>
/// <param name="BytesDown">Verified bytes received.</param>
/// <param name="BytesUp">Bytes sent.</param>
/// <param name="BufferMs">Track time ahead of the playhead.</param>
/// <param name="PositionMs">Position by the timeline.</param>
/// <param name="SyncErrorUs">Heard minus due, at the last report; null while silent.</param>
/// <param name="SyncUncertaintyUs">How far off that may be.</param>
/// <param name="SyncErrorMedianUs">Median distance over the time it was heard.</param>
/// <param name="SyncErrorP95Us">95 of 100 reports were no further off.</param>
/// <param name="Underruns">How often it ran dry.</param>
/// <param name="Output">What it played to.</param>
/// <param name="Audible">Whether that is a sound device.</param>
internal sealed record DemoPeerReport(
    string Name, Role Role, int Chunks, int ChunksTotal, int FromCache, int FromHost, int FromPeers, int BadChunks, long BytesDown, long BytesUp,
    double BufferMs, double PositionMs, double? SyncErrorUs, double? SyncUncertaintyUs, double? SyncErrorMedianUs, double? SyncErrorP95Us,
    int Underruns, string Output, bool Audible);
