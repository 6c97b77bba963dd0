namespace Jam.Peer.Network;

/// <summary>How good the way to the rendezvous is, from the clock's probes.</summary>
/// <param name="JitterUs">How much the round trip varies from probe to probe, microseconds; smoothed over some sixteen of them.</param>
/// <param name="Loss">Share of the last probes whose answer did not come before the next was due, 0 to 1.</param>
/// <param name="RttUs">The round trip as it is now, microseconds: the median of the last nine; 0 before the first.</param>
/// <param name="ByDatagrams">Whether the probes are datagrams at the moment.</param>
public readonly record struct LinkQuality(long JitterUs, double Loss, long RttUs = 0, bool ByDatagrams = false);

/// <summary>Counts probes. Whoever owns it keeps it to one thread at a time.</summary>
internal sealed class ProbeQuality
{
    private const double Smoothing = 1.0 / 16;
    private const double LossSmoothing = 1.0 / 64;
    private const int Kept = 9;
    private const double LeastJumpUs = 20_000;

    private readonly long[] _rttsUs = new long[Kept];
    private int _answers;
    private long? _lastRttUs;
    private double _jitterUs;
    private double _loss;
    private double _usualUs;
    private bool _isOut;

    /// <summary>What holds now.</summary>
    public LinkQuality Now => new((long)_jitterUs, Math.Round(_loss, 4), MedianUs());

    /// <summary>A probe goes out; one that is still unanswered by then counts as lost.</summary>
    public void OnSent()
    {
        if (_isOut)
            _loss += (1 - _loss) * LossSmoothing;
        _isOut = true;
    }

    /// <summary>An answer came.</summary>
    /// <returns>
    /// Whether the way is another one than before: most of the last round trips are longer or shorter than usual by half, and by 20 ms at
    /// least. Said once for each change; a single late answer is none.
    /// </returns>
    public bool OnAnswered(long rttUs)
    {
        if (_isOut)
            _loss -= _loss * LossSmoothing;
        _isOut = false;
        if (_lastRttUs is { } last)
            _jitterUs += (Math.Abs(rttUs - last) - _jitterUs) * Smoothing;
        _lastRttUs = rttUs;
        _rttsUs[_answers++ % Kept] = rttUs;
        if (_answers < Kept)
            return false;
        var nowUs = MedianUs();
        var isJump = _answers > Kept && Math.Abs(nowUs - _usualUs) > Math.Max(LeastJumpUs, _usualUs / 2);
        _usualUs = isJump || _answers == Kept ? nowUs : _usualUs + ((nowUs - _usualUs) * Smoothing);
        return isJump;
    }

    private long MedianUs()
    {
        var count = Math.Min(_answers, Kept);
        if (count == 0)
            return 0;
        Span<long> sorted = stackalloc long[count];
        _rttsUs.AsSpan(0, count).CopyTo(sorted);
        sorted.Sort();
        return sorted[count / 2];
    }
}
