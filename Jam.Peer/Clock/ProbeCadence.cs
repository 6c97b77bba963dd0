namespace Jam.Peer.Clock;

/// <summary>When the next burst of probes is due. Pure arithmetic.</summary>
/// <remarks>
/// <para>
/// The first five bursts come back to back (1 ms apart), so that a newcomer on a LAN is ready within a few dozen milliseconds. Where
/// that is not enough the next ones follow without a pause, with several probes under way at a time; the more so the steadier the path
/// is, since on one connection a late probe holds up those behind it. Up to the eleventh they are half a second apart, then 2 s, but closer
/// while the estimate is poor or its drift unknown: at least 100 ms (10 where they are light), and no denser than they take, up to the two hundredth, 250 ms up to the
/// six hundredth, since delays are seldom the shortest on a bad path, and 1 s from then on. On a quick path they come 400 ms
/// apart from the thirtieth to the eightieth, and then 1 s: time tells of a rate there, and more probes do not. After the eleventh a burst
/// ends with the first probe whose round trip is within 25 us of the lowest.
/// </para>
/// <para>
/// A burst of which every probe met a queue says that the way is full, maybe of probes: eight members who all measure as densely as they can
/// fill 400 kbit/s by themselves. Each such burst in a row doubles the time to the next, up to 8 s; each that met none takes one step back.
/// After two in a row the way is narrow until sixty bursts met no queue: never denser than four probes in 2 s. An accident of the path does
/// not hold up all of a burst, or not the next one.
/// </para>
/// </remarks>
internal sealed class ProbeCadence
{
    private const int ProbesPerBurst = 8;
    private const int FewProbes = 4;
    private const int FirstBursts = 5;
    private const int EarlyBursts = 6;
    private const int QuickestBursts = 30;
    private const int CalmBursts = 80;
    private const int DenseBursts = 100;
    private const int QuickBursts = 200;
    private const int PatientBursts = 600;
    private const long FirstGapUs = 1_000;
    private const long QuickGapUs = 100_000;
    private const long LightGapUs = 10_000;
    private const long PatientGapUs = 250_000;
    private const long CalmGapUs = 400_000;
    private const long EarlyGapUs = 500_000;
    private const long PoorGapUs = 1_000_000;
    private const long SteadyGapUs = 2_000_000;
    private const double DenseErrorUs = 60;
    private const double PoorErrorUs = 30;
    private const double CalmWaitUs = 1_000;
    private const double CrowdedUs = 100_000;
    private const long FullUs = 20_000;
    private const int MostFull = 5;
    private const long FullGapUs = 250_000;
    private const int NarrowFrom = 2;
    private const int NarrowBursts = 60;
    private const double Forgotten = 1 / 256.0;

    private int _bursts;
    private long _leastRttUs = long.MaxValue;
    private double _crowdUs;
    private double _emptyRttUs;
    private int _full;
    private int _narrow;
    private bool _isDense;

    /// <summary>What probes take beyond the shortest round trip, a mean of late.</summary>
    public double WaitUs { get; private set; }

    /// <summary>Whether probes are light: datagrams, of a hundred bytes each way, that hold up nothing else.</summary>
    public bool IsLight { get; set; }

    /// <summary>Whether the next probe need not wait for the answer to the one before.</summary>
    public bool MayOverlap => _isDense || _bursts is > 0 and < FirstBursts;

    /// <summary>Whether the way seems full, or narrow.</summary>
    public bool IsFull => _full > 0 || _narrow > 0;

    /// <summary>Whether the first bursts are over.</summary>
    public bool IsSteady => _bursts >= FirstBursts + EarlyBursts;

    // Answers wait in a queue that they help to fill: a room's worth of probes is a good part of a slow uplink.
    private bool IsCrowded => IsFull || _crowdUs > CrowdedUs;

    // What a probe waits here is of the order of what stamping it is off by: time tells of a rate then, and more probes do not.
    private bool IsCalm => WaitUs <= CalmWaitUs;

    /// <summary>Answers that make a burst.</summary>
    /// <param name="isHolding">Whether a contradiction is being looked into.</param>
    public int ProbesFor(bool isHolding) => _narrow == 0 || isHolding ? ProbesPerBurst : FewProbes;

    /// <summary>A probe was answered.</summary>
    public void OnAnswer(Probe probe)
    {
        _leastRttUs = Math.Min(_leastRttUs, Math.Max(1, probe.RttUs));
        WaitUs += (probe.RttUs - _leastRttUs - WaitUs) / 16;
        _crowdUs += (probe.RttUs - _leastRttUs - _crowdUs) / 4;
    }

    /// <summary>A burst is over; what was answered of it may be nothing.</summary>
    public void OnBurst(IReadOnlyList<Probe> probes)
    {
        _bursts++;
        if (probes.Count == 0)
            return;
        // What is the shortest there is by now: a way that has become longer for good is no full one for ever.
        var lowestUs = probes.Min(p => p.RttUs);
        _emptyRttUs = _emptyRttUs == 0 || lowestUs < _emptyRttUs ? lowestUs : _emptyRttUs + (lowestUs - _emptyRttUs) * Forgotten;
        var isFull = lowestUs - _emptyRttUs > FullUs;
        _full = isFull ? Math.Min(MostFull, _full + 1) : Math.Max(0, _full - 1);
        _narrow = isFull && _full >= NarrowFrom ? NarrowBursts : Math.Max(0, _narrow - 1);
    }

    /// <summary>Microseconds from now to the next burst.</summary>
    /// <param name="corridor">What is known.</param>
    /// <param name="isHolding">Whether a contradiction is being looked into.</param>
    /// <param name="begunUs">When the last burst began, local clock.</param>
    /// <param name="nowUs">Local clock.</param>
    public long GapUs(Corridor corridor, bool isHolding, long begunUs, long nowUs)
    {
        var errorUs = isHolding || corridor.Count == 0 ? double.PositiveInfinity : corridor.At(nowUs).SigmaUs;
        _isDense = _bursts is >= FirstBursts and < DenseBursts && !IsCrowded && double.IsFinite(errorUs) && errorUs > DenseErrorUs;
        if (_bursts < FirstBursts || _isDense)
            return FirstGapUs;
        if (double.IsInfinity(errorUs))
            return EarlyGapUs;
        if (IsFull)
            return Math.Max(_narrow > 0 ? SteadyGapUs : 0, FullGapUs << _full);
        // Poor by the time of the next one is poor as well: early on the offset is known, but not where it goes.
        var isCalm = IsCalm && _bursts >= QuickestBursts;
        if (_bursts < (isCalm ? CalmBursts : QuickBursts) && !IsCrowded && corridor.At(nowUs + SteadyGapUs).SigmaUs > PoorErrorUs)
            return Math.Max(isCalm ? CalmGapUs : IsLight ? LightGapUs : QuickGapUs, nowUs - begunUs);
        if (errorUs > PoorErrorUs)
            return _bursts < PatientBursts && !IsCrowded && !IsCalm ? PatientGapUs : PoorGapUs;
        return IsSteady ? SteadyGapUs : EarlyGapUs;
    }

    /// <summary>No burst follows without a pause, for now.</summary>
    public void Relax() => _isDense = false;

    /// <summary>The bursts after the first ones come again.</summary>
    public void Repeat() => _bursts = Math.Min(_bursts, FirstBursts);

    /// <summary>Whatever comes next may go another way.</summary>
    public void OnConnectionLost()
    {
        Repeat();
        (_full, _narrow, _emptyRttUs) = (0, 0, 0);
    }

    /// <summary>What the last burst said is the first that counts.</summary>
    public void StartOver() => _bursts = 1;

    /// <summary>Another clock is measured.</summary>
    public void Reset() => (_bursts, _full, _narrow, _emptyRttUs) = (0, 0, 0, 0);
}
