namespace Jam.Peer.Playback;

/// <summary>
/// Says when a frame that was or will be written to an output is heard, on the local monotonic clock. Belongs to the output's thread:
/// readings come in and renders read it there, so nothing in it is locked.
/// </summary>
internal interface IOutputClock
{
    /// <summary>Whether the model is good enough to place sound by.</summary>
    bool IsLocked { get; }

    /// <summary>Local monotonic microseconds from one frame to the next, as the device really runs.</summary>
    double PeriodUs { get; }

    /// <summary>How far off <see cref="HeardAtUs"/> may be, microseconds.</summary>
    double UncertaintyUs { get; }

    /// <summary>Local monotonic microseconds at which a frame, counted from the output's first, is heard.</summary>
    double HeardAtUs(long frame);
}

/// <summary>The clock of an output that is a clock itself: frame n is heard at start + n / rate, exactly.</summary>
internal sealed class ExactOutputClock(int sampleRate, long startUs) : IOutputClock
{
    public bool IsLocked => true;

    public double PeriodUs { get; } = 1e6 / sampleRate;

    public double UncertaintyUs => 0;

    public double HeardAtUs(long frame)
    {
        // Whole seconds stay in integers, so that a long run loses nothing.
        var (seconds, rest) = Math.DivRem(frame, sampleRate);
        return startUs + seconds * 1_000_000 + rest * PeriodUs;
    }
}
