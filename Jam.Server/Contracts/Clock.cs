namespace Jam.Server.Contracts;

/// <summary>Monotonic time in microseconds: the only kind that positions are computed from.</summary>
public static class Clock
{
    /// <summary>Microseconds on the provider's monotonic clock. The origin is arbitrary; only differences mean anything.</summary>
    public static long NowUs(this TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        return (long)((Int128)time.GetTimestamp() * 1_000_000 / time.TimestampFrequency);
    }
}
