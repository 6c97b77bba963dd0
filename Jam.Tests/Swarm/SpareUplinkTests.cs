using Jam.Peer.Swarm;
using Jam.Peer.Wire;
using Jam.Tests.Simulation;
using NUnit.Framework;

namespace Jam.Tests.Swarm;

/// <summary>An uplink with nothing to do says so, and is given something.</summary>
internal sealed class SpareUplinkTests
{
    private static readonly Manifest Track = SwarmSimulator.MakeManifest(20 * 16_384, 16_384);

    private SwarmCore _core = null!;

    [SetUp]
    public void Begin() => _core = new SwarmCore(new SwarmSettings());

    [Test]
    public void A_striping_host_is_told_and_nobody_else()
    {
        Join(striper: 1, here: 2);
        Assert.That(Told(), Is.EqualTo(new[] { 1 }));
    }

    [Test]
    public void Where_the_host_is_slow_one_who_lacks_what_is_here_is_told_as_well()
    {
        Join(striper: 1, here: 2);
        Assert.That(Told(), Is.EqualTo(new[] { 1 }));
        _core.SetPlayhead(Track.Id, 0, 0.04, false, 1_000, 1_000);
        // All others say that another chunk has come, every 350 ms.
        for (var chunk = 2; chunk <= 4; chunk++)
        {
            for (var link = 2; link <= 5; link++)
                _core.Receive(new LinkId(link), new HaveFrame(7, [chunk]), chunk * 350_000);
        }

        _core.TakeEffects();
        _core.Timer(1_650_000);
        var first = Told();
        _core.Timer(1_700_000);
        Assert.That((int[])[.. first, .. Told()], Has.Some.EqualTo(1).And.Some.GreaterThan(1));
    }

    [Test]
    public void While_music_plays_a_striping_host_has_no_use_for_it_and_nobody_is_told()
    {
        Join(striper: 1, here: 2);
        _core.SetPlayhead(Track.Id, 0, 0.04, true, 1_000, 1_000);
        _core.TakeEffects();
        for (var now = 500_000; now <= 2_000_000; now += 500_000)
            _core.Timer(now);
        Assert.That(Told(), Is.Empty);
    }

    [Test]
    public void Where_nobody_stripes_one_who_lacks_most_is_told_and_the_same_not_again_so_soon()
    {
        Join(striper: null, here: 2);
        var first = Told();
        Assert.That(first, Has.Length.EqualTo(1));
        foreach (var link in Enumerable.Range(1, 5).Except(first))
            _core.Receive(new LinkId(link), new HaveFrame(7, [0, 1]), 50_000);
        _core.Timer(100_000);
        Assert.That(Told(), Is.Empty, "the only one that lacks something was told");
        _core.Timer(300_000);
        Assert.That(Told(), Is.EqualTo(first));
    }

    [Test]
    public void In_a_room_of_few_nothing_is_said()
    {
        Join(striper: 1, here: 2, links: 3);
        Assert.That(Told(), Is.Empty);
    }

    [Test]
    public void A_request_that_would_wait_long_is_moved_to_the_peer_that_has_nothing_to_do()
    {
        Join(striper: null, here: 0);
        // The first link answers after half a second each time: what was asked of it just now will take as long.
        long now = 1_000;
        _core.Receive(new LinkId(1), new HaveFrame(7, [.. Enumerable.Range(0, 12)]), now);
        var asked = Requests();
        for (var round = 0; round < 4; round++)
        {
            now += 500_000;
            foreach (var (link, chunk) in asked)
                _core.ReceiveChunk(new LinkId(link), 7, chunk, 16_384, true, now);
            asked = Requests();
        }

        var waiting = asked.Select(r => r.Chunk).ToArray();
        Assert.That(waiting, Is.Not.Empty);
        _core.Receive(new LinkId(2), new HaveFrame(7, waiting), now + 1_000);
        Assert.That(Requests(), Is.Empty, "as far as is known here, the second is as busy");
        _core.Receive(new LinkId(2), new OfferFrame(7, []), now + 2_000);

        var sent = _core.TakeEffects().OfType<SendFrame>().ToList();
        var moved = sent.Where(s => s is { Link.Value: 2, Frame: RequestFrame }).Select(s => ((RequestFrame)s.Frame).Chunk).ToArray();
        Assert.Multiple(() =>
        {
            Assert.That(moved, Has.Length.EqualTo(1));
            Assert.That(waiting, Is.SupersetOf(moved));
            Assert.That(sent.Where(s => s is { Link.Value: 1, Frame: CancelFrame }).Select(s => ((CancelFrame)s.Frame).Chunk), Is.EqualTo(moved));
        });
    }

    [Test]
    public void The_last_request_is_moved_to_who_has_the_chunk_and_room_though_nothing_else_happens()
    {
        const int last = 19;
        Join(striper: null, here: last);
        long now = 1_000;
        _core.Receive(new LinkId(1), new HaveFrame(7, [last]), now);
        Assert.That(Requests(), Is.EqualTo(new[] { (1, last) }));
        _core.Receive(new LinkId(2), new HaveFrame(7, [last]), now += 1_000);
        Assert.That(Requests(), Is.Empty);

        var dueUs = _core.DueUs(now);
        Assert.That(dueUs, Is.LessThan(now + 500_000));
        _core.Timer(dueUs);
        Assert.That(Requests(), Is.EqualTo(new[] { (2, last) }));
    }

    // The host has given out all, and answers in 20 ms; the other in a time.
    [TestCase(30_000, false, 2, Description = "a host's uplink is what the room has least of")]
    [TestCase(150_000, false, 1, Description = "but no one is to wait long for its sake")]
    [TestCase(30_000, true, 1, Description = "and while music plays the sooner is the better")]
    public void A_host_that_has_given_out_all_is_asked_where_others_take_far_longer(long otherUs, bool isRunning, int askedOf)
    {
        Join(striper: 1, here: 0);
        _core.Receive(new LinkId(1), new OfferFrame(7, []), 500);
        if (isRunning)
            _core.SetPlayhead(Track.Id, 0, 0.04, true, 0, 500);
        long now = 1_000;
        for (var chunk = 0; chunk < 16; chunk++)
        {
            // One at a time of each in turn, so that its rate is known.
            var of = 1 + chunk % 2;
            _core.Receive(new LinkId(of), new HaveFrame(7, [chunk]), now);
            Assert.That(Requests(), Is.EqualTo(new[] { (of, chunk) }));
            _core.ReceiveChunk(new LinkId(of), 7, chunk, 16_384, true, now += of == 1 ? 20_000 : otherUs);
            _core.TakeEffects();
        }

        // The only one that has the next goes, and by then both have it.
        _core.Receive(new LinkId(3), new HaveFrame(7, [17]), now);
        Assert.That(Requests(), Is.EqualTo(new[] { (3, 17) }));
        _core.Receive(new LinkId(1), new HaveFrame(7, [17]), now);
        _core.Receive(new LinkId(2), new HaveFrame(7, [17]), now);
        Assert.That(Requests(), Is.Empty);
        _core.LinkDown(new LinkId(3), now);
        Assert.That(Requests(), Is.EqualTo(new[] { (askedOf, 17) }));
    }

    private void Join(int? striper, int here, int links = 5)
    {
        _core.WantTrack(Track.Id, 0, 0);
        for (var link = 1; link <= links; link++)
        {
            _core.LinkUp(new LinkId(link), $"p{link}", link == striper, 0);
            _core.Receive(new LinkId(link), new TrackFrame(7, Track.Id, TrackFlags.HasManifest | (link == striper ? TrackFlags.Stripes : TrackFlags.None)), 0);
        }

        var have = new Bitfield(Track.ChunkCount);
        for (var chunk = 0; chunk < here; chunk++)
            have.Set(chunk);
        _core.OpenTrack(Track, have, false, 0);
    }

    private int[] Told() =>
        [.. _core.TakeEffects().OfType<SendFrame>().Where(s => s.Frame is OfferFrame { Chunks: [] }).Select(s => s.Link.Value)];

    private List<(int Link, int Chunk)> Requests() =>
        [.. _core.TakeEffects().OfType<SendFrame>().Where(s => s.Frame is RequestFrame).Select(s => (s.Link.Value, ((RequestFrame)s.Frame).Chunk))];
}
