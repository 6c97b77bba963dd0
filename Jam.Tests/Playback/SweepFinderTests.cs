using Jam.Peer.Audio.Microphone;
using Jam.Peer.Playback;
using NUnit.Framework;

namespace Jam.Tests.Playback;

public sealed class SweepFinderTests
{
    private const int Rate = 48_000;

    [TestCase(1_000, 1.0, 0.0)]
    [TestCase(31_234, 0.02, 0.005)]
    [TestCase(17, -0.3, 0.01)]
    public void A_sweep_is_found_to_the_frame_however_quiet_in_noise_or_upside_down(int at, double gain, double noise)
    {
        var sweep = SweepFinder.Make(Rate);
        var recording = Noise(noise, 40_000);
        for (var i = 0; i < sweep.Length; i++)
            recording[at + i] += (float)gain * sweep[i];
        Assert.That(SweepFinder.Find(recording, sweep, out var likeness), Is.EqualTo(at).Within(0.3));
        Assert.That(likeness, Is.GreaterThan(0.5));
    }

    [Test]
    public void A_place_between_two_frames_is_found_too()
    {
        // The same sweep at twice the rate, taken at every other frame from the second on, begins half a frame early.
        var fine = SweepFinder.Make(2 * Rate);
        var recording = new float[10_000];
        for (var i = 0; 2 * i + 1 < fine.Length; i++)
            recording[500 + i] = fine[2 * i + 1];
        Assert.That(SweepFinder.Find(recording, SweepFinder.Make(Rate), out _), Is.EqualTo(499.5).Within(0.1));
    }

    [Test]
    public void Noise_is_no_sweep()
    {
        _ = SweepFinder.Find(Noise(0.5, 40_000), SweepFinder.Make(Rate), out var likeness);
        Assert.That(likeness, Is.LessThan(0.2));
        Assert.That(SweepFinder.Find([], SweepFinder.Make(Rate), out likeness), Is.Zero);
        Assert.That(likeness, Is.Zero);
    }

    [Test]
    public void What_most_sweeps_say_is_taken_and_a_stray_one_left_out()
    {
        SweepHeard[] heard = [new(180.2, 0.9), new(180.4, 0.8), new(12, 0.6), new(180.3, 0.9), new(400, 0.05), new(180.1, 0.7)];
        var result = SweepHeard.Judge(heard)!.Value;
        Assert.That(result.LatencyMs, Is.EqualTo(180.2).Within(0.11));
        Assert.That((result.Heard, result.SpreadMs), Is.EqualTo((4, 0.2)).Within(0.01));
    }

    [Test]
    public void Too_few_that_agree_are_no_result()
    {
        Assert.That(SweepHeard.Judge([new(180, 0.9), new(180, 0.9), new(180, 0.1), new(180, 0.2)]), Is.Null);
        Assert.That(SweepHeard.Judge([new(10, 0.9), new(100, 0.9), new(200, 0.9), new(300, 0.9)]), Is.Null);
    }

    private static float[] Noise(double loudness, int frames)
    {
        var random = new Random(1);
        return [.. Enumerable.Range(0, frames).Select(_ => (float)(loudness * (2 * random.NextDouble() - 1)))];
    }
}
