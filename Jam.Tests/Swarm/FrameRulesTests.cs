using Jam.Peer.Swarm;
using Jam.Peer.Wire;
using Jam.Tests.Simulation;
using NUnit.Framework;

namespace Jam.Tests.Swarm;

/// <summary>What each frame of another peer is taken for, and what a breach of the protocol costs it.</summary>
internal sealed class FrameRulesTests
{
    private const int ChunkSize = 16_384;
    private static readonly LinkId Them = new(1);
    private static readonly LinkId Others = new(2);
    private static readonly Manifest Track = SwarmSimulator.MakeManifest(10 * ChunkSize, ChunkSize);
    private static readonly Manifest Another = SwarmSimulator.MakeManifest(3 * ChunkSize, ChunkSize, seed: 2);

    /// <summary>A viewer that has the first half of the track, and a peer that has announced it as slot 7.</summary>
    private static SwarmCore Core(bool knowsManifest = true)
    {
        var core = new SwarmCore(new SwarmSettings());
        core.WantTrack(Track.Id, 0, 0);
        if (knowsManifest)
            core.OpenTrack(Track, Half(), striped: false, 0);
        core.LinkUp(Them, "them", isHost: false, 0);
        core.Receive(Them, new TrackFrame(7, Track.Id, TrackFlags.HasManifest), 0);
        core.TakeEffects();
        return core;
    }

    private static Bitfield Half()
    {
        var have = new Bitfield(10);
        for (var chunk = 0; chunk < 5; chunk++)
            have.Set(chunk);
        return have;
    }

    private static IEnumerable<TestCaseData> Breaches()
    {
        yield return Case(new TrackFrame(FrameCaps.MaxSlots, Another.Id, TrackFlags.None), "a slot beyond the last");
        yield return Case(new TrackFrame(8, Track.Id, TrackFlags.None), "a track in two slots");
        yield return Case(new HaveFrame(8, [0]), "a slot that was not announced");
        yield return Case(new HaveFrame(7, [0, 10]), "HAVE beyond the end");
        yield return Case(new SoonFrame(7, [10]), "SOON beyond the end");
        yield return Case(new OfferFrame(7, [10]), "OFFER beyond the end");
        yield return Case(new RequestFrame(7, 10, 0), "REQUEST beyond the end");
        yield return Case(new BitfieldFrame(7, [0xFF]), "a bitfield that is too short");
        yield return Case(new BitfieldFrame(7, [0xFF, 0xC0, 0]), "a bitfield that is too long");
        yield return Case(new BitfieldFrame(7, [0xFF, 0xE0]), "a bitfield with a bit beyond the end");
        yield return Case(new WantManifestFrame(8), "WANT_MANIFEST of an unknown slot");
        yield return Case(new HelloFrame(1, 0, "them", "jam", 1, new byte[32], new byte[32]), "HELLO again");
        yield return Case(new AuthFrame(new byte[32]), "AUTH again");
        yield return Case(new WhereFrame(), "WHERE after the handshake");
        yield return Case(new PexFrame([]), "PEX, which version 1 does not use");
        yield return Case(new RendezvousFrame(1, Guid.Empty, 0, []), "RENDEZVOUS, which is not the swarm's");

        static TestCaseData Case(Frame frame, string name) => new TestCaseData(frame).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Breaches))]
    public void A_breach_cuts_its_sender_off_and_does_not_ban_it(Frame frame)
    {
        var core = Core();
        core.Receive(Them, frame, 1);
        var drop = core.TakeEffects().OfType<DropLink>().Single();
        Assert.That((drop.Link, drop.Ban), Is.EqualTo((Them, false)));
        Assert.That(drop.Why, Is.Not.Empty);
    }

    private static IEnumerable<TestCaseData> Harmless()
    {
        yield return Case(new TrackFrame(7, Track.Id, TrackFlags.None), "TRACK again");
        yield return Case(new TrackFrame(255, Another.Id, TrackFlags.None), "a track that is not wanted here");
        yield return Case(new HaveFrame(7, [0, 0, 9, 9]), "HAVE of what both have, and twice");
        yield return Case(new BitfieldFrame(7, [0xFF, 0xC0]), "a bitfield of everything");
        yield return Case(new BitfieldFrame(7, [0, 0]), "a bitfield of nothing");
        yield return Case(new CancelFrame(7, 131_071), "CANCEL of what was never asked for");
        yield return Case(new RejectFrame(7, 131_071), "REJECT of what was never asked for");
        yield return Case(new RequestFrame(7, 9, int.MinValue), "REQUEST of what is not here, long ago");
        yield return Case(new OfferFrame(7, []), "OFFER of anything");
        yield return Case(new OfferFrame(7, [0]), "OFFER of what is here");
        yield return Case(new SoonFrame(7, [0, 9]), "SOON");
        yield return Case(new WantManifestFrame(7), "WANT_MANIFEST");
        yield return Case(new ManifestFrame(7, [1, 2, 3]), "a manifest that came too late");

        static TestCaseData Case(Frame frame, string name) => new TestCaseData(frame).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Harmless))]
    public void What_is_of_no_use_does_no_harm(Frame frame)
    {
        var core = Core();
        core.Receive(Them, frame, 1);
        core.Receive(Them, frame, 2);
        Assert.That(core.TakeEffects().OfType<DropLink>(), Is.Empty);
    }

    [Test]
    public void Frames_that_were_on_their_way_when_a_peer_was_cut_off_have_no_effect()
    {
        var core = Core();
        core.Receive(Them, new HaveFrame(7, [10]), 1);
        core.TakeEffects();
        core.Receive(Them, new HaveFrame(7, [10]), 2);
        core.Receive(Them, new HaveFrame(7, [9]), 2);
        core.ReceiveChunk(Them, 7, 9, ChunkSize, isGood: false, 3);
        Assert.That(core.TakeEffects(), Is.Empty, "once is enough, and it is asked for nothing");
        core.LinkDown(Them, 4);
        core.LinkUp(Them, "them", false, 5);
        Assert.That(core.TakeEffects().OfType<SendFrame>(), Is.Not.Empty, "the next connection begins anew");
    }

    [Test]
    public void A_chunk_that_was_asked_for_is_stored_and_told()
    {
        var core = Core();
        core.LinkUp(Others, "others", false, 1);
        core.Receive(Others, new TrackFrame(0, Track.Id, TrackFlags.None), 1);
        core.Receive(Them, new HaveFrame(7, [9]), 2);
        Assert.That(core.TakeEffects().OfType<SendFrame>().Select(s => s.Frame).OfType<RequestFrame>().Single().Chunk, Is.EqualTo(9));
        core.ReceiveChunk(Them, 7, 9, ChunkSize, isGood: true, 3);
        // HAVE may wait a moment for something that goes the same way.
        core.Timer(1_000_000);
        var effects = core.TakeEffects();
        Assert.That(effects.OfType<StoreChunk>().Single(), Is.EqualTo(new StoreChunk(Track.Id, 9)));
        // HAVE waits a moment for something that goes the same way: ten milliseconds at most for whoever can use it.
        core.Timer(3 + 10_000);
        effects.AddRange(core.TakeEffects());
        Assert.That(effects.OfType<SendFrame>().Where(s => s.Frame is HaveFrame).Select(s => s.Link), Does.Contain(Others));
        core.Timer(3 + 250_000);
        effects.AddRange(core.TakeEffects());
        Assert.That(effects.OfType<SendFrame>().Where(s => s.Frame is HaveFrame).Select(s => s.Link), Is.EquivalentTo(new[] { Them, Others }));
    }

    [TestCase(true)]
    [TestCase(false)]
    public void A_chunk_that_nobody_asked_for_cuts_its_sender_off_right_or_wrong(bool isGood)
    {
        var core = Core();
        Assert.That(core.ReceiveChunk(Them, 7, 9, ChunkSize, isGood, 1), Is.False);
        var effects = core.TakeEffects();
        Assert.That(effects.OfType<StoreChunk>(), Is.Empty);
        Assert.That(effects.OfType<DropLink>().Single().Ban, Is.False);
    }

    [Test]
    public void A_wrong_chunk_bans_its_sender_and_is_asked_of_another_at_once()
    {
        var core = Core();
        core.Receive(Them, new HaveFrame(7, [9]), 1);
        core.LinkUp(Others, "others", false, 2);
        core.Receive(Others, new TrackFrame(0, Track.Id, TrackFlags.None), 2);
        core.Receive(Others, new HaveFrame(0, [9]), 2);
        core.TakeEffects();
        core.ReceiveChunk(Them, 7, 9, ChunkSize, isGood: false, 3);
        var effects = core.TakeEffects();
        Assert.That(effects.OfType<StoreChunk>(), Is.Empty);
        Assert.That(effects.OfType<DropLink>().Single(), Is.EqualTo(new DropLink(Them, "chunk 9 is not what its hash says", Ban: true)));
        Assert.That(effects.OfType<SendFrame>().Single(s => s.Frame is RequestFrame).Link, Is.EqualTo(Others));
    }

    [Test]
    public void A_chunk_that_was_cancelled_is_welcome_and_banned_for_where_it_is_wrong([Values] bool isGood)
    {
        var core = Core();
        core.Receive(Them, new HaveFrame(7, [9]), 1);
        core.LinkUp(Others, "others", false, 2);
        core.Receive(Others, new TrackFrame(0, Track.Id, TrackFlags.None), 2);
        core.Receive(Others, new HaveFrame(0, [9]), 2);
        // Late, so asked of the others, who deliver first.
        core.Timer(5_000_000);
        core.ReceiveChunk(Others, 0, 9, ChunkSize, isGood: true, 5_100_000);
        Assert.That(core.TakeEffects().OfType<SendFrame>().Where(s => s.Link == Them).Select(s => s.Frame), Has.Some.EqualTo(new CancelFrame(0, 9)));
        core.ReceiveChunk(Them, 7, 9, ChunkSize, isGood, 5_200_000);
        var drops = core.TakeEffects().OfType<DropLink>().ToArray();
        Assert.That(drops.Select(d => d.Ban), isGood ? Is.Empty : Is.EqualTo(new[] { true }));
    }

    [Test]
    public void A_manifest_that_is_not_the_track_s_bans_its_sender_and_one_that_nobody_asked_for_cuts_it_off()
    {
        var core = Core(knowsManifest: false);
        core.Receive(Them, new ManifestFrame(7, Another.Encoded), 1);
        Assert.That(core.TakeEffects().OfType<DropLink>().Single().Ban, Is.True);

        core = Core(knowsManifest: false);
        core.LinkUp(Others, "others", false, 2);
        core.Receive(Others, new TrackFrame(0, Track.Id, TrackFlags.HasManifest), 2);
        core.Receive(Others, new ManifestFrame(0, Track.Encoded), 3);
        Assert.That(core.TakeEffects().OfType<DropLink>().Single(), Is.EqualTo(new DropLink(Others, "a manifest that was not asked for", false)));
    }

    [Test]
    public void A_manifest_that_comes_late_is_as_good_as_one_in_time([Values] bool isFirst)
    {
        var core = Core(knowsManifest: false);
        core.LinkUp(Others, "others", false, 2);
        core.Receive(Others, new TrackFrame(0, Track.Id, TrackFlags.HasManifest), 2);
        // They let it lapse, so the others are asked too.
        core.Timer(3_000_001);
        Assert.That(core.TakeEffects().OfType<SendFrame>().Single(s => s.Frame is WantManifestFrame).Link, Is.EqualTo(Others));
        if (!isFirst)
            core.Receive(Others, new ManifestFrame(0, Track.Encoded), 3_000_002);
        core.Receive(Them, new ManifestFrame(7, Track.Encoded), 3_000_003);
        if (isFirst)
            core.Receive(Others, new ManifestFrame(0, Track.Encoded), 3_000_004);
        core.OpenTrack(Track, Half(), false, 3_000_005);
        core.Receive(Them, new ManifestFrame(7, Track.Encoded), 3_000_006);
        var effects = core.TakeEffects();
        Assert.That(effects.OfType<DropLink>(), Is.Empty);
        Assert.That(effects.OfType<ManifestArrived>().Count(), Is.EqualTo(1), "opened once");
    }

    [Test]
    public void What_was_said_before_the_manifest_was_known_counts_once_it_is()
    {
        var core = Core(knowsManifest: false);
        core.Receive(Them, new BitfieldFrame(7, [0x00, 0x40]), 1);
        core.Receive(Them, new HaveFrame(7, [6]), 1);
        core.TakeEffects();
        core.Receive(Them, new ManifestFrame(7, Track.Encoded), 2);
        Assert.That(core.TakeEffects().OfType<ManifestArrived>().Single().Manifest.Id, Is.EqualTo(Track.Id));
        core.OpenTrack(Track, new Bitfield(10), false, 3);
        var asked = core.TakeEffects().OfType<SendFrame>().Select(s => s.Frame).OfType<RequestFrame>().Select(r => r.Chunk);
        Assert.That(asked, Is.EquivalentTo(new[] { 6, 9 }));
    }

    [Test]
    public void What_was_said_too_much_before_the_manifest_was_known_cuts_its_sender_off_once_it_is()
    {
        var core = Core(knowsManifest: false);
        core.Receive(Them, new HaveFrame(7, [10]), 1);
        core.OpenTrack(Track, new Bitfield(10), false, 3);
        Assert.That(core.TakeEffects().OfType<DropLink>().Single().Ban, Is.False);
    }

    [Test]
    public void A_request_is_answered_or_rejected_and_asked_again_only_counts_anew()
    {
        var core = Core();
        core.Receive(Them, new RequestFrame(7, 0, 100), 1);
        core.Receive(Them, new RequestFrame(7, 0, 50), 1);
        core.Receive(Them, new RequestFrame(7, 9, 100), 1);
        var effects = core.TakeEffects();
        Assert.That(effects.OfType<SendChunk>().Count(c => c.Chunk == 0), Is.InRange(1, 2), "the second may come when the first has gone out");
        Assert.That(effects.OfType<SendFrame>().Select(s => s.Frame), Has.Exactly(1).EqualTo(new RejectFrame(0, 9)));
    }

    [Test]
    public void A_flood_of_requests_is_rejected_beyond_what_may_wait()
    {
        var settings = new SwarmSettings { UpBytesPerSecond = 1, MaxQueuedRequests = 3 };
        var core = new SwarmCore(settings);
        core.WantTrack(Track.Id, 0, 0);
        core.OpenTrack(Track, Bitfield.Full(10), striped: false, 0);
        core.LinkUp(Them, "them", false, 0);
        core.Receive(Them, new TrackFrame(7, Track.Id, TrackFlags.None), 0);
        for (var chunk = 0; chunk < 10; chunk++)
            core.Receive(Them, new RequestFrame(7, chunk, 0), 1);
        var effects = core.TakeEffects();
        Assert.That(effects.OfType<SendFrame>().Count(s => s.Frame is RejectFrame), Is.EqualTo(7));
    }

    [Test]
    public void No_chunk_is_lost_to_a_viewer_whose_announcement_is_on_its_way_while_it_is_gained()
    {
        // Each holds what the other lacks and gains the rest from others while the announcements cross.
        var core = new SwarmCore(new SwarmSettings());
        core.WantTrack(Track.Id, 0, 0);
        core.OpenTrack(Track, Half(), striped: false, 0);
        core.LinkUp(Others, "others", false, 0);
        core.Receive(Others, new TrackFrame(0, Track.Id, TrackFlags.None), 0);
        core.Receive(Others, new HaveFrame(0, [9]), 0);
        core.LinkUp(Them, "them", false, 1);
        core.ReceiveChunk(Others, 0, 9, ChunkSize, isGood: true, 2);
        core.Receive(Them, new TrackFrame(7, Track.Id, TrackFlags.None), 3);
        core.Timer(1_000_000);
        var told = new HashSet<int>();
        foreach (var frame in core.TakeEffects().OfType<SendFrame>().Where(s => s.Link == Them).Select(s => s.Frame))
        {
            if (frame is BitfieldFrame bits)
                told.UnionWith(Enumerable.Range(0, 10).Where(chunk => Bitfield.TryParse(bits.Bits, 10)![chunk]));
            if (frame is HaveFrame have)
                told.UnionWith(have.Chunks);
        }

        Assert.That(told, Is.EquivalentTo(new[] { 0, 1, 2, 3, 4, 9 }));
    }
}
