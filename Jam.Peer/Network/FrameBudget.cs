namespace Jam.Peer.Network;

/// <summary>
/// How many small frames one peer may say: far more than any transfer needs, far fewer than would keep this peer busy. Chunks do
/// not count, since each of them was asked for. Pure; for one thread.
/// </summary>
/// <param name="nowUs">When the connection was made.</param>
internal sealed class FrameBudget(long nowUs)
{
    /// <summary>Frames at once.</summary>
    public const int Depth = 200_000;

    /// <summary>Frames per second in the long run; at 32 KiB a chunk, three frames each, that is a gigabyte a second.</summary>
    public const int PerSecond = 100_000;

    private double _left = Depth;
    private long _atUs = nowUs;

    /// <summary>Counts one frame; false where it is one too many.</summary>
    public bool TryTake(long nowUs)
    {
        _left = Math.Min(Depth, _left + (nowUs - _atUs) * (PerSecond / 1e6));
        _atUs = nowUs;
        if (_left < 1)
            return false;
        _left--;
        return true;
    }
}
