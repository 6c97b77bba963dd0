using System.Globalization;
using Jam.Peer.Session;

namespace Jam.Peer.Cli.Demo;

/// <summary>Who is started with which arguments. Pure.</summary>
/// <param name="Options">What was asked for.</param>
/// <param name="Track">Path of the track.</param>
/// <param name="TrackBytes">Its size.</param>
/// <param name="TrackUs">How long it plays, microseconds.</param>
/// <param name="Folder">Where the caches go.</param>
internal sealed record DemoPlan(DemoOptions Options, string Track, long TrackBytes, long TrackUs, string Folder)
{
    /// <summary>The host's uplink against the track's bitrate: enough for one listener, not for two.</summary>
    private const double UplinkFactor = 1.2;

    /// <summary>How long a peer may run after all else failed to end it, beyond the demo itself.</summary>
    private static readonly TimeSpan Spare = TimeSpan.FromSeconds(60);

    /// <summary>The host's cap, bytes per second.</summary>
    public long UplinkLimitBytesPerSecond => (long)Math.Ceiling(UplinkFactor * TrackBytes * 1e6 / TrackUs);

    /// <summary>How long to listen: no longer than there is music, less what a late start may cost.</summary>
    public TimeSpan Listen => TimeSpan.FromSeconds(Math.Max(1, Math.Min(Options.Duration.TotalSeconds, TrackUs / 1e6 - 1)));

    /// <summary>A plan for a track whose figures are known.</summary>
    /// <exception cref="JamException">There is too little of it.</exception>
    public static DemoPlan For(DemoOptions options, string track, long trackBytes, long trackUs, string folder) =>
        trackBytes > 0 && trackUs >= 3_000_000
            ? new DemoPlan(options, track, trackBytes, trackUs, folder)
            : throw new JamException($"{track} is too short for a demo; it takes 3 seconds of music or more");

    public IReadOnlyList<string> HostArguments() =>
    [
        "--seed", Track, "--server-port", "0", "--listener", Options.Listener,
        "--up-limit", UplinkLimitBytesPerSecond.ToString(CultureInfo.InvariantCulture), .. Common("host"),
    ];

    public IReadOnlyList<string> ViewerArguments(string name, int hostPort) =>
        ["--connect", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{hostPort}"), "--headless", .. Common(name)];

    public IReadOnlyList<string> ViewerNames() => [.. Enumerable.Range(1, Options.Viewers).Select(i => $"viewer-{i}")];

    /// <summary>A file per peer: three writers of one file would leave none.</summary>
    private string OutputOf(string name)
    {
        if (!Options.Output.StartsWith("wav:", StringComparison.Ordinal))
            return Options.Output;
        var path = Options.Output[4..];
        var file = $"{Path.GetFileNameWithoutExtension(path)}-{name}{(Path.GetExtension(path) is { Length: > 0 } dot ? dot : ".wav")}";
        return "wav:" + Path.Combine(Path.GetDirectoryName(path) ?? "", file);
    }

    private IReadOnlyList<string> Common(string name) =>
    [
        "--name", name, "--listen-port", "0", "--cache", Path.Combine(Folder, name), "--no-discovery", "--no-identity", "--output", OutputOf(name),
        "--decoder", Options.Decoder,
        "--status-every", "0.25", "--end-with-stdin",
        "--duration", (DemoProgress.StartWithin * 2 + Listen + Spare).TotalSeconds.ToString("0", CultureInfo.InvariantCulture),
    ];
}
