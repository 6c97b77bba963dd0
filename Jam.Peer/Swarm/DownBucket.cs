namespace Jam.Peer.Swarm;

/// <summary>
/// Download cap: a bucket that every REQUEST takes its chunk out of. What is not asked for does not come, so the cap holds
/// without reading slowly, and no small frame waits behind it. It holds a quarter of a second, and at least the largest chunk.
/// </summary>
/// <param name="bytesPerSecond">The cap; null: none.</param>
internal sealed class DownBucket(long? bytesPerSecond)
{
    private double _tokens = double.NaN;
    private long _atUs;
    private int _wanted;

    /// <summary>Whether there is a cap.</summary>
    public bool IsLimited => bytesPerSecond is not null;

    /// <summary>When what was asked for in vain may be asked for; <see cref="long.MaxValue"/> where nothing was.</summary>
    public long DueUs => _wanted == 0 || bytesPerSecond is not { } limit
        ? long.MaxValue
        : _atUs + Math.Max(1, (long)Math.Ceiling((_wanted - _tokens) * 1e6 / limit));

    /// <summary>A round of planning begins.</summary>
    /// <param name="largestChunk">Of all tracks, bytes.</param>
    /// <param name="nowUs">Now.</param>
    public void Refill(int largestChunk, long nowUs)
    {
        _wanted = 0;
        if (bytesPerSecond is not { } limit)
            return;
        var depth = Math.Max(limit / 4.0, largestChunk);
        _tokens = double.IsNaN(_tokens) ? depth : Math.Min(depth, _tokens + (nowUs - _atUs) * (limit / 1e6));
        _atUs = nowUs;
    }

    /// <summary>
    /// Whether a chunk may be asked for. After the first that may not, none may in this round: a smaller one that matters less
    /// would otherwise take what the larger one saves up for.
    /// </summary>
    public bool Allows(int bytes)
    {
        if (!IsLimited)
            return true;
        if (_wanted == 0 && _tokens >= bytes)
            return true;
        if (_wanted == 0)
            _wanted = bytes;
        return false;
    }

    /// <summary>A chunk is asked for.</summary>
    public void Take(int bytes) => _tokens -= bytes;
}
