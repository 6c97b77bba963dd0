using Jam.Peer.Playback;
using NUnit.Framework;

namespace Jam.Tests.Playback;

public sealed class SincResamplerTests
{
    [TestCase(1_000, 95)]
    [TestCase(10_000, 92)]
    public void A_correction_of_200_ppm_leaves_a_tone_clean(double hertz, double leastDb) =>
        Assert.That(SignalToNoiseDb(48_000, 1 + 200e-6, 1, hertz), Is.GreaterThan(leastDb));

    [TestCase(44_100, 48_000, 10_000, 80)]
    [TestCase(48_000, 44_100, 10_000, 80)]
    [TestCase(22_050, 48_000, 5_000, 80)]
    public void A_conversion_leaves_a_tone_clean(int from, int to, double hertz, double leastDb) =>
        Assert.That(SignalToNoiseDb(from, (double)from / to, (double)from / to, hertz), Is.GreaterThan(leastDb));

    [Test]
    public void What_the_lower_rate_cannot_hold_is_removed_instead_of_folded_down()
    {
        var output = Resample(48_000, 48_000 / 32_000.0, 48_000 / 32_000.0, 20_000, 4_000);
        Assert.That(20 * Math.Log10(Peak(output)), Is.LessThan(-80));
    }

    [Test]
    public void A_constant_stays_constant_at_every_phase()
    {
        var kernel = new SincKernel(1);
        var ones = Enumerable.Repeat(1f, 4_096).ToArray();
        var output = new float[2 * 2_000];
        SincResampler.AddTo(kernel, ones, ones, 0, 1.00137, output, 1, 0);
        Assert.That(output, Is.All.EqualTo(1f).Within(2e-6f));
    }

    [TestCase(0.99999999999999989)]
    [TestCase(1.0)]
    public void A_fraction_that_rounds_to_one_stays_inside_the_table(double fraction)
    {
        var rows = new SincKernel(1).Rows(fraction, out var second, out var weight);
        Assert.That(rows.Length, Is.EqualTo(second.Length));
        Assert.That(weight, Is.InRange(0f, 1f));
    }

    [TestCase(0.0, 1.0, 480)]
    [TestCase(0.9999999, 1.0005, 480)]
    [TestCase(0.5, 0.9187, 1)]
    public void It_needs_no_frame_more_than_it_says(double fraction, double step, int count)
    {
        var kernel = new SincKernel(1);
        var needed = SincResampler.FramesNeeded(kernel, fraction, step, count);
        var source = new float[needed];
        Assert.That(() => SincResampler.AddTo(kernel, source, source, fraction, step, new float[2 * count], 1, 0), Throws.Nothing);
    }

    [Test]
    public void The_gain_runs_linearly_and_stops_at_its_bounds()
    {
        var kernel = new SincKernel(1);
        var ones = Enumerable.Repeat(1f, 64).ToArray();
        var output = new float[2 * 8];
        SincResampler.AddTo(kernel, ones, ones, 0, 1, output, 0.5, 0.125);
        float[] expected = [0.5f, 0.625f, 0.75f, 0.875f, 1, 1, 1, 1];
        for (var i = 0; i < expected.Length; i++)
            Assert.That(output[2 * i], Is.EqualTo(expected[i]).Within(1e-5));
    }

    [TestCase(0)]
    [TestCase(-1)]
    [TestCase(9)]
    public void A_ratio_out_of_range_is_refused(double ratio) =>
        Assert.That(() => new SincKernel(ratio), Throws.InstanceOf<ArgumentOutOfRangeException>());

    private static float[] Resample(int sourceRate, double kernelRatio, double step, double hertz, int count)
    {
        var kernel = new SincKernel(kernelRatio);
        var needed = SincResampler.FramesNeeded(kernel, 0, step, count);
        var source = new float[needed];
        for (var i = 0; i < needed; i++)
            source[i] = (float)Math.Sin(2 * Math.PI * hertz * (i - kernel.Before) / sourceRate);
        var output = new float[2 * count];
        SincResampler.AddTo(kernel, source, source, 0, step, output, 1, 0);
        return [.. Enumerable.Range(0, count).Select(i => output[2 * i])];
    }

    /// <summary>Ratio of the tone (fitted, so that a gain near 1 is no error) to all that is not it.</summary>
    private static double SignalToNoiseDb(int sourceRate, double step, double kernelRatio, double hertz)
    {
        var output = Resample(sourceRate, kernelRatio, step, hertz, 8_000);
        double sum = 0, dot = 0, tone = 0;
        for (var i = 0; i < output.Length; i++)
        {
            var ideal = Math.Sin(2 * Math.PI * hertz * i * step / sourceRate);
            dot += ideal * output[i];
            tone += ideal * ideal;
        }
        var gain = dot / tone;
        for (var i = 0; i < output.Length; i++)
        {
            var error = output[i] - gain * Math.Sin(2 * Math.PI * hertz * i * step / sourceRate);
            sum += error * error;
        }
        return 10 * Math.Log10(gain * gain * tone / sum);
    }

    private static float Peak(float[] samples) => samples.Max(Math.Abs);
}
