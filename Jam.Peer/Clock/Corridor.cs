namespace Jam.Peer.Clock;

/// <summary>
/// Where the offset of one clock from another must run. What a probe took on its way there bounds the offset from above, what it took
/// back from below, less the shortest way there is: a corridor, in which the offset is a line for as long as clocks keep their rate. Its
/// place follows from the least delays alone, so that queues, which only ever add, do not move it.
/// </summary>
/// <remarks>
/// The likelihood of a rate where delays exceed the shortest by exponential times: for each rate the line that leaves most room above
/// and below is the best one, and how much room there is says how likely the rate is (after D. Jeske, 2005, for a constant offset; the
/// quality of a rate is the width that it leaves). The result is the mean over all rates, with its spread. Rates are about as far from
/// 0 as those of two quartz clocks. Since they wander, what is old binds less: see <see cref="Slack"/>. How dense delays lie at their
/// shortest is taken from as many of them as the root of all, or from fewer where those lie further apart. Pure arithmetic.
/// </remarks>
internal sealed class Corridor
{
    private const int Capacity = 1_536;
    private const long WindowUs = 300_000_000;

    /// <summary>What two quartz clocks may differ by, one standard deviation.</summary>
    private const double RateSigma = 50e-6;

    /// <summary>Random walk of the rate per square root of a microsecond, for a machine that is probed steadily.</summary>
    private const double Wander = 2e-11;

    /// <summary>The same while nothing is measured.</summary>
    private const double UnseenWander = 1e-10;

    /// <summary>Where nothing is known of it, how far apart delays lie.</summary>
    private const double AssumedSpacingUs = 500;

    /// <summary>
    /// Delays of the fastest paths are no draws of one kind: processors that have to wake add to each way what they like, for a hundred
    /// milliseconds or a second at a time. One lucky way back 0.7 s after many quick ones once passed for a rate of 60 millionths, known to 9.
    /// </summary>
    private const double LeastSpacingUs = 12;

    /// <summary>Delays that follow each other met the same queues: they say less than as many that did not.</summary>
    private const double Dependence = 1.5;

    /// <summary>What stamping is off by where nothing queues.</summary>
    private const double FloorUs = 5;

    private const double MaxRate = 400e-6;
    private const int Halvings = 40;
    private const int FewestRank = 2;
    private const int MaxRank = 48;
    private const int GridPoints = 41;

    /// <summary>A rate is out of the question where it is less likely than the best by e to this.</summary>
    private const double Unlikely = 8;

    private readonly List<Probe> _probes = new(Capacity + 8);
    private readonly Envelope _there = new();
    private readonly Envelope _back = new();
    private readonly double[] _shortest = new double[MaxRank + 1];
    private int _solved;
    private double _offsetUs;
    private double _rate;
    private double _offsetVariance;
    private double _rateVariance;
    private double _covariance;
    private double _spacingUs = AssumedSpacingUs;

    /// <summary>Probes that are kept.</summary>
    public int Count => _probes.Count;

    /// <summary>Local instant of the newest one, microseconds.</summary>
    public long ReferenceUs { get; private set; }

    /// <summary>The shortest round trip of one that is kept; 0 without any.</summary>
    public long LowestRttUs { get; private set; }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        _probes.Clear();
        (ReferenceUs, LowestRttUs, _spacingUs) = (0, 0, AssumedSpacingUs);
    }

    /// <summary>Takes answered probes in, in the order of their time, and finds the line anew.</summary>
    public void Add(IReadOnlyList<Probe> probes)
    {
        foreach (var probe in probes)
            _probes.Add(probe);
        if (_probes.Count == 0)
            return;
        ReferenceUs = _probes[^1].LocalUs;
        var first = Math.Max(_probes.Count - Capacity, _probes.FindIndex(p => ReferenceUs - p.LocalUs <= WindowUs));
        _probes.RemoveRange(0, Math.Max(0, first));
        Solve();
    }

    /// <summary>What the line comes to at a local instant, at or after the reference.</summary>
    public (double OffsetUs, double Rate, double SigmaUs) At(long localUs)
    {
        var dt = Math.Max(0, localUs - ReferenceUs);
        var variance = _offsetVariance + 2 * dt * _covariance + (double)dt * dt * _rateVariance;
        var unseen = Slack(dt, UnseenWander);
        return (_offsetUs + _rate * dt, _rate, Math.Sqrt(Dependence * Dependence * variance + FloorUs * FloorUs + unseen * unseen));
    }

    /// <summary>
    /// How much a probe contradicts the line: by so much it lies beyond what both its own delays and the known ones leave room for,
    /// microseconds. Delays alone, however long, do not.
    /// </summary>
    public double ContradictionUs(Probe probe)
    {
        var (offsetUs, _, _) = At(probe.LocalUs);
        var room = Room(_rate, out _, out _);
        var slackUs = Slack(Math.Max(0, probe.LocalUs - ReferenceUs), UnseenWander);
        var there = Math.Min(room / 2, probe.ThereUs - offsetUs);
        var back = Math.Min(room / 2, probe.BackUs + offsetUs);
        return Math.Min(room, probe.RttUs) - (there + back) - slackUs;
    }

    /// <summary>How far an offset may have left a line by then: a rate that walks at random, integrated.</summary>
    private static double Slack(double us, double wander) => wander * us * Math.Sqrt(us / 3);

    private void Solve()
    {
        DropContradicted();
        LowestRttUs = long.MaxValue;
        foreach (var probe in _probes)
            LowestRttUs = Math.Min(LowestRttUs, probe.RttUs);
        Bound(0, _probes.Count);
        _spacingUs = AssumedSpacingUs;
        for (var i = 0; i < 2; i++)
            _spacingUs = Math.Max(LeastSpacingUs, Spacing(0, _probes.Count, Likeliest()));
        Average(Likeliest());
    }

    /// <summary>
    /// Where a rate has changed, no corridor holds both the old and the new: one through both is narrower than either. Then what is old
    /// goes.
    /// </summary>
    private void DropContradicted()
    {
        const long RecentUs = 20_000_000;
        const double Spacings = 10;
        const double LeastUs = 30;
        if (_solved++ % 8 > 0)
            return;
        var recent = _probes.FindIndex(p => ReferenceUs - p.LocalUs < RecentUs);
        if (recent < 16 || _probes.Count - recent < 16)
            return;
        var all = RoomAndSpacing(0, _probes.Count);
        var old = RoomAndSpacing(0, recent);
        var now = RoomAndSpacing(recent, _probes.Count);
        if (all.Room + Spacings * all.SpacingUs + LeastUs < Math.Min(old.Room, now.Room))
            _probes.RemoveRange(0, recent);
    }

    private (double Room, double SpacingUs) RoomAndSpacing(int from, int to)
    {
        Bound(from, to);
        var rate = Likeliest();
        return (Room(rate, out _, out _), Spacing(from, to, rate));
    }

    /// <summary>Which of the probes bound the corridor.</summary>
    private void Bound(int from, int to)
    {
        _there.Clear();
        _back.Clear();
        for (var i = from; i < to; i++)
        {
            var probe = _probes[i];
            double age = ReferenceUs - probe.LocalUs;
            var slack = Slack(age, Wander);
            _there.Add(age, probe.ThereUs + slack);
            _back.Add(age, probe.BackUs + slack);
        }
    }

    /// <summary>Both ways' least delays, together, were this the rate: the width of the corridor.</summary>
    private double Room(double rate, out double there, out double back)
    {
        (there, back) = (_there.Least(rate), _back.Least(-rate));
        return there + back;
    }

    private double LogLikelihood(double rate) => Room(rate, out _, out _) / _spacingUs - rate * rate / (2 * RateSigma * RateSigma);

    /// <summary>The likelihood has one summit: golden sections close in on it.</summary>
    private double Likeliest()
    {
        const double Golden = 0.6180339887498949;
        var (low, high) = (-MaxRate, MaxRate);
        var (left, right) = (high - Golden * (high - low), low + Golden * (high - low));
        var (atLeft, atRight) = (LogLikelihood(left), LogLikelihood(right));
        for (var i = 0; i < Halvings; i++)
        {
            if (atLeft < atRight)
            {
                (low, left, atLeft) = (left, right, atRight);
                right = low + Golden * (high - low);
                atRight = LogLikelihood(right);
            }
            else
            {
                (high, right, atRight) = (right, left, atLeft);
                left = high - Golden * (high - low);
                atLeft = LogLikelihood(left);
            }
        }

        return (low + high) / 2;
    }

    /// <summary>How far apart delays lie where they are shortest, the mean of both ways.</summary>
    private double Spacing(int from, int to, double rate)
    {
        var count = to - from;
        if (count < 3)
            return AssumedSpacingUs;
        Room(rate, out var there, out var back);
        var rank = Math.Max(2, Math.Min(Math.Min(count - 1, MaxRank), (int)Math.Round(Math.Sqrt(count))));
        var shortest = _shortest.AsSpan(0, rank + 1);
        var sum = 0.0;
        foreach (var isThere in (ReadOnlySpan<bool>)[true, false])
        {
            shortest.Fill(double.MaxValue);
            for (var i = 0; i < count; i++)
            {
                var probe = _probes[from + i];
                double age = ReferenceUs - probe.LocalUs;
                Insert(shortest, Slack(age, Wander) + (isThere ? probe.ThereUs + rate * age - there : probe.BackUs - rate * age - back));
            }

            // Where the very shortest was a lucky one, it counts for no more than it is alone.
            var spacingUs = Math.Max(shortest[rank], 1) / rank;
            for (var few = FewestRank; few < rank; few *= 2)
                spacingUs = Math.Max(spacingUs, shortest[few] / few);
            sum += spacingUs;
        }

        return sum / 2;
    }

    private static void Insert(Span<double> ascending, double value)
    {
        var at = ascending.Length - 1;
        if (value >= ascending[at])
            return;
        for (; at > 0 && ascending[at - 1] > value; at--)
            ascending[at] = ascending[at - 1];
        ascending[at] = value;
    }

    /// <summary>The mean over the rates that are not out of the question, each as likely as it is.</summary>
    private void Average(double best)
    {
        var most = LogLikelihood(best);
        var (low, high) = (best - Reach(best, most, -1), best + Reach(best, most, 1));
        Span<double> rates = stackalloc double[GridPoints];
        Span<double> offsets = stackalloc double[GridPoints];
        Span<double> weights = stackalloc double[GridPoints];
        var sum = 0.0;
        for (var i = 0; i < GridPoints; i++)
        {
            rates[i] = low + (high - low) * i / (GridPoints - 1);
            var room = Room(rates[i], out var there, out var back);
            offsets[i] = (there - back) / 2;
            weights[i] = Math.Exp(room / _spacingUs - rates[i] * rates[i] / (2 * RateSigma * RateSigma) - most);
            sum += weights[i];
        }

        (_offsetUs, _rate) = (0, 0);
        for (var i = 0; i < GridPoints; i++)
        {
            weights[i] /= sum;
            _offsetUs += weights[i] * offsets[i];
            _rate += weights[i] * rates[i];
        }

        // For one rate the truth lies from its line by the difference of two exponential times.
        (_offsetVariance, _rateVariance, _covariance) = (_spacingUs * _spacingUs / 2, 0, 0);
        for (var i = 0; i < GridPoints; i++)
        {
            var (offset, rate) = (offsets[i] - _offsetUs, rates[i] - _rate);
            _offsetVariance += weights[i] * offset * offset;
            _rateVariance += weights[i] * rate * rate;
            _covariance += weights[i] * offset * rate;
        }
    }

    private double Reach(double best, double most, int sign)
    {
        var reach = 1e-9;
        while (reach < MaxRate && LogLikelihood(best + sign * reach) > most - Unlikely)
            reach *= 1.6;
        return reach;
    }
}
