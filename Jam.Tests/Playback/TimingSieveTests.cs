using Jam.Peer.Playback;
using NUnit.Framework;

namespace Jam.Tests.Playback;

[TestFixture]
internal sealed class TimingSieveTests
{
    private const double PeriodUs = 1e6 / 44_100;

    [Test]
    public void Readings_that_had_to_wait_move_the_clock_no_more_than_the_quickest_ones()
    {
        var (plain, sieved) = (new WriteClock(44_100), new WriteClock(44_100));
        var sieve = new TimingSieve(sieved);
        var random = new Random(7);
        var (worstPlain, worstSieved) = (0.0, 0.0);
        for (var i = 0; i < 1_500; i++)
        {
            // Where processors sleep deeply for seconds, most answers are late; a few find one awake.
            var isDeep = i / 200 % 2 == 0;
            var there = random.NextDouble() * 8;
            var back = isDeep && random.Next(4) > 0 ? 55 + 10 * random.NextDouble() : 6 + 4 * random.NextDouble();
            var askedUs = 20_000.0 * i;
            var readUs = askedUs + there;
            var frame = (long)(readUs / PeriodUs);
            var deviceUs = frame * PeriodUs + 50_000 - readUs;
            sieve.Add(frame, askedUs, there + back, deviceUs);
            if (i % TimingSieve.Group == 0)
                plain.Add(frame, readUs + back + deviceUs, (long)(readUs + back));
            if (i < 300)
                continue;
            worstPlain = Math.Max(worstPlain, Off(plain, frame));
            worstSieved = Math.Max(worstSieved, Off(sieved, frame));
        }

        Assert.That(worstPlain, Is.GreaterThan(40), "else this shows nothing");
        Assert.That(worstSieved, Is.LessThan(20));
    }

    [Test]
    public void A_clock_that_has_nothing_yet_gets_every_reading()
    {
        var clock = new WriteClock(44_100);
        var sieve = new TimingSieve(clock);
        for (var i = 0; i <= 21; i++)
            sieve.Add(882 * i, 20_000 * i, 20, 50_000);
        Assert.That(clock.IsLocked, Is.True);
    }

    private static double Off(WriteClock clock, long frame) => Math.Abs(clock.HeardAtUs(frame) - (frame * PeriodUs + 50_000));
}
