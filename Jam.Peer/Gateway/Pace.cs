namespace Jam.Peer.Gateway;

/// <summary>
/// So many bytes a second in the long run, and so many at once. Who takes more than there is waits for it: what is taken is paid for
/// at once, so that those who give up halfway have paid all the same. Belongs to one lock at a time.
/// </summary>
/// <param name="bytesPerSecond">Above 0.</param>
/// <param name="burstBytes">Above 0.</param>
internal sealed class Pace(double bytesPerSecond, double burstBytes)
{
    private double _spent;
    private long _atUs = long.MinValue;

    /// <summary>Takes bytes and tells how long to wait before they may go out, microseconds.</summary>
    public long TakeUs(int bytes, long nowUs)
    {
        if (_atUs != long.MinValue)
            _spent = Math.Max(0, _spent - Math.Max(0, nowUs - _atUs) * bytesPerSecond / 1e6);
        _atUs = nowUs;
        _spent += bytes;
        return _spent <= burstBytes ? 0 : (long)Math.Ceiling((_spent - burstBytes) * 1e6 / bytesPerSecond);
    }
}
