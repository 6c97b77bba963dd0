namespace Jam.Peer.Network;

/// <summary>How far apart test data go out under an upload cap: at half of it, so that the music keeps the other half. Pure; for one thread.</summary>
/// <param name="upLimit">The user's upload cap, bytes per second; null: none.</param>
internal sealed class TestPace(long? upLimit)
{
    private long _nextUs;

    /// <summary>How long the next bytes have to wait, microseconds.</summary>
    public long WaitUs(int bytes, long nowUs)
    {
        if (upLimit is not { } limit)
            return 0;
        var atUs = Math.Max(nowUs, _nextUs);
        _nextUs = atUs + (long)(bytes * 2e6 / limit);
        return atUs - nowUs;
    }
}

/// <summary>
/// What a peer gives and takes for tests of its links: so much per connection, and over all connections a bucket that fills
/// slowly. Pure; not safe for several threads.
/// </summary>
/// <param name="upLimit">The user's upload cap, bytes per second; null: none.</param>
internal sealed class TestQuota(long? upLimit)
{
    /// <summary>Most bytes of test data per connection, each way.</summary>
    public const int PerConnection = 16 * 1024 * 1024;

    /// <summary>Most bytes given at once, over all connections.</summary>
    public const int Depth = 32 * 1024 * 1024;

    /// <summary>Bytes per second at which the bucket fills again.</summary>
    public const int Refill = 128 * 1024;

    // Under a cap, tests are given two seconds' worth of it, then an eighth of what it lets through.
    private readonly double _depth = Math.Min(Depth, upLimit is { } limit ? 2.0 * limit : Depth);
    private readonly double _bytesPerUs = Math.Min(Refill, upLimit is { } limit ? limit / 8.0 : Refill) / 1e6;
    private double _left = double.NaN;
    private long _atUs;

    /// <summary>Takes bytes out of the bucket; false where there are not enough.</summary>
    public bool TryGive(int bytes, long nowUs)
    {
        _left = double.IsNaN(_left) ? _depth : Math.Min(_depth, _left + (nowUs - _atUs) * _bytesPerUs);
        _atUs = nowUs;
        if (_left < bytes)
            return false;
        _left -= bytes;
        return true;
    }
}
