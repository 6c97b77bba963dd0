namespace Jam.Peer.Playback;

/// <summary>
/// Keeps a bad clock from turning into a stutter: after three snaps within a few seconds it allows no more until the error has stayed
/// small for a while.
/// </summary>
internal sealed class SnapGuard
{
    private const int Limit = 3;
    private const double WindowUs = 5_000_000;
    private const double CalmUs = 2_000_000;

    private readonly double[] _snaps = new double[Limit];
    private double _lastBigUs;

    public SnapGuard() => Reset();

    /// <summary>Whether snapping is off.</summary>
    public bool HasGivenUp { get; private set; }

    /// <summary>Asked when the error is too big: whether to snap now.</summary>
    public bool MaySnap(double nowUs)
    {
        _lastBigUs = nowUs;
        if (HasGivenUp)
            return false;
        if (nowUs - _snaps[0] < WindowUs)
        {
            HasGivenUp = true;
            return false;
        }
        for (var i = 1; i < Limit; i++)
            _snaps[i - 1] = _snaps[i];
        _snaps[Limit - 1] = nowUs;
        return true;
    }

    /// <summary>Told that the error is small.</summary>
    public void OnSmallError(double nowUs)
    {
        if (HasGivenUp && nowUs - _lastBigUs > CalmUs)
            Reset();
    }

    /// <summary>A new start: what was is forgotten.</summary>
    public void Reset()
    {
        HasGivenUp = false;
        Array.Fill(_snaps, double.NegativeInfinity);
    }
}
