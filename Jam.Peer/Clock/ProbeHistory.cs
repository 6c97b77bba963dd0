namespace Jam.Peer.Clock;

/// <summary>What the last 300 bursts came to, oldest first, and what their round trips say of each one's error.</summary>
/// <remarks>
/// What a round trip exceeds the path's own by was spent in queues, on the way there or back: half of it is the most that the
/// offset can be off by. The path's own lies below the lowest seen. Where queues come and go at random both ways, the k-th
/// lowest exceeds it by about the root of k, so the lowest is as far above it as the fourth is above the lowest, and never further than
/// its own length.
/// </remarks>
internal sealed class ProbeHistory
{
    private const int Capacity = 300;
    private const int Rank = 4;

    /// <summary>What stamping is off by where nothing queues.</summary>
    private const double FloorUs = 10;

    private readonly List<Probe> _probes = new(Capacity + 1);

    /// <summary>Oldest first.</summary>
    public IReadOnlyList<Probe> Probes => _probes;

    /// <summary>The lowest round trip, microseconds; 0 where there is none.</summary>
    public long LowestUs { get; private set; }

    /// <summary>How far the path's own round trip may lie below the lowest, microseconds.</summary>
    public long SpreadUs { get; private set; }

    /// <summary>One standard deviation of a probe's offset, microseconds.</summary>
    public double SigmaUs(Probe probe) => (Math.Max(0, probe.RttUs - LowestUs) + SpreadUs) / 2.0 + FloorUs;

    /// <summary>Adds one. Whether all are rated anew by that.</summary>
    public bool Add(Probe probe)
    {
        _probes.Add(probe);
        if (_probes.Count > Capacity)
            _probes.RemoveAt(0);
        return Rate();
    }

    /// <summary>Takes back what was added last. Whether all are rated anew by that.</summary>
    public bool RemoveLast()
    {
        _probes.RemoveAt(_probes.Count - 1);
        return Rate();
    }

    public void Clear()
    {
        _probes.Clear();
        (LowestUs, SpreadUs) = (0, 0);
    }

    private bool Rate()
    {
        Span<long> lowest = stackalloc long[Rank];
        lowest.Fill(long.MaxValue);
        foreach (var probe in _probes)
        {
            var value = probe.RttUs;
            for (var i = 0; i < Rank; i++)
            {
                if (value < lowest[i])
                    (value, lowest[i]) = (lowest[i], value);
            }
        }

        var known = Math.Min(Rank, _probes.Count);
        var before = (LowestUs, SpreadUs);
        (LowestUs, SpreadUs) = known == 0 ? (0, 0) : (lowest[0], known < Rank ? lowest[0] : Math.Min(lowest[0], lowest[known - 1] - lowest[0]));
        return before != (LowestUs, SpreadUs);
    }
}
