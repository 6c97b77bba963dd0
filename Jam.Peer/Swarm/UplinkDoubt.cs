namespace Jam.Peer.Swarm;

/// <summary>
/// Whether an uplink counts for poor by mistake: a busy machine, or another program, made the first chunk late, and as nothing goes over it since,
/// nothing else would say so. Round trips do: on an uplink that is spent on acknowledgements everything waits behind them.
/// </summary>
internal sealed class UplinkDoubt(SwarmSettings settings)
{
    // Longer each time: what is poor indeed pays for every look.
    private const int Growth = 2;

    private long _gapUs = settings.DoubtUs;
    private long _dueUs = long.MaxValue;
    private int _contradictions;

    /// <summary>The first chunk has said what the uplink carries.</summary>
    public void Begin(long nowUs)
    {
        (_dueUs, _contradictions) = (nowUs + _gapUs, 0);
        _gapUs *= Growth;
    }

    /// <summary>A round trip was measured.</summary>
    /// <param name="waitUs">What it took beyond the shortest.</param>
    /// <param name="queueUs">What would wait on this side, were the uplink as it is taken for and spent.</param>
    public void OnRtt(long waitUs, long queueUs) =>
        _contradictions = waitUs < queueUs * settings.DoubtQueuePart ? _contradictions + 1 : 0;

    /// <summary>Whether there is reason to judge again; once for each.</summary>
    public bool TryTake(long nowUs)
    {
        if (_contradictions < settings.DoubtRtts || nowUs < _dueUs)
            return false;
        (_dueUs, _contradictions) = (long.MaxValue, 0);
        return true;
    }
}
