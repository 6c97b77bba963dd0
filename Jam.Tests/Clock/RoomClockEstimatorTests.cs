using Jam.Peer.Clock;
using NUnit.Framework;

namespace Jam.Tests.Clock;

[TestFixture]
internal sealed class RoomClockEstimatorTests
{
    private const double Second = 1e6;
    private static readonly Guid _other = new("22222222-2222-2222-2222-222222222222");

    [TestCase(0.15)]
    public void A_newcomer_on_a_lan_is_ready_at_once(double seconds)
    {
        for (var seed = 1; seed <= 20; seed++)
        {
            var client = new ModelledClient(ModelledPath.Lan, 30, 7e9, seed);
            client.RunUntil(seconds * Second);
            Assert.That(client.Estimator.Snapshot.IsReady, Is.True);
            Assert.That(Math.Abs(client.ErrorUs), Is.LessThan(150));
        }
    }

    [Test]
    public void A_newcomer_on_wifi_is_ready_within_a_second()
    {
        for (var seed = 1; seed <= 20; seed++)
        {
            var client = new ModelledClient(ModelledPath.Wifi, 30, 7e9, seed);
            client.RunUntil(Second);
            Assert.That(client.Estimator.Snapshot.IsReady, Is.True);
            Assert.That(Math.Abs(client.ErrorUs), Is.LessThan(1_000));
        }
    }

    [Test]
    public void Nothing_is_ready_before_five_bursts()
    {
        var estimator = new RoomClockEstimator();
        var now = 0L;
        for (var probe = 0; probe < 5 * 8; probe++)
        {
            Assert.That(estimator.Snapshot.IsReady, Is.False);
            now = Math.Max(now, estimator.NextProbeAtUs);
            Assert.That(estimator.TryBeginProbe(now, out var t1), Is.True);
            now += 200;
            estimator.OnResponse(t1, t1 + 1_000_100, t1 + 1_000_100, now, _other);
        }

        Assert.That(estimator.Snapshot.IsReady, Is.True);
        Assert.That(estimator.Snapshot.ToRoomUs(now), Is.EqualTo(now + 1_000_000.0).Within(0.01));
        Assert.That(estimator.Snapshot.RttUs, Is.EqualTo(200));
    }

    [Test]
    public void A_step_of_50_ms_is_followed_within_three_seconds()
    {
        var client = new ModelledClient(ModelledPath.Lan, 20, 7e9, 11);
        client.RunUntil(60 * Second);
        client.RoomStepUs = 50_000;
        // At worst: two seconds to the next burst, half a second to the second opinion, and the quick bursts.
        client.RunUntil(62.9 * Second);
        Assert.That(client.Estimator.Snapshot.IsReady, Is.True);
        Assert.That(Math.Abs(client.ErrorUs), Is.LessThan(200));
    }

    [Test]
    public void A_control_run_keeps_its_first_estimate_whatever_follows()
    {
        var estimator = new RoomClockEstimator(keepsFirst: true);
        var now = 0L;
        for (var burst = 0; burst < 5; burst++)
            now = Burst(estimator, now, 1_000_000);
        var first = estimator.Snapshot;
        Assert.That(first.IsReady, Is.True);
        for (var burst = 0; burst < 20; burst++)
            now = Burst(estimator, now, 1_000_000 + 100 * burst);
        estimator.HoldOver(now);
        Assert.That(estimator.Snapshot, Is.EqualTo(first));
    }

    [Test]
    public void A_lone_outlier_is_held_back_and_asked_about_half_a_second_later()
    {
        var estimator = new RoomClockEstimator();
        var now = 0L;
        for (var burst = 0; burst < 20; burst++)
            now = Burst(estimator, now, 1_000_000);
        var before = estimator.Snapshot;
        now = Burst(estimator, now, 1_050_000);
        Assert.That(estimator.Snapshot, Is.EqualTo(before));
        Assert.That(estimator.NextProbeAtUs, Is.EqualTo(now + 500_000));
        now = Burst(estimator, now, 1_000_000);
        Assert.That(estimator.Snapshot.IsReady, Is.True);
        Assert.That(estimator.Snapshot.ToRoomUs(now), Is.EqualTo(now + 1_000_000.0).Within(1));
        Assert.That(estimator.NextProbeAtUs, Is.EqualTo(now + 2_000_000));
        now = Burst(estimator, now, 1_050_000);
        Assert.That(estimator.Snapshot.IsReady, Is.True, "an outlier after a good burst is a first one again");
    }

    [Test]
    public void A_second_outlier_in_a_row_starts_over_from_it()
    {
        var estimator = new RoomClockEstimator();
        var now = 0L;
        for (var burst = 0; burst < 20; burst++)
            now = Burst(estimator, now, 1_000_000);
        now = Burst(estimator, Burst(estimator, now, 1_050_000), 1_050_000);
        Assert.That(estimator.Snapshot.IsReady, Is.False);
        Assert.That(estimator.Snapshot.ToRoomUs(now), Is.EqualTo(now + 1_050_000.0).Within(1));
        for (var burst = 0; burst < 4; burst++)
            now = Burst(estimator, now, 1_050_000);
        Assert.That(estimator.Snapshot.IsReady, Is.True);
    }

    [Test]
    public void Another_clock_resets_everything()
    {
        var client = new ModelledClient(ModelledPath.Lan, 20, 7e9, 13);
        client.RunUntil(60 * Second);
        client.ClockId = _other;
        client.RoomStepUs = -3e9;
        var wasReset = false;
        client.RunUntil(63 * Second, 500, () => wasReset |= client.Estimator.Snapshot is { IsReady: false } snapshot && snapshot.ClockId == _other);
        Assert.That(wasReset, Is.True);
        Assert.That(client.Estimator.Snapshot.ClockId, Is.EqualTo(_other));
        Assert.That(client.Estimator.Snapshot.IsReady, Is.True);
        Assert.That(Math.Abs(client.ErrorUs), Is.LessThan(200));
    }

    [Test]
    public void Without_a_server_it_holds_over_and_says_how_unsure_it_grows()
    {
        var client = new ModelledClient(ModelledPath.Lan, 20, 7e9, 14);
        client.RunUntil(120 * Second);
        var known = client.Estimator.Snapshot.ErrorUs;
        client.IsServerThere = false;
        client.Estimator.OnConnectionLost();
        client.RunUntil(180 * Second, Second, () => client.Estimator.HoldOver((long)client.LocalUs));
        var held = client.Estimator.Snapshot;
        Assert.That(held.IsReady, Is.True);
        Assert.That(Math.Abs(client.ErrorUs), Is.LessThan(150));
        Assert.That(held.ErrorUs, Is.GreaterThan(known));
        client.RunUntil(4 * 3600 * Second, 60 * Second, () => client.Estimator.HoldOver((long)client.LocalUs));
        Assert.That(client.Estimator.Snapshot.ErrorUs, Is.GreaterThan(held.ErrorUs));
        Assert.That(client.Estimator.Snapshot.IsReady, Is.False);
        client.IsServerThere = true;
        client.RunUntil(client.TrueUs + 3 * Second);
        Assert.That(client.Estimator.Snapshot.IsReady, Is.True);
        Assert.That(Math.Abs(client.ErrorUs), Is.LessThan(200));
    }

    [Test]
    public void Drift_is_used_within_seconds()
    {
        var client = new ModelledClient(ModelledPath.Lan, 20, 7e9, 15);
        client.RunUntil(0.1 * Second);
        Assert.That(client.Estimator.Snapshot.Drift, Is.Zero.Within(20e-6), "nobody can know it yet");
        client.RunUntil(4 * Second);
        Assert.That(client.Estimator.Snapshot.Drift, Is.EqualTo(-20e-6).Within(5e-6));
        client.RunUntil(120 * Second);
        Assert.That(client.Estimator.Snapshot.Drift, Is.EqualTo(-20e-6).Within(1e-6));
    }

    [Test]
    public void A_queue_that_stood_at_the_start_counts_for_nothing_once_the_path_is_known()
    {
        var estimator = new RoomClockEstimator();
        var now = 0L;
        for (var burst = 0; burst < 5; burst++)
            now = Burst(estimator, now, 1_028_000, 60_000 - burst);
        Assert.That(estimator.Snapshot.IsReady, Is.True);
        now = Burst(estimator, now, 1_000_000, 4_000);
        now = Burst(estimator, now, 1_000_000, 4_002);
        Assert.That(estimator.Snapshot.IsReady, Is.True);
        for (var burst = 0; burst < 6; burst++)
            now = Burst(estimator, now, 1_000_000, 4_000 + burst);
        Assert.That(estimator.Snapshot.ToRoomUs(now), Is.EqualTo(now + 1_000_000.0).Within(20));
    }

    [Test]
    public void A_probe_that_is_not_answered_ends_its_burst_after_a_second()
    {
        var estimator = new RoomClockEstimator();
        Assert.That(estimator.TryBeginProbe(1_000, out var t1), Is.True);
        Assert.That(t1, Is.EqualTo(1_000));
        Assert.That(estimator.TryBeginProbe(1_000_999, out _), Is.False);
        Assert.That(estimator.NextProbeAtUs, Is.EqualTo(1_001_000));
        Assert.That(estimator.TryBeginProbe(1_001_000, out _), Is.False);
        Assert.That(estimator.NextProbeAtUs, Is.EqualTo(1_002_000));
        estimator.OnResponse(t1, 5, 5, 1_002_000, _other);
        Assert.That(estimator.Snapshot, Is.EqualTo(RoomClockSnapshot.None));
        Assert.That(estimator.TryBeginProbe(1_011_000, out _), Is.True);
    }

    [Test]
    public void A_round_trip_that_cannot_be_is_dropped()
    {
        var estimator = new RoomClockEstimator();
        var now = 0L;
        for (var probe = 0; probe < 8; probe++)
        {
            estimator.TryBeginProbe(now, out var t1);
            now++;
            estimator.OnResponse(t1, 100, 5_000, now, _other);
        }

        Assert.That(estimator.Snapshot.IsReady, Is.False);
        Assert.That(estimator.Snapshot.ErrorUs, Is.EqualTo(double.PositiveInfinity));
    }

    [TestCase(200, 1)]
    [TestCase(225, 1)]
    [TestCase(226, 8)]
    public void In_its_stride_a_burst_ends_with_the_first_probe_that_met_no_queue(long rttUs, int probes)
    {
        var estimator = new RoomClockEstimator();
        var now = 0L;
        for (var burst = 0; burst < 30; burst++)
            now = Burst(estimator, now, 1_000_000);
        var begun = 0;
        for (var due = now = estimator.NextProbeAtUs; estimator.NextProbeAtUs < due + 1_000_000; begun++)
        {
            Assert.That(estimator.TryBeginProbe(now, out var t1), Is.True);
            now += rttUs;
            estimator.OnResponse(t1, t1 + 1_000_000 + rttUs / 2, t1 + 1_000_000 + rttUs / 2, now, _other);
        }

        Assert.That(begun, Is.EqualTo(probes));
    }

    [Test]
    public void After_a_reconnect_the_next_burst_is_due_at_once()
    {
        var client = new ModelledClient(ModelledPath.Lan, 20, 7e9, 16);
        client.RunUntil(60 * Second);
        client.Estimator.OnConnectionLost();
        Assert.That(client.Estimator.NextProbeAtUs, Is.LessThan((long)client.LocalUs));
        Assert.That(client.Estimator.Snapshot.IsReady, Is.True);
    }

    /// <summary>Answers one whole burst, as soon as it is due, with a steady round trip.</summary>
    private static long Burst(RoomClockEstimator estimator, long now, long offsetUs, long rttUs = 200)
    {
        for (var probe = 0; probe < 8; probe++)
        {
            now = Math.Max(now, estimator.NextProbeAtUs);
            Assert.That(estimator.TryBeginProbe(now, out var t1), Is.True);
            now += rttUs;
            estimator.OnResponse(t1, t1 + offsetUs + rttUs / 2, t1 + offsetUs + rttUs / 2, now, _other);
        }

        return now;
    }

    [Test]
    public void Who_asks_for_a_new_measurement_every_two_seconds_gets_one_on_a_long_way_too()
    {
        const long RttUs = 300_000;
        var estimator = new RoomClockEstimator();
        var clockId = Guid.NewGuid();
        var (nowUs, askedUs, updates, last) = (0L, 0L, 0, 0L);
        while (nowUs < 60_000_000)
        {
            if (estimator.TryBeginProbe(nowUs, out var t1Us))
            {
                nowUs += RttUs;
                estimator.OnResponse(t1Us, t1Us + (RttUs / 2), t1Us + (RttUs / 2), nowUs, clockId);
            }
            else
            {
                nowUs = Math.Max(nowUs + 1, estimator.NextProbeAtUs);
            }

            if (nowUs - askedUs >= 2_000_000)
            {
                askedUs = nowUs;
                estimator.MeasureAnew();
            }

            updates += estimator.Snapshot.ReferenceLocalUs > last ? 1 : 0;
            last = estimator.Snapshot.ReferenceLocalUs;
        }

        Assert.That(updates, Is.GreaterThan(15), "a burst of eight takes 2.4 s");
        Assert.That(estimator.Snapshot.IsReady);
    }
}
