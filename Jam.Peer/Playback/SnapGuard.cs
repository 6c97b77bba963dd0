namespace Jam.Peer.Playback;

/// <summary>
/// Keeps a bad clock from turning into a stutter: after three snaps within a few seconds it allows no more until the error has stayed
/// small for a while. Right after a start a snap costs nothing; right after another authority's clock was taken up there is none, since
/// its estimate still moves.
/// </summary>
internal sealed class SnapGuard
{
    private const double WindowUs = 5_000_000;
    private const double CalmUs = 2_000_000;

    private const double StartGraceUs = 500_000;
    private const double ReconnectGraceUs = 2_000_000;

    private GuardState _now;

    public SnapGuard() => Reset();

    /// <summary>Whether snapping is off.</summary>
    public bool HasGivenUp => _now.HasGivenUp;

    /// <summary>All that it is at one moment, to go back to.</summary>
    public GuardState State
    {
        get => _now;
        set => _now = value;
    }

    /// <summary>Asked when the error is too big: whether to snap now.</summary>
    public bool MaySnap(double nowUs)
    {
        _now = _now with { LastBigUs = nowUs };
        if (HasGivenUp || nowUs < _now.HeldUntilUs)
            return false;
        if (nowUs < _now.FreeUntilUs)
            return true;
        if (nowUs - _now.ThirdLastUs < WindowUs)
        {
            _now = _now with { HasGivenUp = true };
            return false;
        }
        _now = _now with { ThirdLastUs = _now.SecondLastUs, SecondLastUs = _now.LastUs, LastUs = nowUs };
        return true;
    }

    /// <summary>Told that the error is small.</summary>
    public void OnSmallError(double nowUs)
    {
        if (HasGivenUp && nowUs - _now.LastBigUs > CalmUs)
            Reset();
    }

    /// <summary>A playback has begun.</summary>
    public void OnStart(double nowUs) => _now = _now with { FreeUntilUs = nowUs + StartGraceUs };

    /// <summary>What plays goes on by another authority's clock; the times of the old one mean nothing any more.</summary>
    public void OnReconnect(double nowUs)
    {
        Reset();
        _now = _now with { HeldUntilUs = nowUs + ReconnectGraceUs };
    }

    /// <summary>A jump that was meant: what was is forgotten.</summary>
    public void Reset() => _now = new GuardState(
        double.NegativeInfinity, double.NegativeInfinity, double.NegativeInfinity, double.NegativeInfinity, false, double.NegativeInfinity,
        double.NegativeInfinity);
}

/// <summary>What a guard remembers: the last three snaps, the last big error, its graces; all room time in microseconds.</summary>
internal readonly record struct GuardState(
    double ThirdLastUs, double SecondLastUs, double LastUs, double LastBigUs, bool HasGivenUp, double FreeUntilUs, double HeldUntilUs);
