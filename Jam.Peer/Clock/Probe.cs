namespace Jam.Peer.Clock;

/// <summary>One answered probe, or what a burst of them comes to.</summary>
/// <param name="LocalUs">Local instant halfway between sending and receiving, microseconds.</param>
/// <param name="OffsetUs">Room minus local, if both ways took as long, microseconds.</param>
/// <param name="RttUs">Time on the way, both ways together, microseconds.</param>
internal readonly record struct Probe(long LocalUs, double OffsetUs, long RttUs)
{
    /// <summary>Time on the way there, plus the offset that is sought.</summary>
    public double ThereUs => RttUs / 2.0 + OffsetUs;

    /// <summary>Time on the way back, less the offset that is sought.</summary>
    public double BackUs => RttUs / 2.0 - OffsetUs;

    /// <summary>The way there of one probe and the way back of another, as if one had had the luck of both.</summary>
    public static Probe Join(Probe there, Probe back) => new(
        there.LocalUs + (back.LocalUs - there.LocalUs) / 2, (there.ThereUs - back.BackUs) / 2,
        Math.Max(1, (long)(there.ThereUs + back.BackUs)));
}
