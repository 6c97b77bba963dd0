using Jam.Peer.Playback;
using NUnit.Framework;

namespace Jam.Tests.Playback;

public sealed class WriteClockTests
{
    private const int Rate = 48_000;

    [Test]
    public void It_locks_after_400_ms_and_not_before()
    {
        var clock = new WriteClock(Rate);
        for (var us = 0L; us < 400_000; us += 20_000)
        {
            clock.Add(Frames(us), us + 200_000, us);
            Assert.That(clock.IsLocked, Is.False, $"at {us} us");
        }
        clock.Add(Frames(400_000), 600_000, 400_000);
        Assert.That(clock.IsLocked, Is.True);
        Assert.That(clock.HeardAtUs(Rate), Is.EqualTo(1_200_000).Within(0.01));
    }

    [Test]
    public void It_waits_for_six_readings_however_slowly_they_come()
    {
        var clock = new WriteClock(Rate);
        for (var i = 0; i < 5; i++)
            clock.Add(Frames(i * 300_000), i * 300_000 + 200_000, i * 300_000);
        Assert.That(clock.IsLocked, Is.False);
        clock.Add(Frames(1_500_000), 1_700_000, 1_500_000);
        Assert.That(clock.IsLocked, Is.True);
    }

    [Test]
    public void First_readings_that_are_far_off_do_not_move_the_start()
    {
        var clock = new WriteClock(Rate);
        for (var us = 0L; us <= 400_000; us += 20_000)
            clock.Add(Frames(us), us + 200_000 + (us < 60_000 ? 800 : 0), us);
        Assert.That(clock.HeardAtUs(0), Is.EqualTo(200_000).Within(0.01));
    }

    [Test]
    public void Raw_readings_that_agree_are_believed_after_120_ms_and_all_of_them_count_until_400()
    {
        var random = new Random(7);
        var (early, late) = (new WriteClock(Rate, locksEarly: true), new WriteClock(Rate));
        for (var us = 0L; us <= 400_000; us += 20_000)
        {
            var heardUs = us + 200_000 + random.NextDouble() * 20;
            early.Add(Frames(us), heardUs, us);
            late.Add(Frames(us), heardUs, us);
            Assert.That(early.IsLocked, Is.EqualTo(us >= 120_000), $"at {us} us");
            Assert.That(early.IsBeginning, Is.EqualTo(us < 400_000), $"at {us} us");
            if (early.IsLocked)
                Assert.That(early.HeardAtUs(0), Is.EqualTo(200_010).Within(12), $"at {us} us");
        }
        Assert.That(early.HeardAtUs(Rate), Is.EqualTo(late.HeardAtUs(Rate)));
        Assert.That(early.UncertaintyUs, Is.EqualTo(late.UncertaintyUs));
    }

    [TestCase(800, 60)]
    [TestCase(-60, 60)]
    public void First_readings_that_say_something_else_are_not_believed_early(double offUs, int forMs)
    {
        var clock = new WriteClock(Rate, locksEarly: true);
        for (var us = 0L; us <= 400_000; us += 20_000)
        {
            clock.Add(Frames(us), us + 200_000 + (us < forMs * 1_000 ? offUs : 0), us);
            if (us == 120_000)
                Assert.That(clock.IsLocked, Is.False);
            if (clock.IsLocked)
                Assert.That(clock.HeardAtUs(0), Is.EqualTo(200_000).Within(0.01), $"at {us} us");
        }
        Assert.That(clock.IsLocked, Is.True);
    }

    [Test]
    public void An_early_lock_is_void_where_the_device_runs_dry()
    {
        var clock = new WriteClock(Rate, locksEarly: true);
        for (var us = 0L; us <= 200_000; us += 20_000)
            clock.Add(Frames(us), us + 200_000, us);
        Assert.That(clock.IsLocked, Is.True);
        clock.OnUnderrun();
        Assert.That(clock.IsLocked, Is.False);
        for (var us = 220_000L; us <= 400_000; us += 20_000)
            clock.Add(Frames(us), us + 270_000, us);
        Assert.That(clock.HeardAtUs(0), Is.EqualTo(270_000).Within(0.01));
    }

    [Test]
    public void A_delay_that_means_nothing_until_the_queue_moves_is_waited_out()
    {
        var clock = new WriteClock(Rate);
        for (var us = 0L; us <= 1_500_000; us += 20_000)
        {
            clock.Add(Frames(us), us + 200_000 + Math.Max(0, 500_000 - us), us);
            if (us <= 500_000)
                Assert.That(clock.IsLocked, Is.False, $"at {us} us");
            if (clock.IsLocked)
                Assert.That(clock.HeardAtUs(0), Is.EqualTo(200_000).Within(1), $"at {us} us");
        }
        Assert.That(clock.IsLocked, Is.True);
    }

    [Test]
    public void A_device_that_never_comes_to_rest_is_taken_as_it_is_after_two_seconds()
    {
        var clock = new WriteClock(Rate);
        for (var us = 0L; us <= 2_060_000; us += 20_000)
        {
            if (us <= 2_000_000)
                Assert.That(clock.IsLocked, Is.False, $"before {us} us");
            clock.Add(Frames(us), us + 200_000 + us / 20_000 % 3 * 40_000, us);
        }
        Assert.That(clock.IsLocked, Is.True);
        Assert.That(clock.UncertaintyUs, Is.GreaterThan(5_000), "and says so");
    }

    [TestCase(100)]
    [TestCase(-100)]
    [TestCase(600)]
    public void It_learns_the_rate_of_the_device(double ppm)
    {
        var device = new SimulatedDevice(Rate, ppm, noiseUs: 15);
        device.Run(30_000_000, 960, (_, _) => { });
        Assert.That((device.Clock.PeriodUs * Rate / 1e6 - 1) * 1e6, Is.EqualTo(-ppm).Within(3));
        Assert.That(device.Clock.HeardAtUs(device.Written), Is.EqualTo(device.TrulyHeardAtUs(device.Written)).Within(10));
        Assert.That(device.Clock.UncertaintyUs, Is.InRange(2, 15));
    }

    [Test]
    public void One_wild_reading_moves_it_by_microseconds()
    {
        var device = new SimulatedDevice(Rate, noiseUs: 5);
        device.Run(20_000_000, 960, (_, _) => { });
        var frame = device.Written;
        var before = device.Clock.HeardAtUs(frame);
        device.Clock.Add(frame, before + 1_500, device.NowUs);
        Assert.That(device.Clock.HeardAtUs(frame) - before, Is.InRange(0, 3));
    }

    [Test]
    public void An_underrun_keeps_the_rate_and_anchors_on_the_median_of_five_after_two()
    {
        var device = new SimulatedDevice(Rate, ppm: 80);
        device.Run(20_000_000, 960, (_, _) => { });
        var clock = device.Clock;
        var period = clock.PeriodUs;
        clock.OnUnderrun();
        var at = device.NowUs;
        double[] noise = [5_000, -5_000, 3, -400, 0, 900, -2];
        foreach (var error in noise)
        {
            Assert.That(clock.IsLocked, Is.False);
            at += 100_000;
            clock.Add(device.Written, device.TrulyHeardAtUs(device.Written) + 70_000 + error, at);
        }
        Assert.That(clock.IsLocked, Is.True);
        Assert.That(clock.PeriodUs, Is.EqualTo(period));
        Assert.That(clock.HeardAtUs(device.Written), Is.EqualTo(device.TrulyHeardAtUs(device.Written) + 70_000).Within(0.01));
    }

    [Test]
    public void A_device_that_jumps_is_followed_after_five_readings()
    {
        var device = new SimulatedDevice(Rate);
        device.Run(5_000_000, 960, (_, _) => { });
        for (var i = 1; i <= 5; i++)
        {
            Assert.That(device.Clock.HeardAtUs(0), Is.EqualTo(device.TrulyHeardAtUs(0)).Within(1));
            device.Clock.Add(device.Written, device.TrulyHeardAtUs(device.Written) + 30_000, device.NowUs + i * 100_000);
        }
        Assert.That(device.Clock.HeardAtUs(0), Is.EqualTo(device.TrulyHeardAtUs(0) + 30_000).Within(1));
    }

    [Test]
    public void No_readings_make_it_believe_in_an_impossible_rate()
    {
        var clock = new WriteClock(Rate);
        for (var us = 0L; us < 20_000_000; us += 20_000)
            clock.Add(Frames(us), us * 1.002, us);
        Assert.That(Math.Abs(clock.PeriodUs * Rate / 1e6 - 1), Is.LessThanOrEqualTo(700.01e-6));
    }

    [Test]
    public void Two_readings_of_one_instant_count_once()
    {
        var device = new SimulatedDevice(Rate);
        device.Run(2_000_000, 960, (_, _) => { });
        device.Clock.Add(device.Written, device.TrulyHeardAtUs(device.Written), device.NowUs);
        var before = device.Clock.HeardAtUs(0);
        device.Clock.Add(device.Written, device.TrulyHeardAtUs(device.Written) + 500, device.NowUs);
        Assert.That(device.Clock.HeardAtUs(0), Is.EqualTo(before));
    }

    private static long Frames(long us) => us * Rate / 1_000_000;
}
