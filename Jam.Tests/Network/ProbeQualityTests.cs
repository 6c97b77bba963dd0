using Jam.Peer.Network;
using NUnit.Framework;

namespace Jam.Tests.Network;

/// <summary>How good the way to the server is, from its probes alone.</summary>
internal sealed class ProbeQualityTests
{
    private static int Jumps(ProbeQuality quality, IEnumerable<long> rttsUs) => rttsUs.Count(rtt =>
    {
        quality.OnSent();
        return quality.OnAnswered(rtt);
    });

    [Test]
    public void The_round_trip_is_as_it_is_now_not_as_short_as_it_ever_was()
    {
        var quality = new ProbeQuality();
        Assert.That(quality.Now.RttUs, Is.Zero);
        Jumps(quality, Enumerable.Repeat(2_000L, 100));
        Assert.That(quality.Now.RttUs, Is.EqualTo(2_000));
        Jumps(quality, Enumerable.Repeat(300_000L, 5));
        Assert.That(quality.Now.RttUs, Is.EqualTo(300_000));
    }

    [Test]
    public void A_way_that_becomes_another_is_said_once_each_time_and_one_late_answer_is_not()
    {
        var quality = new ProbeQuality();
        Assert.That(Jumps(quality, Enumerable.Repeat(2_000L, 50)), Is.Zero);
        Assert.That(Jumps(quality, [400_000]), Is.Zero);
        Assert.That(Jumps(quality, Enumerable.Repeat(2_000L, 50)), Is.Zero);
        Assert.That(Jumps(quality, Enumerable.Repeat(80_000L, 50)), Is.EqualTo(1), "longer");
        Assert.That(Jumps(quality, Enumerable.Repeat(2_000L, 50)), Is.EqualTo(1), "shorter again");
    }

    [Test]
    public void What_wavers_within_20_ms_or_by_less_than_half_is_no_jump()
    {
        var random = new Random(7);
        var quality = new ProbeQuality();
        Assert.That(Jumps(quality, Enumerable.Range(0, 500).Select(_ => (long)random.Next(1_000, 18_000))), Is.Zero);
        Assert.That(Jumps(new ProbeQuality(), Enumerable.Range(0, 500).Select(_ => (long)random.Next(200_000, 290_000))), Is.Zero);
    }

    [Test]
    public void Probes_without_an_answer_count_as_lost()
    {
        var quality = new ProbeQuality();
        for (var i = 0; i < 640; i++)
        {
            quality.OnSent();
            if (i % 4 != 0)
                quality.OnAnswered(1_000);
        }

        Assert.That(quality.Now.Loss, Is.EqualTo(0.25).Within(0.03));
        Assert.That(quality.Now.JitterUs, Is.Zero);
    }
}
