using Jam.Peer.Playback;
using NUnit.Framework;

namespace Jam.Tests.Playback;

[TestFixture]
internal sealed class StepSieveTests
{
    private const int CycleFrames = 2_048;
    private const double PeriodUs = 1e6 / 48_000;

    [Test]
    public void A_place_that_moves_once_a_cycle_gives_a_steady_clock_where_it_is_asked_behind_each()
    {
        var (stepped, plain) = (new WriteClock(48_000), new WriteClock(48_000));
        var (steps, sieve) = (new StepSieve(stepped), new TimingSieve(plain));
        var random = new Random(3);
        var (worstStepped, worstPlain) = (0.0, 0.0);
        for (var cycle = 1; cycle < 1_000; cycle++)
        {
            var frame = (long)cycle * CycleFrames;
            // Some askers are woken late; some ask twice.
            var lateUs = 80 + 60 * random.NextDouble() + (random.Next(3) == 0 ? 900 * random.NextDouble() : 0);
            steps.Add(frame, frame * PeriodUs + lateUs, 20_000);
            steps.Add(frame, frame * PeriodUs + lateUs + 15_000, 20_000);
            var askedUs = cycle * 20_000.0;
            sieve.Add((long)(askedUs / PeriodUs / CycleFrames) * CycleFrames, askedUs, 20, 20_000);
            if (cycle < 300)
                continue;
            worstStepped = Math.Max(worstStepped, Math.Abs(stepped.HeardAtUs(frame) - (frame * PeriodUs + 20_100)));
            worstPlain = Math.Max(worstPlain, Math.Abs(plain.HeardAtUs(frame) - (frame * PeriodUs + 20_100)));
        }
        Assert.That(worstPlain, Is.GreaterThan(2_000), "else this shows nothing");
        Assert.That(worstStepped, Is.LessThan(60));
    }
}
