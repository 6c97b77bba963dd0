using Jam.Peer.Playback;
using NUnit.Framework;

namespace Jam.Tests.Playback;

public sealed class DryWatchTests
{
    [Test]
    public void A_queue_that_runs_out_is_told_once_each_time()
    {
        var watch = new DryWatch();
        // As ALSA's plug-in for PulseAudio says it at a start: twice what fits, then nothing for a quarter of a second, then again.
        long[] delays = [9_637, 23_999, 12_587, 408, 0, 0, 0, 6_489, 11_602, -3, 0, 11_455];
        Assert.That(delays.Select(watch.IsDry), Is.EqualTo(delays.Select((_, i) => i is 4 or 9)));
    }

    [Test]
    public void A_device_that_takes_everything_at_once_never_runs_dry()
    {
        var watch = new DryWatch();
        Assert.That(Enumerable.Repeat(0L, 10).Any(watch.IsDry), Is.False);
    }

    [Test]
    public void A_clock_that_locked_on_a_start_which_ran_dry_is_right_again_after_seven_readings()
    {
        const int Rate = 48_000;
        var (watch, clock, heardUs) = (new DryWatch(), new WriteClock(Rate), 0.0);
        for (var ms = 0; ms <= 1_200; ms += 20)
        {
            // The queue of the start lasts half a second; a quarter later there is more, and heard so much later than was believed.
            var delay = ms < 500 ? 24_000 - ms * 48L : ms < 740 ? 0 : 11_000;
            var written = ms < 740 ? 24_000L : 24_000 + (ms - 740) * 48L + 11_000;
            if (watch.IsDry(delay))
                clock.OnUnderrun();
            if (delay > 0)
                clock.Add(written - delay, ms * 1_000, ms * 1_000);
            heardUs = clock.IsLocked ? clock.HeardAtUs(48_000) : double.NaN;
            if (ms is >= 500 and < 860)
                Assert.That(clock.IsLocked, Is.False, $"at {ms} ms");
        }
        Assert.That(heardUs, Is.EqualTo(1_240_000).Within(1));
    }
}
