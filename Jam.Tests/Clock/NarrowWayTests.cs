using Jam.Peer.Clock;
using NUnit.Framework;

namespace Jam.Tests.Clock;

/// <summary>A room whose rendezvous is behind a slow uplink: the answers to everyone's probes go the same way, one after the other.</summary>
[TestFixture]
internal sealed class NarrowWayTests
{
    private const double BytesPerUs = 0.0466;
    private const int AnswerBytes = 216;
    private const long WayUs = 150;
    private static readonly Guid _clock = new("11111111-1111-1111-1111-111111111111");

    [TestCase(0.0, 0.25)]
    [TestCase(0.85, 0.08)]
    public void Eight_who_measure_leave_the_uplink_to_the_music(double busy, double most)
    {
        var clients = Enumerable.Range(0, 8).Select(i => new Client(i * 40_000)).ToArray();
        var random = new Random(1);
        // When the uplink has sent what waits before it.
        var (freeAtUs, answers, musicAtUs) = (0.0, 0, 6_000_000.0);
        const long FromUs = 8_000_000, ToUs = 38_000_000;
        for (var now = 0L; now < ToUs; now += 100)
        {
            // Music after a while, in chunks, with what it leaves free scattered between them.
            if (busy > 0 && now >= musicAtUs)
            {
                freeAtUs = Math.Max(freeAtUs, now) + 4_344 / BytesPerUs;
                musicAtUs += 4_344 / BytesPerUs / busy * (0.5 + random.NextDouble());
                musicAtUs = Math.Max(musicAtUs, now);
            }

            foreach (var client in clients)
            {
                while (client.Answers.TryPeek(out var answer) && answer.AtUs <= now)
                {
                    client.Answers.Dequeue();
                    client.Estimator.OnResponse(answer.T1Us, answer.T2Us, answer.T2Us, now, _clock);
                }

                if (now < client.FromUs || now < client.Estimator.NextProbeAtUs || !client.Estimator.TryBeginProbe(now, out var t1))
                    continue;
                freeAtUs = Math.Max(freeAtUs, now + WayUs) + AnswerBytes / BytesPerUs;
                answers += now >= FromUs ? 1 : 0;
                client.Answers.Enqueue(((long)freeAtUs + WayUs, t1, now + WayUs + 7_000_000));
            }
        }

        var share = answers * AnswerBytes / ((ToUs - FromUs) * BytesPerUs);
        TestContext.Out.WriteLine($"answers took {share:P1} of the uplink");
        Assert.Multiple(() =>
        {
            Assert.That(share, Is.LessThan(most));
            Assert.That(clients.All(c => c.Estimator.Snapshot.IsReady));
            // Nobody goes unmeasured: each still has a probe a second or so.
            Assert.That(answers, Is.GreaterThan(8 * 10));
            foreach (var client in clients)
                Assert.That(client.Estimator.Snapshot.ToRoomUs(ToUs), Is.EqualTo(ToUs + 7_000_000.0).Within(3_000));
        });
    }

    [Test]
    public void Who_knows_the_clock_well_enough_to_play_leaves_the_way_to_the_music_for_a_moment()
    {
        var estimator = new RoomClockEstimator();
        estimator.Rest(10_000_000);
        Assert.That(estimator.TryBeginProbe(0, out _), "who knows nothing yet does not rest");
        estimator.OnConnectionLost();
        var now = 1L;
        for (; !estimator.Snapshot.IsReady; now += 500)
            Probe(estimator, now);
        var (early, late) = (0, 0);
        for (; now < 10_000_000; now += 500)
            early += Probe(estimator, now);
        for (; now < 11_000_000; now += 500)
            late += Probe(estimator, now);
        Assert.Multiple(() =>
        {
            Assert.That(early, Is.Zero);
            Assert.That(late, Is.GreaterThan(0));
        });
    }

    [Test]
    public void Who_never_meets_an_empty_way_is_heard_all_the_same()
    {
        var (client, random, lastUs) = (new Client(0), new Random(7), 0L);
        var readyUs = long.MaxValue;
        for (var now = 0L; now < 12_000_000; now += 100)
        {
            while (client.Answers.TryPeek(out var answer) && answer.AtUs <= now)
            {
                client.Answers.Dequeue();
                client.Estimator.OnResponse(answer.T1Us, answer.T2Us, answer.T2Us, now, _clock);
            }

            if (client.Estimator.Snapshot.IsReady)
                readyUs = Math.Min(readyUs, now);
            if (now < client.Estimator.NextProbeAtUs || !client.Estimator.TryBeginProbe(now, out var t1))
                continue;
            // What waits before each answer takes 34 ms at the least, and mostly a few chunks' time.
            lastUs = Math.Max(lastUs, now + 34_000 + (long)(-400_000 * Math.Log(1 - random.NextDouble())));
            client.Answers.Enqueue((lastUs, t1, now + WayUs + 7_000_000));
        }

        TestContext.Out.WriteLine($"ready after {readyUs / 1e6:F1} s, error {client.Estimator.Snapshot.ErrorUs:F0} us");
        Assert.Multiple(() =>
        {
            // Five bursts of what takes half a second a probe.
            Assert.That(readyUs, Is.LessThan(10_000_000));
            Assert.That(client.Estimator.Snapshot.IsReady, "and stays so");
            Assert.That(client.Estimator.Snapshot.ToRoomUs(12_000_000), Is.EqualTo(19_000_000.0).Within(100_000));
        });
    }

    [Test]
    public void What_is_known_is_enough_after_a_while_though_the_next_probe_is_seconds_off()
    {
        var (estimator, random, now) = (new RoomClockEstimator(), new Random(5), 0L);
        // Probes that never met an empty way, and no answer after them.
        while (now < 2_900_000)
        {
            now = Math.Max(now, estimator.NextProbeAtUs);
            Assert.That(estimator.TryBeginProbe(now, out var t1));
            var (there, back) = (random.Next(1_000, 55_000), random.Next(1_000, 55_000));
            now += there + back;
            estimator.OnResponse(t1, t1 + there + 7_000_000, t1 + there + 7_000_000, now, _clock);
        }

        Assert.That(estimator.Snapshot.IsReady, Is.False, $"error {estimator.Snapshot.ErrorUs:F0} us");
        for (; !estimator.Snapshot.IsReady && now < 10_000_000; now = Math.Max(now + 1, estimator.DueUs))
            estimator.TryBeginProbe(now, out _);
        TestContext.Out.WriteLine($"ready after {now / 1e6:F1} s, error {estimator.Snapshot.ErrorUs:F0} us");
        Assert.That(now, Is.InRange(3_000_000, 5_100_000));
        Assert.That(estimator.Snapshot.ToRoomUs(now), Is.EqualTo(now + 7_000_000.0).Within(25_000));
    }

    private static int Probe(RoomClockEstimator estimator, long now)
    {
        if (!estimator.TryBeginProbe(now, out var t1))
            return 0;
        estimator.OnResponse(t1, now + WayUs, now + WayUs, now + 2 * WayUs, _clock);
        return 1;
    }

    private sealed class Client(long fromUs)
    {
        public long FromUs { get; } = fromUs;

        public RoomClockEstimator Estimator { get; } = new();

        public Queue<(long AtUs, long T1Us, long T2Us)> Answers { get; } = new();
    }
}
