namespace Jam.Peer.Playback;

/// <summary>
/// The coefficients of a windowed-sinc interpolator: 32 taps by 256 phases, Kaiser window, linear interpolation between phases.
/// Immutable, so both voices of an engine share one.
/// </summary>
internal sealed class SincKernel
{
    /// <summary>Taps where the output rate is not below the source's; more, in proportion, where it is.</summary>
    public const int BaseTaps = 32;

    /// <summary>Largest ratio of source to output rate.</summary>
    public const double MaxRatio = 8;

    private const int Phases = 256;
    private const double Cutoff = 0.97;
    private const double KaiserBeta = 9;

    /// <summary>Ratios this close to 1 are corrections of a clock, not conversions: nothing there can alias audibly.</summary>
    private const double ConversionRatio = 1.001;

    private readonly float[] _table;

    /// <param name="ratio">Source rate over output rate, above 0 and at most <see cref="MaxRatio"/>.</param>
    public SincKernel(double ratio)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(ratio);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(ratio, MaxRatio);
        // Below the source's rate the band must end below the output's Nyquist frequency, and the window widens with it.
        var stretch = ratio > ConversionRatio ? ratio : 1;
        Taps = ((int)Math.Ceiling(BaseTaps * stretch) + 7) / 8 * 8;
        _table = new float[(Phases + 1) * Taps];
        Span<double> row = stackalloc double[Taps];
        for (var phase = 0; phase <= Phases; phase++)
            FillRow(row, (double)phase / Phases, Cutoff / stretch, phase);
    }

    /// <summary>How many source frames one output frame is made of; a multiple of 8.</summary>
    public int Taps { get; }

    /// <summary>Source frames before the one that a position falls in.</summary>
    public int Before => Taps / 2 - 1;

    /// <summary>Source frames after the one that a position falls in.</summary>
    public int After => Taps / 2;

    /// <summary>The two rows around a fraction and the weight of the second.</summary>
    /// <param name="fraction">Position between two source frames, 0 to 1; 1 itself may come from rounding.</param>
    /// <param name="second">The row after the returned one.</param>
    /// <param name="weight">0 to 1.</param>
    public ReadOnlySpan<float> Rows(double fraction, out ReadOnlySpan<float> second, out float weight)
    {
        var scaled = fraction * Phases;
        var phase = Math.Clamp((int)scaled, 0, Phases - 1);
        weight = (float)(scaled - phase);
        second = _table.AsSpan((phase + 1) * Taps, Taps);
        return _table.AsSpan(phase * Taps, Taps);
    }

    private void FillRow(Span<double> row, double fraction, double cutoff, int phase)
    {
        var sum = 0.0;
        for (var k = 0; k < Taps; k++)
        {
            var x = k - Before - fraction;
            var angle = Math.PI * x * cutoff;
            var sinc = Math.Abs(angle) < 1e-12 ? 1 : Math.Sin(angle) / angle;
            var edge = x / (Taps / 2.0);
            var window = Math.Abs(edge) >= 1 ? 0 : Bessel(KaiserBeta * Math.Sqrt(1 - edge * edge)) / Bessel(KaiserBeta);
            row[k] = sinc * window;
            sum += row[k];
        }
        // Unity gain at every phase, or a constant would ripple.
        for (var k = 0; k < Taps; k++)
            _table[phase * Taps + k] = (float)(row[k] / sum);
    }

    /// <summary>Modified Bessel function of the first kind, order zero, by its series.</summary>
    private static double Bessel(double x)
    {
        var term = 1.0;
        var sum = 1.0;
        for (var k = 1; k < 64 && term > sum * 1e-17; k++)
        {
            term *= x * x / (4.0 * k * k);
            sum += term;
        }
        return sum;
    }
}
