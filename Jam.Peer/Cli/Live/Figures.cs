using System.Globalization;
using Jam.Peer.Session;
using static System.FormattableString;

namespace Jam.Peer.Cli.Live;

/// <summary>Figures as people read them.</summary>
internal static class Figures
{
    /// <summary><c>m:ss.t</c>, or <c>h:mm:ss</c> from an hour on.</summary>
    public static string Position(long us)
    {
        var time = TimeSpan.FromMicroseconds(Math.Max(0, us));
        return time.TotalHours >= 1
            ? Invariant($"{(int)time.TotalHours}:{time.Minutes:00}:{time.Seconds:00}")
            : Invariant($"{time.Minutes}:{time.Seconds:00}.{time.Milliseconds / 100}");
    }

    /// <summary>Seconds with one decimal, or none from 100 on.</summary>
    public static string Seconds(long us) =>
        us >= 100_000_000 ? Invariant($"{us / 1e6:0} s") : Invariant($"{us / 1e6:0.0} s");

    /// <summary>
    /// What is heard against what should be, with how far off that figure may be. A dash while silent; a figure without its
    /// uncertainty says so, and none is ever shown finer than it is known.
    /// </summary>
    public static string SyncError(PlaybackReport playback)
    {
        if (!playback.Sounding || playback.SyncErrorUs is not { } error || !double.IsFinite(error))
            return "-";
        var uncertainty = playback.SyncUncertaintyUs is { } known && double.IsFinite(known) ? Micros(Math.Ceiling(known)) : "?";
        return $"{(error < 0 ? "-" : "+")}{Micros(Math.Abs(error))} ±{uncertainty} µs";
    }

    /// <summary>Bytes with a decimal prefix.</summary>
    public static string Bytes(double bytes) => bytes switch
    {
        >= 1e9 => Invariant($"{bytes / 1e9:0.00} GB"),
        >= 1e6 => Invariant($"{bytes / 1e6:0.0} MB"),
        >= 1e3 => Invariant($"{bytes / 1e3:0} kB"),
        _ => Invariant($"{bytes:0} B"),
    };

    /// <summary>How much of a track is here: 0 to 1.</summary>
    public static double Share(TrackReport track) => track.Chunks == 0 ? 1 : (double)track.ChunksHave / track.Chunks;

    private static string Micros(double us) => us.ToString("0", CultureInfo.InvariantCulture);
}
