using Jam.Peer.Swarm;
using Jam.Peer.Wire;
using Jam.Tests.Simulation;
using NUnit.Framework;

namespace Jam.Tests.Swarm;

/// <summary>An uplink that fetching takes all of refuses what it is to relay, and the host goes by that.</summary>
internal sealed class PoorUplinkTests
{
    private const int Viewers = 5;
    private static readonly Manifest Track = SwarmSimulator.MakeManifest(20 * 16_384, 16_384);

    [Test]
    public void What_was_refused_is_offered_to_another_at_once_and_its_refuser_is_passed_over()
    {
        var host = Host();
        var offered = Offers(host);
        var (refuser, chunk) = offered[0];
        host.Receive(refuser, new RejectFrame(7, chunk), 2_000);
        var then = Offers(host);
        Assert.That(then.Select(o => o.Chunk), Has.Member(chunk));
        Assert.That(then.Select(o => o.Link), Has.No.Member(refuser));
    }

    [Test]
    public void Where_all_refuse_the_chunk_is_offered_all_the_same()
    {
        var host = Host();
        var refused = 0;
        for (var round = 0; round < 3 * Viewers; round++)
        {
            var offers = Offers(host);
            Assert.That(offers, Is.Not.Empty, $"round {round}");
            foreach (var (link, chunk) in offers)
            {
                host.Receive(link, new RejectFrame(7, chunk), 2_000 + round);
                refused++;
            }
        }

        Assert.That(refused, Is.GreaterThan(Viewers));
    }

    [Test]
    public void What_its_first_holder_does_not_relay_and_all_have_meanwhile_holds_up_no_other_chunk()
    {
        var host = Host();
        var offered = Offers(host);
        var (refuser, chunk) = offered[0];
        host.Receive(refuser, new HaveFrame(7, [chunk]), 2_000);
        host.Receive(refuser, new RejectFrame(7, chunk), 2_001);
        foreach (var id in host.Links.Keys.Where(id => id != refuser).ToArray())
            host.Receive(id, new HaveFrame(7, [chunk]), 2_002);
        Offers(host);
        GoesOn(host, offered[1]);
    }

    [Test]
    public void What_the_only_viewer_has_and_does_not_relay_holds_up_no_other_chunk()
    {
        var host = Host(1);
        var offered = Offers(host);
        host.Receive(offered[0].Link, new HaveFrame(7, [offered[0].Chunk]), 2_000);
        host.Receive(offered[0].Link, new RejectFrame(7, offered[0].Chunk), 2_001);
        Offers(host);
        GoesOn(host, offered[1]);
    }

    private static void GoesOn(SwarmCore host, (LinkId Link, int Chunk) had)
    {
        host.Receive(had.Link, new HaveFrame(7, [had.Chunk]), 3_000);
        Assert.That(Offers(host), Is.Not.Empty);
    }

    [Test]
    public void A_rejection_of_what_was_not_offered_changes_nothing()
    {
        var host = Host();
        var offered = Offers(host);
        var chunk = Enumerable.Range(0, Track.ChunkCount).First(c => offered.All(o => o.Chunk != c));
        host.Receive(offered[0].Link, new RejectFrame(7, chunk), 2_000);
        Assert.That(Offers(host), Is.Empty);
        Assert.That(host.Links, Has.Count.EqualTo(Viewers));
    }

    [Test]
    public void The_short_last_chunk_does_not_make_the_others_look_late()
    {
        var (track, core) = Giver(3 * 16_384 + 100);
        Send(core, track, 0, 0, 90_000);
        Send(core, track, 3, 100_000, 110_000);
        Assert.That(core.Links[new LinkId(1)].FastestUs, Is.EqualTo(90_000));
    }

    // Most of it is within what a system may leave unacknowledged for a moment: it seems to be there as soon as it has left.
    [Test]
    public void The_short_last_chunk_does_not_say_what_the_uplink_carries()
    {
        var (track, core) = Giver(3 * 16_384 + 2_880);
        Send(core, track, 3, 0, 1_000);
        Assert.That(core.UplinkUsPerByte, Is.Zero);
        Send(core, track, 0, 10_000, 10_000 + 655_360);
        Assert.That(core.UplinkUsPerByte, Is.EqualTo(40).Within(1));
    }

    // Its relay would say nothing of the uplink by it, and a poor one would go on relaying.
    [Test]
    public void The_short_last_chunk_is_offered_early_and_to_who_has_relayed_already()
    {
        const int last = 39;
        var host = Host(Viewers, SwarmSimulator.MakeManifest(last * 16_384 + 2_880, 16_384));
        var offered = Offers(host);
        foreach (var (link, chunk) in offered)
            host.Receive(link, new RequestFrame(7, chunk, int.MaxValue), 2_000);
        var sent = host.TakeEffects().OfType<SendChunk>().First();
        host.ChunkSent(sent.Link, 16_384, 2_000);
        host.ChunkArrived(sent.Link, sent.Track, sent.Chunk, 18_000);
        host.Receive(sent.Link, new HaveFrame(7, [sent.Chunk]), 19_000);
        offered.AddRange(Offers(host));
        Assert.That(offered.Select(o => o.Chunk), Has.No.Member(last));

        foreach (var (link, chunk) in offered.Where(o => o.Link != sent.Link).ToArray())
            host.Receive(link, new RequestFrame(7, chunk, int.MaxValue), 20_000);
        host.Receive(offered.First(o => o.Link != sent.Link).Link, new HaveFrame(7, [sent.Chunk]), 40_000);
        for (var nowUs = 50_000L; nowUs < 2_000_000 && offered.TrueForAll(o => o.Chunk != last); nowUs = Math.Max(nowUs + 1, host.DueUs(nowUs)))
        {
            host.Timer(nowUs);
            offered.AddRange(Offers(host));
        }

        Assert.That(offered, Has.Member((sent.Link, last)));
        Assert.That(offered.Select(o => o.Chunk), Has.No.Member(last - 1));
    }

    // Whoever asked had it from another meanwhile: what is on its way arrives all the same, and is the only word of an uplink that gives nothing else.
    [Test]
    public void A_first_chunk_that_was_taken_back_says_what_the_uplink_carries_all_the_same([Values] bool isHadFromAnother)
    {
        var (track, core) = Giver(3 * 16_384);
        core.Receive(new LinkId(1), new RequestFrame(7, 0, int.MaxValue), 0);
        core.ChunkSent(new LinkId(1), track.SizeOf(0), 1);
        core.Receive(new LinkId(1), new CancelFrame(7, 0), 100_000);
        if (isHadFromAnother)
            core.Receive(new LinkId(1), new HaveFrame(7, [0]), 110_000);
        Assert.That(core.UplinkUsPerByte, Is.Zero);
        core.ChunkArrived(new LinkId(1), track.Id, 0, 655_360);
        Assert.That(core.UplinkUsPerByte, Is.EqualTo(40).Within(1));
    }

    // Between machines that bring 200 MB/s, ten milliseconds for a first chunk are a thread that was late, not an uplink that 4 % of that would fill.
    [Test]
    public void On_a_quick_way_a_first_chunk_that_was_a_little_late_makes_no_uplink_a_poor_one()
    {
        var track = SwarmSimulator.MakeManifest(100 * 65_536, 65_536);
        var core = new SwarmCore(new SwarmSettings());
        core.WantTrack(track.Id, 0, 0);
        core.OpenTrack(track, new Bitfield(track.ChunkCount), false, 0);
        for (var id = 1; id <= 5; id++)
        {
            core.LinkUp(new LinkId(id), $"p{id}", false, 0);
            core.Receive(new LinkId(id), new TrackFrame(7, track.Id, TrackFlags.HasManifest), 0);
        }

        core.Receive(new LinkId(1), new HaveFrame(7, [.. Enumerable.Range(0, 99)]), 0);
        var nowUs = 1_000L;
        var served = new List<int>();
        for (var chunk = 0; chunk < 60; chunk++)
        {
            foreach (var asked in core.TakeEffects().OfType<SendFrame>().Select(s => s.Frame).OfType<RequestFrame>().Select(r => r.Chunk).ToList())
                core.ReceiveChunk(new LinkId(1), 7, asked, 65_536, true, nowUs += 300);
            if (chunk is 0 or 40)
                core.Receive(new LinkId(2 + chunk / 40), new RequestFrame(7, chunk / 40, int.MaxValue), nowUs);
            foreach (var sent in core.TakeEffects().OfType<SendChunk>())
            {
                served.Add(sent.Chunk);
                core.ChunkSent(sent.Link, 65_536, nowUs);
                core.ChunkArrived(sent.Link, track.Id, sent.Chunk, nowUs + 10_000);
            }
        }

        Assert.That(served, Is.EqualTo(new[] { 0, 1 }));
        Assert.That(core.IsUplinkPoor, Is.False);
    }

    // It was asked before anything was known of anyone, and may take seconds for what others have, too, by now.
    [Test]
    public void What_comes_last_of_all_a_poor_uplink_asks_of_another()
    {
        const int chunks = 40;
        LinkId quick = new(1), taker = new(2), slow = new(5);
        var track = SwarmSimulator.MakeManifest(chunks * 16_384, 16_384);
        var core = new SwarmCore(new SwarmSettings());
        core.WantTrack(track.Id, 0, 0);
        core.OpenTrack(track, new Bitfield(chunks), false, 0);
        for (var id = 1; id <= 5; id++)
        {
            core.LinkUp(new LinkId(id), $"p{id}", false, 0);
            core.Receive(new LinkId(id), new TrackFrame(7, track.Id, TrackFlags.HasManifest), 0);
        }

        core.Receive(slow, new HaveFrame(7, [1, 2]), 0);
        Assert.That(core.TakeEffects().OfType<SendFrame>().Where(s => s.Link == slow && s.Frame is RequestFrame), Has.Exactly(2).Items);
        core.Receive(quick, new HaveFrame(7, [.. Enumerable.Range(0, chunks)]), 0);
        var isPoor = false;
        for (var nowUs = 20_000L; nowUs < 2_000_000; nowUs += 20_000)
        {
            core.Timer(nowUs);
            foreach (var effect in core.TakeEffects())
            {
                if (effect is SendFrame { Frame: RequestFrame ask } sent && sent.Link == quick)
                    core.ReceiveChunk(quick, 7, ask.Chunk, 16_384, true, nowUs += 5_000);
                else if (effect is StoreChunk stored && !isPoor)
                    core.Receive(taker, new RequestFrame(7, stored.Chunk, int.MaxValue), nowUs);
                else if (effect is SendChunk given)
                    core.ChunkSent(given.Link, 16_384, nowUs);
            }

            isPoor |= core.IsUplinkPoor;
        }

        Assert.That(isPoor, "or this says nothing");
        Assert.That(core.Tracks[track.Id].IsComplete);
    }

    private static void Send(SwarmCore core, Manifest track, int chunk, long askedUs, long arrivedUs)
    {
        core.Receive(new LinkId(1), new RequestFrame(7, chunk, int.MaxValue), askedUs);
        Assert.That(core.TakeEffects().OfType<SendChunk>().Select(s => s.Chunk), Is.EqualTo(new[] { chunk }));
        core.ChunkSent(new LinkId(1), track.SizeOf(chunk), askedUs + 1);
        Assert.That(core.ChunkArrived(new LinkId(1), track.Id, chunk, arrivedUs), Is.True);
    }

    private static (Manifest Track, SwarmCore Core) Giver(long length)
    {
        var track = SwarmSimulator.MakeManifest(length, 16_384);
        var core = new SwarmCore(new SwarmSettings());
        core.WantTrack(track.Id, 0, 0);
        core.OpenTrack(track, Bitfield.Full(track.ChunkCount), false, 0);
        core.LinkUp(new LinkId(1), "one", false, 0);
        core.Receive(new LinkId(1), new TrackFrame(7, track.Id, TrackFlags.HasManifest), 0);
        return (track, core);
    }

    private static SwarmCore Host(int viewers = Viewers, Manifest? of = null)
    {
        var track = of ?? Track;
        var core = new SwarmCore(new SwarmSettings());
        core.WantTrack(track.Id, 0, 0);
        core.OpenTrack(track, Bitfield.Full(track.ChunkCount), striped: true, 0);
        for (var i = 1; i <= viewers; i++)
        {
            core.LinkUp(new LinkId(i), $"v{i}", false, 0);
            core.Receive(new LinkId(i), new TrackFrame(7, track.Id, TrackFlags.HasManifest), 1_000);
        }

        return core;
    }

    private static List<(LinkId Link, int Chunk)> Offers(SwarmCore core) =>
    [
        .. core.TakeEffects().OfType<SendFrame>().Where(s => s.Frame is OfferFrame)
            .SelectMany(s => ((OfferFrame)s.Frame).Chunks.Select(c => (s.Link, c))),
    ];
}
