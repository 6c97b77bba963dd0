using Jam.Server.Contracts;
using Jam.Peer.Network;
using Jam.Tests.Fakes;
using NUnit.Framework;

namespace Jam.Tests.Network;

[TestFixture]
[CancelAfter(20_000)]
internal sealed class LoopTimerTests
{
    private readonly ManualTimeProvider _time = new();

    [Test]
    public async Task It_wakes_the_loop_in_time_and_not_before(CancellationToken ct)
    {
        var work = new WorkSignal();
        await using var timer = new LoopTimer(_time, work);
        timer.Arm(_time.NowUs() + 5_000, _time.NowUs());
        var wait = work.WaitAsync(ct).AsTask();
        _time.Advance(TimeSpan.FromMilliseconds(4));
        Assert.That(wait.IsCompleted, Is.False);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        await wait;
    }

    [Test]
    public async Task An_earlier_moment_counts_at_once_and_a_later_one_after_the_first_has_passed(CancellationToken ct)
    {
        var work = new WorkSignal();
        await using var timer = new LoopTimer(_time, work);
        timer.Arm(_time.NowUs() + 50_000, _time.NowUs());
        timer.Arm(_time.NowUs() + 2_000, _time.NowUs());
        var wait = work.WaitAsync(ct).AsTask();
        _time.Advance(TimeSpan.FromMilliseconds(2));
        await wait;
        // Asked for later than what is armed: it fires for the old moment, and is asked again.
        timer.Arm(_time.NowUs() + 3_000, _time.NowUs());
        timer.Arm(_time.NowUs() + 9_000, _time.NowUs());
        wait = work.WaitAsync(ct).AsTask();
        _time.Advance(TimeSpan.FromMilliseconds(3));
        await wait;
        timer.Arm(_time.NowUs() + 6_000, _time.NowUs());
        wait = work.WaitAsync(ct).AsTask();
        _time.Advance(TimeSpan.FromMilliseconds(6));
        await wait;
    }

    [Test]
    public async Task What_it_is_set_for_already_does_not_set_it_anew()
    {
        var work = new WorkSignal();
        await using var timer = new LoopTimer(_time, work);
        var startUs = _time.NowUs();
        timer.Arm(startUs + 3_200, startUs);
        Assert.That(_time.NextTimerUs, Is.EqualTo(startUs + 4_000));
        _time.Advance(TimeSpan.FromMicroseconds(500));
        timer.Arm(startUs + 3_200, _time.NowUs());
        Assert.That(_time.NextTimerUs, Is.EqualTo(startUs + 4_000), "the same moment");
        timer.Arm(startUs + 9_000, _time.NowUs());
        Assert.That(_time.NextTimerUs, Is.EqualTo(startUs + 4_000), "a later one");
        timer.Arm(startUs + 1_500, _time.NowUs());
        Assert.That(_time.NextTimerUs, Is.EqualTo(startUs + 1_500));
    }

    [Test]
    public async Task What_is_overdue_is_waited_for_a_millisecond_and_nothing_for_ever(CancellationToken ct)
    {
        var work = new WorkSignal();
        await using var timer = new LoopTimer(_time, work);
        timer.Arm(long.MaxValue, _time.NowUs());
        timer.Arm(_time.NowUs() - 7_000, _time.NowUs());
        var wait = work.WaitAsync(ct).AsTask();
        _time.Advance(TimeSpan.FromMilliseconds(1));
        await wait;
    }

    [Test]
    public async Task The_loop_goes_on_on_the_timers_own_thread(CancellationToken ct)
    {
        var work = new WorkSignal();
        await using var timer = new LoopTimer(_time, work);
        timer.Arm(_time.NowUs() + 2_000, _time.NowUs());
        var loop = LoopAsync();
        _time.Advance(TimeSpan.FromMilliseconds(2));
        Assert.That(loop.IsCompletedSuccessfully, Is.True, "no other thread was needed");

        async Task LoopAsync() => await work.WaitAsync(ct).ConfigureAwait(false);
    }
}
