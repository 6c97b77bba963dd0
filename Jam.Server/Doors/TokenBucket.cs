namespace Jam.Server.Doors;

/// <summary>Allows a burst at once and a rate in the long run. Pure arithmetic on microseconds.</summary>
internal sealed class TokenBucket(int perSecond, int burst, long nowUs)
{
    // In millionths of a token, so that no fraction is lost.
    private long _millionths = burst * 1_000_000L;
    private long _lastUs = nowUs;

    public bool TryTake(long nowUs, int amount = 1)
    {
        var passedUs = Math.Max(0, nowUs - _lastUs);
        _lastUs = Math.Max(_lastUs, nowUs);
        _millionths = passedUs >= burst * 1_000_000L / perSecond
            ? burst * 1_000_000L
            : Math.Min(burst * 1_000_000L, _millionths + passedUs * perSecond);
        if (_millionths < amount * 1_000_000L)
            return false;
        _millionths -= amount * 1_000_000L;
        return true;
    }
}
