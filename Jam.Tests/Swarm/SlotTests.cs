using Jam.Peer.Swarm;
using Jam.Peer.Wire;
using Jam.Tests.Simulation;
using NUnit.Framework;

namespace Jam.Tests.Swarm;

/// <summary>Numbers of tracks that are given away again, and what a peer that announces too much can take here.</summary>
internal sealed class SlotTests
{
    private const int ChunkSize = 16_384;
    private static readonly LinkId Them = new(1);

    private static Manifest Track(int seed, int chunks = 10) => SwarmSimulator.MakeManifest(chunks * ChunkSize, ChunkSize, seed);

    private static SwarmCore Core(Manifest track, bool knowsManifest = true)
    {
        var core = new SwarmCore(new SwarmSettings());
        core.WantTrack(track.Id, 0, 0);
        if (knowsManifest)
            core.OpenTrack(track, new Bitfield(track.ChunkCount), false, 0);
        core.LinkUp(Them, "them", isHost: true, 0);
        core.Receive(Them, new TrackFrame(7, track.Id, TrackFlags.HasManifest), 0);
        core.TakeEffects();
        return core;
    }

    private static List<Frame> Sent(SwarmCore core) => [.. core.TakeEffects().OfType<SendFrame>().Select(s => s.Frame)];

    [Test]
    public void More_tracks_than_slots_pass_one_after_the_other()
    {
        var sim = new SwarmSimulator(1_000);
        var host = sim.Add("host", 1e8, isHost: true);
        var viewers = Enumerable.Range(0, 2).Select(i => sim.Add($"v{i}", 1e8)).ToList();
        sim.ConnectAll();
        for (var i = 0; i < FrameCaps.MaxSlots + 44; i++)
        {
            var track = Track(i + 1, chunks: 2);
            foreach (var viewer in viewers)
            {
                viewer.CompletedAtUs = null;
                viewer.GainedAtUs.Clear();
                sim.Want(viewer, track);
            }

            sim.Seed(host, track);
            sim.Run(sim.NowUs + 1_000_000);
            Assert.That(viewers.Select(v => v.CompletedAtUs), Has.All.Not.Null, $"track {i}");
        }

        Assert.That(sim.Peers.SelectMany(p => p.Drops), Is.Empty);
        Assert.That(host.Core.Tracks, Has.Count.EqualTo(FrameCaps.MaxSlots));
        Assert.That(viewers[0].Core.Links.Values.Select(l => l.Unwanted.Count + l.Tracks.Count), Has.All.LessThanOrEqualTo(2 * FrameCaps.MaxSlots));
    }

    [Test]
    public void A_track_that_plays_and_one_that_is_being_sent_keep_their_slots()
    {
        var (playing, sending) = (Track(1), Track(2));
        var core = Core(playing);
        core.SetPlayhead(playing.Id, 0, 0.04, true, 0, 1);
        core.WantTrack(sending.Id, 0, 1);
        core.OpenTrack(sending, Bitfield.Full(10), false, 1);
        core.Receive(Them, new TrackFrame(8, sending.Id, TrackFlags.None), 2);
        core.Receive(Them, new RequestFrame(8, 3, 0), 2);
        Assert.That(core.TakeEffects().OfType<SendChunk>().Single().Slot, Is.EqualTo(1));
        for (var i = 2; i < FrameCaps.MaxSlots; i++)
            core.WantTrack(Track(i + 1).Id, 0, 3);
        Assert.That(core.Tracks, Has.Count.EqualTo(FrameCaps.MaxSlots));
        core.TakeEffects();
        core.WantTrack(Track(1000).Id, 0, 4);
        Assert.That(core.Tracks.Keys, Has.Member(playing.Id).And.Member(sending.Id).And.Member(Track(1000).Id).And.No.Member(Track(3).Id));
        Assert.That(Sent(core), Has.Member(new TrackFrame(2, Track(1000).Id, TrackFlags.None)));
        core.ChunkSent(Them, ChunkSize, 5);
        core.WantTrack(Track(1001).Id, 0, 6);
        Assert.That(core.Tracks.Keys, Has.Member(playing.Id).And.No.Member(sending.Id));
    }

    [Test]
    public void What_was_asked_for_of_a_track_that_is_let_go_is_cancelled_first_and_may_come_late([Values] bool isGood)
    {
        var track = Track(1);
        var core = Core(track);
        core.Receive(Them, new HaveFrame(7, [4]), 1);
        Assert.That(Sent(core).OfType<RequestFrame>().Single().Chunk, Is.EqualTo(4));
        for (var i = 1; i <= FrameCaps.MaxSlots; i++)
            core.WantTrack(Track(i + 1).Id, 0, 2);
        var sent = Sent(core);
        var cancelled = sent.IndexOf(new CancelFrame(0, 4));
        Assert.That(cancelled, Is.GreaterThanOrEqualTo(0).And.LessThan(sent.FindLastIndex(f => f is TrackFrame { Slot: 0 })));
        // Of what crossed that TRACK nothing is held against them.
        core.ReceiveChunk(Them, 7, 4, ChunkSize, isGood, 3);
        core.Receive(Them, new RequestFrame(7, 4, 0), 3);
        core.Receive(Them, new OfferFrame(7, [5]), 3);
        var effects = core.TakeEffects();
        Assert.That(effects.OfType<DropLink>().Cast<Effect>().Concat(effects.OfType<StoreChunk>()), Is.Empty);
        // Wanted again, what they said still counts.
        core.WantTrack(track.Id, 0, 4);
        core.OpenTrack(track, new Bitfield(10), false, 4);
        Assert.That(Sent(core).OfType<RequestFrame>().Single().Chunk, Is.EqualTo(4));
    }

    [Test]
    public void A_peer_that_gives_a_slot_anew_is_asked_for_nothing_of_the_track_before()
    {
        var (track, next) = (Track(1), Track(2));
        var core = Core(track);
        core.WantTrack(next.Id, 0, 1);
        core.OpenTrack(next, new Bitfield(10), false, 1);
        core.Receive(Them, new HaveFrame(7, [0, 1, 2, 3, 4, 5]), 1);
        Assert.That(core.Tracks[track.Id].InFlight.Count, Is.GreaterThan(0));
        core.TakeEffects();
        core.Receive(Them, new TrackFrame(7, next.Id, TrackFlags.None), 2);
        Assert.That(core.Tracks[track.Id].InFlight.Count, Is.Zero);
        Assert.That(core.Tracks[track.Id].Availability, Has.All.Zero);
        core.Receive(Them, new HaveFrame(7, [8]), 3);
        var requests = Sent(core).OfType<RequestFrame>().Select(r => (r.Slot, r.Chunk));
        Assert.That(requests, Is.EqualTo(new[] { ((ushort)1, 8) }));
        core.LinkDown(Them, 4);
        Assert.That(core.Tracks[next.Id].Availability, Has.All.Zero);
    }

    [Test]
    public void What_is_offered_and_promised_without_end_is_not_kept()
    {
        var track = Track(1, chunks: 5_000);
        var core = Core(track);
        for (var chunk = 0; chunk < 5_000; chunk += 1_000)
        {
            core.Receive(Them, new SoonFrame(7, [.. Enumerable.Range(chunk, 1_000)]), 1);
            core.Receive(Them, new OfferFrame(7, [.. Enumerable.Range(chunk, 1_000)]), 1);
        }

        var view = core.Links[Them].Tracks[track.Id];
        Assert.That(core.TakeEffects().OfType<DropLink>(), Is.Empty);
        Assert.That((view.Soon.Count, view.OfferedToUs.Count), Is.LessThanOrEqualTo((256, 256)));
        Assert.That(view.OfferedToUs, Is.Not.Empty);
    }

    [Test]
    public void Who_claims_too_much_of_unknown_tracks_is_cut_off([Values] bool wanted)
    {
        var core = new SwarmCore(new SwarmSettings());
        core.LinkUp(Them, "them", false, 0);
        var everything = new byte[Manifest.MaxChunks / 8];
        everything.AsSpan().Fill(0xFF);
        var before = GC.GetAllocatedBytesForCurrentThread();
        DropLink? drop = null;
        var frames = 0;
        for (; frames < FrameCaps.MaxSlots && drop is null; frames++)
        {
            var id = new TrackId(1, 2, 3, (ulong)frames);
            if (wanted)
                core.WantTrack(id, 0, 1);
            core.Receive(Them, new TrackFrame((ushort)frames, id, TrackFlags.None), 1);
            core.Receive(Them, new BitfieldFrame((ushort)frames, everything), 1);
            drop = core.TakeEffects().OfType<DropLink>().SingleOrDefault();
        }

        Assert.That((drop!.Ban, frames), Is.EqualTo((false, EarlyBudget.MaxBytes / everything.Length + 1)));
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(64 * 1024 * 1024));
    }

    [Test]
    public void Slots_that_are_given_anew_without_end_take_no_memory()
    {
        var core = new SwarmCore(new SwarmSettings());
        core.LinkUp(Them, "them", false, 0);
        for (var i = 0; i < 20_000; i++)
        {
            var slot = (ushort)(i % FrameCaps.MaxSlots);
            core.Receive(Them, new TrackFrame(slot, new TrackId(1, 2, 3, (ulong)i), TrackFlags.None), 1);
            core.Receive(Them, new HaveFrame(slot, [10_000]), 1);
            core.Receive(Them, new OfferFrame(slot, [.. Enumerable.Range(0, 1_000)]), 1);
        }

        Assert.That(core.TakeEffects(), Is.Empty);
        Assert.That((core.Links[Them].Unwanted.Count, core.Links[Them].RemoteSlots.Count, core.Links[Them].Tracks.Count),
            Is.EqualTo((FrameCaps.MaxSlots, FrameCaps.MaxSlots, 0)));
    }
}
