namespace Jam.Peer.Clock;

/// <summary>
/// What a burst of probes comes to: its shortest way there and its shortest way back, whichever probes had them. Each alone bounds the
/// offset from one side, so they need not have met. Where queues come and go at random that is as good as the best of two dozen whole
/// round trips (after D. Jeske, "On maximum-likelihood estimation of clock offset", 2005).
/// </summary>
internal sealed class Burst
{
    private readonly List<Probe> _probes = new(8);
    private Probe _there;
    private Probe _back;

    /// <summary>How many probes were answered.</summary>
    public int Answers { get; private set; }

    /// <summary>The usable answers.</summary>
    public IReadOnlyList<Probe> Probes => _probes;

    /// <summary>Null where no answer was usable.</summary>
    public Probe? Best { get; private set; }

    /// <summary>Takes an answer; one whose round trip cannot be counts, but tells nothing.</summary>
    public void Add(Probe probe)
    {
        Answers++;
        if (probe.RttUs <= 0)
            return;
        _probes.Add(probe);
        if (Best is null || probe.ThereUs < _there.ThereUs)
            _there = probe;
        if (Best is null || probe.BackUs < _back.BackUs)
            _back = probe;
        Best = Probe.Join(_there, _back);
    }

    public void Clear()
    {
        (Answers, Best) = (0, null);
        _probes.Clear();
    }
}
