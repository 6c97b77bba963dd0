using Jam.Peer.Clock;
using NUnit.Framework;

namespace Jam.Tests.Clock;

[TestFixture]
internal sealed class BurstTests
{
    [Test]
    public void The_shortest_way_there_and_the_shortest_way_back_need_not_meet()
    {
        var burst = new Burst();
        Assert.That(burst.Best, Is.Null);
        burst.Add(Probe(offsetUs: 500, thereUs: 100, backUs: 900));
        burst.Add(Probe(offsetUs: 500, thereUs: 1_300, backUs: 100));
        burst.Add(new Probe(0, 7e6, -1));
        Assert.That(burst.Best!.Value.OffsetUs, Is.EqualTo(500).Within(1e-9));
        Assert.That(burst.Best!.Value.RttUs, Is.EqualTo(200));
        Assert.That(burst.Answers, Is.EqualTo(3));
        burst.Clear();
        Assert.That((burst.Best, burst.Answers), Is.EqualTo(((Probe?)null, 0)));
    }

    private static Probe Probe(double offsetUs, double thereUs, double backUs) =>
        new(0, offsetUs + (thereUs - backUs) / 2, (long)(thereUs + backUs));
}
