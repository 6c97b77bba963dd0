namespace Jam.Peer.Audio;

/// <summary>
/// Relates the wall clock, which the sound server stamps with, to the local monotonic clock. The two are read side by side each time,
/// so that a wall clock that is set costs nothing but the moment.
/// </summary>
internal static class WallClock
{
    private const int Tries = 3;

    /// <summary>Local monotonic minus Unix time, microseconds, from the tightest of a few paired readings.</summary>
    public static double LocalMinusUnixUs(TimeProvider time)
    {
        var best = long.MaxValue;
        var offset = 0.0;
        var perTick = 1e6 / time.TimestampFrequency;
        for (var i = 0; i < Tries; i++)
        {
            var before = time.GetTimestamp();
            var wall = time.GetUtcNow().Ticks - DateTime.UnixEpoch.Ticks;
            var after = time.GetTimestamp();
            if (after - before >= best)
                continue;
            best = after - before;
            offset = (before + best / 2.0) * perTick - wall / (double)TimeSpan.TicksPerMicrosecond;
        }
        return offset;
    }

    /// <summary>Unix time in microseconds of a local monotonic instant.</summary>
    public static long ToUnixUs(TimeProvider time, long localUs) => (long)(localUs - LocalMinusUnixUs(time));
}
