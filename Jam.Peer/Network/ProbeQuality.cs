namespace Jam.Peer.Network;

/// <summary>How good the way to the rendezvous is, from the clock's probes.</summary>
/// <param name="JitterUs">How much the round trip varies from probe to probe, microseconds; smoothed over some sixteen of them.</param>
/// <param name="Loss">Share of the last probes whose answer did not come before the next was due, 0 to 1.</param>
public readonly record struct LinkQuality(long JitterUs, double Loss);

/// <summary>Counts probes. Whoever owns it keeps it to one thread at a time.</summary>
internal sealed class ProbeQuality
{
    private const double Smoothing = 1.0 / 16;
    private const double LossSmoothing = 1.0 / 64;

    private long? _lastRttUs;
    private double _jitterUs;
    private double _loss;
    private bool _isOut;

    /// <summary>What holds now.</summary>
    public LinkQuality Now => new((long)_jitterUs, Math.Round(_loss, 4));

    /// <summary>A probe goes out; one that is still unanswered by then counts as lost.</summary>
    public void OnSent()
    {
        if (_isOut)
            _loss += (1 - _loss) * LossSmoothing;
        _isOut = true;
    }

    /// <summary>An answer came.</summary>
    public void OnAnswered(long rttUs)
    {
        if (_isOut)
            _loss -= _loss * LossSmoothing;
        _isOut = false;
        if (_lastRttUs is { } last)
            _jitterUs += (Math.Abs(rttUs - last) - _jitterUs) * Smoothing;
        _lastRttUs = rttUs;
    }
}
