namespace Jam.Peer.Swarm;

/// <summary>
/// What a striping host knows of a peer's uplink: it hears by HAVE how fast the chunks spread that it gave to that peer first.
/// </summary>
internal sealed class RelayLoad
{
    // From one such copy to the next. Others help with all but the first of a chunk: those can come from the peer only.
    private readonly Pace _copies = new(64);
    private readonly Pace _spreads = new(8);

    /// <summary>Copies of chunks that the peer had first and that others lack.</summary>
    public int Copies { get; private set; }

    /// <summary>Chunks that the peer had first and that no other has yet.</summary>
    public int Unspread { get; private set; }

    /// <summary>Whether something that the peer had first has come to another.</summary>
    public bool IsProven => _copies.Count > 0;

    /// <summary>Whether nothing is known of the peer yet though it has been given something.</summary>
    public bool IsUntried(int offered) => !IsProven && offered + Unspread > 1;

    /// <summary>The peer has one more chunk first, that <paramref name="missing"/> others lack.</summary>
    public void Add(int missing, long nowUs)
    {
        if (Copies == 0)
            _copies.Start(nowUs);
        if (missing > 0 && Unspread++ == 0)
            _spreads.Start(nowUs);
        Copies += missing;
    }

    /// <summary>One of those has it now.</summary>
    /// <param name="isFirst">Whether it is the first: that one can come from the peer only.</param>
    /// <param name="nowUs">Now.</param>
    public void Remove(bool isFirst, long nowUs)
    {
        _copies.Step(nowUs);
        Copies--;
        if (!isFirst)
            return;
        _spreads.Step(nowUs);
        Unspread--;
    }

    /// <summary>
    /// When the peer would have relayed one more chunk, microseconds from now: all copies at the rate at which they spread, and one
    /// of each at the rate of the peer alone, whichever is later. What is under way may take longer than any before.
    /// </summary>
    /// <param name="offered">Chunks that the peer was offered and does not have, the one in question among them.</param>
    /// <param name="copies">Others that lack each of them.</param>
    /// <param name="usual">What one copy, and the first of a chunk, takes a usual peer; microseconds.</param>
    /// <param name="nowUs">Now.</param>
    public double DoneUs(int offered, int copies, (double CopyUs, double SpreadUs) usual, long nowUs)
    {
        var usPerCopy = Math.Max(_copies.UsPerStep(usual.CopyUs), Copies > 0 ? _copies.UnderWayUs(nowUs) : 0);
        var usPerSpread = Math.Max(_spreads.UsPerStep(usual.SpreadUs), Unspread > 0 ? _spreads.UnderWayUs(nowUs) : 0);
        return Math.Max((offered * copies + Copies) * usPerCopy, (offered + Unspread) * usPerSpread);
    }

    /// <summary>What one copy, and the first of a chunk, takes those who relay a track, on average; microseconds, 1 where nothing is known.</summary>
    public static (double CopyUs, double SpreadUs) Usual(SwarmState state, Track track)
    {
        var (copies, spreads) = ((Us: 0.0, Count: 0.0), (Us: 0.0, Count: 0.0));
        foreach (var link in state.Links.Values)
        {
            if (link.ViewOf(track)?.Relay is not { } relay)
                continue;
            copies = (copies.Us + relay._copies.Us, copies.Count + relay._copies.Count);
            spreads = (spreads.Us + relay._spreads.Us, spreads.Count + relay._spreads.Count);
        }

        return (copies.Count == 0 ? 1 : copies.Us / copies.Count, spreads.Count == 0 ? 1 : spreads.Us / spreads.Count);
    }

    /// <summary>The time that steps take which follow one another, over the last so many.</summary>
    internal sealed class Pace(int memory)
    {
        // So many steps at the usual pace are believed of everyone: one that was late by chance must not decide who is given what,
        // since who is given little shows little.
        private const double Believed = 4;

        private long _sinceUs;
        private bool _isFirst;

        /// <summary>Time and number of the steps, the older ones counted less.</summary>
        public double Us { get; private set; }

        public double Count { get; private set; }

        /// <summary>Something is to be done from now on.</summary>
        public void Start(long nowUs) => (_sinceUs, _isFirst) = (nowUs, true);

        /// <summary>How long the present step has taken.</summary>
        public long UnderWayUs(long nowUs) => nowUs - _sinceUs;

        /// <summary>A step is done, and the next one begins.</summary>
        public void Step(long nowUs)
        {
            double us = nowUs - _sinceUs;
            // The first took a request and news of it besides: that says something only of who is not slower than that.
            if (_isFirst && Count > 0)
                us = Math.Min(us, Us / Count);
            (_sinceUs, _isFirst) = (nowUs, false);
            if (Count >= memory)
                (Us, Count) = (Us * (memory - 1) / memory, Count * (memory - 1) / memory);
            (Us, Count) = (Us + us, Count + 1);
        }

        /// <summary>What a step takes, where it takes others <paramref name="usualUs"/>.</summary>
        public double UsPerStep(double usualUs) => (Us + Believed * usualUs) / (Count + Believed);
    }
}
