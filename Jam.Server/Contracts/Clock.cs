namespace Jam.Server.Contracts;

/// <summary>Monotonic time in microseconds: the only kind that positions are computed from.</summary>
public static class Clock
{
    /// <summary>Microseconds on the provider's monotonic clock. The origin is arbitrary; only differences mean anything.</summary>
    public static long NowUs(this TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        return time.GetTimestamp().Scaled(1_000_000, time.TimestampFrequency);
    }

    /// <summary>
    /// <paramref name="value"/> * <paramref name="times"/> / <paramref name="per"/>, towards zero. Without numbers of 128 bits, whose code cannot be
    /// compiled ahead; the product of <paramref name="times"/> and <paramref name="per"/> must fit into 64 instead.
    /// </summary>
    public static long Scaled(this long value, long times, long per) => value / per * times + value % per * times / per;
}
