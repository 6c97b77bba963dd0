namespace Jam.Peer.Clock;

/// <summary>
/// Who knows the clock to 80 us is ready, after a second to 110, and after 2.2 s to 1 ms: until then it is better to be silent than to be
/// heard beside the others. Two who may each be 150 us off were 250 us apart in two first seconds of nine on a busy campus network; so they
/// are in none of ten. After three and a half seconds 5 ms will do, after five 25 ms: on a way that is no better, never to be heard is worse.
/// </summary>
internal sealed class ReadyRule
{
    private const int Bursts = 5;
    private const double LostErrorUs = 10_000;

    private const double MostErrorUs = 25_000;

    // Until when how much is enough, microseconds since the measuring began.
    private static readonly (long UntilUs, double ErrorUs)[] s_enough = [(1_000_000, 80), (2_200_000, 110), (3_500_000, 1_000), (5_000_000, 5_000)];

    private double _lostErrorUs;

    /// <summary>Whether the estimate is good enough to play by.</summary>
    public bool IsReady { get; private set; }

    /// <summary>Nothing is known.</summary>
    public void Reset() => IsReady = false;

    /// <summary>There is another estimate.</summary>
    /// <param name="bursts">How many bursts it comes from.</param>
    /// <param name="errorUs">Its error.</param>
    /// <param name="forUs">How long it has been measured.</param>
    public void Judge(int bursts, double errorUs, long forUs)
    {
        if (IsReady)
        {
            IsReady = errorUs < _lostErrorUs;
        }
        else if (bursts >= Bursts && errorUs < EnoughUs(forUs))
        {
            // Who had to make do with little keeps it.
            (IsReady, _lostErrorUs) = (true, Math.Max(LostErrorUs, 2 * errorUs));
        }
    }

    /// <summary>After how long less is enough, counted as <see cref="Judge"/> does; <see cref="long.MaxValue"/> where never.</summary>
    public long LessIsEnoughAtUs(long forUs)
    {
        foreach (var (untilUs, _) in s_enough)
        {
            if (!IsReady && forUs < untilUs)
                return untilUs;
        }

        return long.MaxValue;
    }

    private static double EnoughUs(long forUs)
    {
        foreach (var (untilUs, errorUs) in s_enough)
        {
            if (forUs < untilUs)
                return errorUs;
        }

        return MostErrorUs;
    }
}
