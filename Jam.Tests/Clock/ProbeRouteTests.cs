using Jam.Peer.Clock;
using NUnit.Framework;

namespace Jam.Tests.Clock;

[TestFixture]
internal sealed class ProbeRouteTests
{
    private const long RttUs = 5_000;

    [Test]
    public void Without_a_port_all_goes_over_the_connection()
    {
        var route = new ProbeRoute();
        Assert.That(route.Next(isBrief: true, 0), Is.EqualTo((false, true)));
        Assert.That(route.Next(isBrief: false, 0), Is.EqualTo((false, true)));
        Assert.That(route.PatienceUs, Is.EqualTo(1_000_000));
    }

    [Test]
    public void It_asks_both_ways_until_a_datagram_was_answered_and_then_as_datagrams_but_for_the_whole_answer()
    {
        var route = Opened();
        Assert.That(route.Next(isBrief: true, 0), Is.EqualTo((true, true)));
        route.OnAnswer(RttUs);
        Assert.That(route.Next(isBrief: true, 10_000), Is.EqualTo((true, false)));
        Assert.That(route.Next(isBrief: false, 20_000), Is.EqualTo((true, true)));
    }

    [Test]
    public void Where_datagrams_vanish_it_tries_again_only_with_a_whole_answer()
    {
        var route = Opened();
        var tried = Enumerable.Range(0, 100).Count(i => route.Next(isBrief: true, i * 100_000).AsDatagram);
        Assert.That(tried, Is.EqualTo(16));
        Assert.That(route.Next(isBrief: false, 20_000_000), Is.EqualTo((true, true)));
        Assert.That(route.Next(isBrief: true, 20_100_000), Is.EqualTo((false, true)));
    }

    [Test]
    public void When_answers_stop_it_asks_both_ways_again()
    {
        var route = Proven();
        var over = Enumerable.Range(0, 8).Select(i => route.Next(isBrief: true, i * 100_000).OverConnection).ToArray();
        Assert.That(over, Is.EqualTo(new[] { false, false, false, true, true, true, true, true }));
        route.OnAnswer(RttUs);
        Assert.That(route.Next(isBrief: true, 900_000), Is.EqualTo((true, false)));
    }

    [Test]
    public void Many_that_are_under_way_at_a_time_are_not_lost()
    {
        var route = Proven();
        for (var i = 0; i < 32; i++)
            Assert.That(route.Next(isBrief: true, i * 5_000).OverConnection, Is.False);
    }

    [Test]
    public void A_lost_one_is_given_up_soon_and_a_late_one_makes_patient()
    {
        var route = Proven();
        Assert.That(route.PatienceUs, Is.EqualTo(100_000));
        route.OnAnswer(400_000);
        Assert.That(route.PatienceUs, Is.EqualTo(1_000_000), "that was a queue");
        for (var i = 0; i < 64; i++)
            route.OnAnswer(RttUs);
        Assert.That(route.PatienceUs, Is.EqualTo(100_000));
        for (var i = 0; i < 100; i++)
            route.OnAnswer(60_000);
        Assert.That(route.PatienceUs, Is.EqualTo(240_000).Within(1_000));
    }

    [Test]
    public void When_the_port_is_gone_all_goes_over_the_connection()
    {
        var route = Proven();
        route.Close();
        Assert.That(route.IsProven, Is.False);
        Assert.That(route.Next(isBrief: true, 0), Is.EqualTo((false, true)));
        route.OnAnswer(RttUs);
        Assert.That(route.IsProven, Is.False, "an answer that was still under way");
    }

    private static ProbeRoute Opened()
    {
        var route = new ProbeRoute();
        route.Open();
        return route;
    }

    private static ProbeRoute Proven()
    {
        var route = Opened();
        route.OnAnswer(RttUs);
        return route;
    }
}
