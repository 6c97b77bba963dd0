namespace Jam.Server.Contracts;

/// <summary>How far ahead a change is scheduled; both sides know, so that a member can tell what still makes it to a given instant.</summary>
public static class LeadTime
{
    // Beyond what members report: scheduling and the message's own way.
    private const long MarginUs = 20_000;

    /// <summary>clamp(1.5 x worst round trip + worst output lead + 20 ms, 50 ms, 3 s), microseconds.</summary>
    public static long OfUs(long worstRttUs, long worstOutputLeadUs) =>
        Math.Clamp((worstRttUs * 3 / 2) + worstOutputLeadUs + MarginUs, Limits.MinLeadUs, Limits.MaxLeadUs);
}
