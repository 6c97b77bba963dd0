namespace Jam.Peer.Swarm;

/// <summary>
/// What a striping host knows of a peer's uplink: it hears by HAVE how fast the chunks spread that it gave to that peer first.
/// </summary>
internal sealed class RelayLoad
{
    private const int Smoothing = 16;
    private const int SpreadSmoothing = 4;

    private long _relayingSinceUs;
    private long _spreadingSinceUs;
    private double _usPerSpread;

    /// <summary>Copies of chunks that the peer had first and that others lack.</summary>
    public int Copies { get; private set; }

    /// <summary>Chunks that the peer had first and that no other has yet.</summary>
    public int Unspread { get; private set; }

    /// <summary>Smoothed time from one such copy to the next, microseconds; 0: unknown. Others help with all but the first of a chunk.</summary>
    public double UsPerCopy { get; private set; }

    /// <summary>Whether nothing is known of the peer yet though it has been given something.</summary>
    public bool IsUntried(int offered) => UsPerCopy == 0 && offered + Unspread > 1;

    /// <summary>The peer has one more chunk first, that <paramref name="missing"/> others lack.</summary>
    public void Add(int missing, long nowUs)
    {
        if (Copies == 0)
            _relayingSinceUs = nowUs;
        if (missing > 0 && Unspread++ == 0)
            _spreadingSinceUs = nowUs;
        Copies += missing;
    }

    /// <summary>One of those has it now.</summary>
    /// <param name="isFirst">Whether it is the first: that one can come from the peer only.</param>
    /// <param name="nowUs">Now.</param>
    public void Remove(bool isFirst, long nowUs)
    {
        UsPerCopy = Smooth(UsPerCopy, nowUs - _relayingSinceUs, Smoothing);
        _relayingSinceUs = nowUs;
        Copies--;
        if (!isFirst)
            return;
        _usPerSpread = Smooth(_usPerSpread, nowUs - _spreadingSinceUs, SpreadSmoothing);
        _spreadingSinceUs = nowUs;
        Unspread--;
    }

    /// <summary>
    /// When the peer would have relayed one more chunk, microseconds from now: all copies at the rate at which they spread, and one
    /// of each at the rate of the peer alone, whichever is later. What is under way may take longer than any before.
    /// </summary>
    /// <param name="offered">Chunks that the peer was offered and does not have, the one in question among them.</param>
    /// <param name="copies">Others that lack each of them.</param>
    /// <param name="usual">What one copy takes a usual peer.</param>
    /// <param name="nowUs">Now.</param>
    public double DoneUs(int offered, int copies, double usual, long nowUs)
    {
        var usPerCopy = Math.Max(UsPerCopy == 0 ? usual : UsPerCopy, Copies > 0 ? nowUs - _relayingSinceUs : 0);
        var usPerSpread = Math.Max(_usPerSpread, Unspread > 0 ? nowUs - _spreadingSinceUs : 0);
        return Math.Max((offered * copies + Copies) * usPerCopy, (offered + Unspread) * usPerSpread);
    }

    private static double Smooth(double known, double sample, int over) => known == 0 ? sample : known + (sample - known) / over;
}
