using System.Net;
using Jam.Peer.Session.Check;
using NUnit.Framework;

namespace Jam.Tests.Check;

/// <summary>Every result comes with what it means, and every bad one with what to do.</summary>
internal sealed class CheckWordsTests
{
    private static CheckReport Report(CheckOutcome outcome, Proximity proximity = Proximity.Unknown) =>
        new() { Peer = "10.1.2.3:9103", Outcome = outcome, Proximity = proximity, Detail = "because", Rendezvous = "ws://10.1.2.3:8000/ws/jam" };

    private static CheckReport Good() => Report(CheckOutcome.Ok) with
    {
        Connects = new ConnectFigures(5, 0, 1_200),
        Room = "jam",
        Rtt = new RttFigures(40, 0, 900, 1_000, 1_500, 200),
        Down = new TransferFigures(64, 16_384, 64, 0, 0, 5e6),
        Up = new TransferFigures(64, 16_384, 64, 0, 0, 2.5e6),
        Reverse = ReverseReach.Reached,
        Retransmits = 0,
    };

    [Test]
    public void Every_outcome_has_a_verdict_and_every_bad_one_has_advice([Values] CheckOutcome outcome, [Values] Proximity proximity)
    {
        var report = Report(outcome, proximity);
        Assert.That(CheckWords.Verdict(report), Does.Contain("10.1.2.3:9103").And.EndsWith("."));
        Assert.That(CheckWords.Advice(report).Any(), Is.EqualTo(outcome != CheckOutcome.Ok));
    }

    [TestCase(CheckOutcome.NoAnswer, Proximity.SameNetwork, "Client isolation")]
    [TestCase(CheckOutcome.Unreachable, Proximity.SameNetwork, "Client isolation")]
    [TestCase(CheckOutcome.NoAnswer, Proximity.SameNetwork, "ufw allow 9103/tcp")]
    [TestCase(CheckOutcome.NoAnswer, Proximity.OtherPrivateNetwork, "wrong network")]
    [TestCase(CheckOutcome.NoAnswer, Proximity.Internet, "NAT")]
    [TestCase(CheckOutcome.NoAnswer, Proximity.SameMachine, "this machine itself")]
    [TestCase(CheckOutcome.Refused, Proximity.SameNetwork, "Is SwarmJam running there?")]
    [TestCase(CheckOutcome.WebServer, Proximity.SameNetwork, "not the server's (8000)")]
    [TestCase(CheckOutcome.NotAPeer, Proximity.SameNetwork, "Wrong port")]
    [TestCase(CheckOutcome.RendezvousBlocked, Proximity.SameNetwork, "--server-port")]
    public void A_blocked_result_says_what_it_may_be(CheckOutcome outcome, Proximity proximity, string expected) =>
        Assert.That(string.Join('\n', CheckWords.Advice(Report(outcome, proximity))), Does.Contain(expected));

    [Test]
    public void A_good_way_needs_no_advice()
    {
        Assert.That(CheckWords.Advice(Good()), Is.Empty);
        Assert.That(CheckWords.Verdict(Good()), Does.Contain("both ways"));
    }

    [Test]
    public void The_figures_are_in_units_that_people_read() => Assert.That(CheckWords.Figures(Good()), Is.EqualTo(new[]
    {
        "connect      5 of 5, 1.2 ms",
        "room         jam, rendezvous ws://10.1.2.3:8000/ws/jam",
        "round trip   1.0 ms median, 0.9 ms least, 1.5 ms p95, jitter 0.2 ms, 0 of 40 lost, 0 packets sent again",
        "from there   5.00 MB/s (40.0 Mbit/s), 64 of 64 chunks of 16384 bytes verified",
        "to there     2.50 MB/s (20.0 Mbit/s), 64 of 64 chunks of 16384 bytes verified",
        "dialled back yes",
    }));

    [Test]
    public void What_is_weak_is_named()
    {
        string Advice(CheckReport report) => string.Join('\n', CheckWords.Advice(report));
        Assert.Multiple(() =>
        {
            Assert.That(Advice(Good() with { Reverse = ReverseReach.NoAnswer }), Does.Contain("cannot dial this one"));
            Assert.That(Advice(Good() with { Connects = new ConnectFigures(5, 2, 1) }), Does.Contain("2 of 5 connections failed"));
            Assert.That(Advice(Good() with { Rtt = new RttFigures(40, 0, 900, 1_000, 300_000, 40_000) }), Does.Contain("uneven"));
            Assert.That(Advice(Good() with { Retransmits = 2 }), Does.Contain("lost on the way"));
            Assert.That(Advice(Good() with { Up = Good().Up! with { BytesPerSecond = 20_000 } }), Does.Contain("uplink"));
            Assert.That(Advice(Good() with { Down = Good().Down! with { BytesPerSecond = 20_000 } }), Does.Contain("too slow for a 320"));
            Assert.That(
                Advice(Good() with { Down = Good().Down! with { BytesPerSecond = 20_000, Declined = 3 } }), Is.Empty, "limits say nothing of the network");
        });
    }

    [TestCase("127.0.0.1", Proximity.SameMachine)]
    [TestCase("::ffff:127.0.0.1", Proximity.SameMachine)]
    [TestCase("10.9.0.5", Proximity.SameMachine)]
    [TestCase("10.9.1.77", Proximity.SameNetwork)]
    [TestCase("10.9.2.1", Proximity.OtherPrivateNetwork)]
    [TestCase("192.168.1.1", Proximity.OtherPrivateNetwork)]
    [TestCase("172.32.0.1", Proximity.Internet)]
    [TestCase("100.64.0.1", Proximity.OtherPrivateNetwork)]
    [TestCase("9.9.9.9", Proximity.Internet)]
    [TestCase("fd00::1:2", Proximity.SameNetwork)]
    [TestCase("fd01::1", Proximity.OtherPrivateNetwork)]
    [TestCase("2001:db8::1", Proximity.Internet)]
    public void An_address_is_near_or_far(string target, Proximity expected) => Assert.That(
        Neighbourhood.Of(IPAddress.Parse(target), [(IPAddress.Parse("10.9.0.5"), 23), (IPAddress.Parse("fd00::7"), 64)]), Is.EqualTo(expected));

    [Test]
    public void Jitter_is_the_mean_step_from_one_round_trip_to_the_next()
    {
        var figures = CheckTexts.Figures([1_000, 3_000, 2_000, 2_000], 5);
        Assert.That(figures, Is.EqualTo(new RttFigures(5, 1, 1_000, 2_000, 3_000, 1_000)));
        Assert.That(CheckTexts.Figures([], 5), Is.Null);
    }
}
