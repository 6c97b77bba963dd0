using Jam.Peer.Swarm;
using Jam.Peer.Wire;
using Jam.Tests.Simulation;
using NUnit.Framework;

namespace Jam.Tests.Swarm;

/// <summary>To whom a manifest goes when, while all of a room ask for it.</summary>
internal sealed class ManifestDeskTests
{
    private static readonly Manifest Track = SwarmSimulator.MakeManifest(300 * 16_384, 16_384);

    private SwarmCore _core = null!;
    private long _nowUs;

    [TestCase(15_000, 1_000, Description = "a quick one goes on with the next at once")]
    [TestCase(400_000, 900_000, Description = "a slow one leaves it to those who have it by now")]
    [TestCase(1_200_000, 900_000, Description = "and does not wait for ever for the first to have it")]
    public void A_relay_gives_the_next_copy_when_the_one_before_has_come_and_a_slow_one_lets_that_spread_first(long tookUs, long untilNextUs)
    {
        var first = Asked(striped: false).Single();
        // Not all at once: an uplink of 0.2 Mbit/s would be four seconds behind.
        Assert.That(Given(tookUs), Has.Count.EqualTo(tookUs > 1_000_000 ? 1 : 0), "one more where the first does not say that it has come");
        Have(first);
        Assert.That(Given(untilNextUs), Has.Count.EqualTo(tookUs < 100_000 ? 1 : 0));
    }

    [Test]
    public void While_it_plays_nobody_waits_for_another_to_say_that_it_has_come()
    {
        Asked(striped: false, isRunning: true);
        Assert.That(Given(60_000), Has.Count.EqualTo(1));
    }

    [TestCase(40_000, 161_000)]
    [TestCase(2_000_000, 1_001_000)]
    public void A_host_lets_it_spread_for_four_times_what_a_copy_took_and_a_second_at_the_most(long tookUs, long nextUs)
    {
        var first = Asked(striped: true, isBusy: true).Single();
        _nowUs += tookUs;
        Have(first);
        Assert.That(Given(nextUs - 2_000), Is.Empty);
        Assert.That(Given(2_000), Has.Count.EqualTo(1));
    }

    // Nine peers that all turn to a new track at once answer a tenth of a second late, and the first of them may have next to no uplink.
    [TestCase(8_000, 100_000)]
    [TestCase(40_000, 160_000)]
    public void What_the_system_acknowledges_says_how_quick_the_way_is_though_its_receiver_answers_late(long ackedUs, long nextUs)
    {
        var first = Asked(striped: true, isBusy: true).Single();
        _nowUs += ackedUs;
        Assert.That(_core.ManifestArrived(first, 0, _nowUs), Is.True);
        Assert.That(_core.ManifestArrived(first, 0, _nowUs), Is.False);
        Assert.That(Given(nextUs - 1_000), Is.Empty);
        Assert.That(Given(2_000), Has.Count.EqualTo(1));
    }

    [Test]
    public void A_quick_host_with_nothing_else_to_do_goes_on_with_the_next()
    {
        var given = Asked(striped: true);
        for (var asked = given.Count; asked < 4; asked++)
        {
            _nowUs += 15_000;
            _core.ManifestArrived(given[^1], 0, _nowUs);
            Assert.That(Given(2_000), Is.Empty, "who has it may be about to ask for chunks");
            given.AddRange(Given(1_000));
            Assert.That(given, Has.Count.EqualTo(asked + 1));
        }

        Assert.That(given, Is.Unique);
    }

    [Test]
    public void A_quick_host_that_has_chunks_to_send_leaves_it_to_those_who_have_it()
    {
        var first = Asked(striped: true).Single();
        _nowUs += 15_000;
        _core.ManifestArrived(first, 0, _nowUs);
        var second = Given(6_000).Single();
        Have(first);
        _core.Receive(first, new RequestFrame(7, 0, int.MaxValue), _nowUs);
        _nowUs += 15_000;
        _core.ManifestArrived(second, 0, _nowUs);
        Assert.That(Given(90_000), Is.Empty);
        _core.ChunkSent(first, 16_384, _nowUs);
        _core.ChunkArrived(first, Track.Id, 0, _nowUs);
        Assert.That(Given(6_000), Has.Count.EqualTo(1));
    }

    [Test]
    public void Who_answers_soon_lets_the_next_be_given_it_as_soon_as_ever()
    {
        var first = Asked(striped: true).Single();
        _nowUs += 12_000;
        _core.ManifestArrived(first, 0, _nowUs);
        _nowUs += 1_000;
        Have(first);
        Assert.That(Given(1_000), Has.Count.EqualTo(1), "what took so little may go out twice");
    }

    [Test]
    public void Who_has_it_from_another_is_not_given_it()
    {
        var first = Asked(striped: true).Single();
        _nowUs += 40_000;
        Have(first);
        for (var link = 1; link <= 4; link++)
            Have(new LinkId(link));
        Assert.That(Given(3_000_000), Is.Empty);
    }

    /// <summary>Four ask at once, of one that is never without something else to send where it is busy; who was given it.</summary>
    private List<LinkId> Asked(bool striped, bool isRunning = false, bool isBusy = false)
    {
        (_core, _nowUs) = (new SwarmCore(isBusy ? new SwarmSettings { ManifestFairUs = 0 } : new SwarmSettings()), 1_000);
        _core.WantTrack(Track.Id, 0, _nowUs);
        var have = new Bitfield(Track.ChunkCount);
        for (var chunk = 0; striped && chunk < Track.ChunkCount; chunk++)
            have.Set(chunk);
        _core.OpenTrack(Track, have, striped, _nowUs);
        if (isRunning)
            _core.SetPlayhead(Track.Id, 0, 0.04, true, _nowUs, _nowUs);
        for (var link = 1; link <= 4; link++)
        {
            _core.LinkUp(new LinkId(link), $"p{link}", false, _nowUs);
            _core.Receive(new LinkId(link), new TrackFrame(7, Track.Id, TrackFlags.None), _nowUs);
            _core.Receive(new LinkId(link), new WantManifestFrame(7), _nowUs);
        }

        return Given(0);
    }

    private void Have(LinkId link) => _core.Receive(link, new TrackFrame(7, Track.Id, TrackFlags.HasManifest), _nowUs);

    /// <summary>Who is given it within a time.</summary>
    private List<LinkId> Given(long withinUs)
    {
        var given = Taken();
        var untilUs = _nowUs + withinUs;
        while (_core.DueUs(_nowUs) is var due && due <= untilUs)
        {
            _core.Timer(_nowUs = Math.Max(due, _nowUs + 1));
            given.AddRange(Taken());
        }

        _nowUs = untilUs;
        return given;
    }

    private List<LinkId> Taken() => [.. _core.TakeEffects().OfType<SendFrame>().Where(f => f.Frame is ManifestFrame).Select(f => f.Link)];
}
