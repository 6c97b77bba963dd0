using Jam.Peer.Swarm;
using Jam.Peer.Wire;
using Jam.Tests.Simulation;
using NUnit.Framework;

namespace Jam.Tests.Swarm;

/// <summary>What several events at once lead to is decided once, and soon, however many more come.</summary>
internal sealed class DecideOnceTests
{
    private const int Chunks = 40;
    private static readonly Manifest Track = SwarmSimulator.MakeManifest(Chunks * 16_384, 16_384);
    private static readonly LinkId Giver = new(1);

    [Test]
    public void News_with_more_behind_it_is_decided_on_with_the_last_of_it()
    {
        var core = Viewer();
        core.Receive(Giver, new HaveFrame(7, [0]), 1_000, isMoreComing: true);
        core.Receive(Giver, new HaveFrame(7, [1]), 1_000, isMoreComing: true);
        Assert.That(Requests(core), Is.Empty);
        Assert.That(core.DueUs(1_000), Is.EqualTo(1_000), "it must not wait where nothing more comes after all");
        core.Receive(Giver, new HaveFrame(7, [2]), 1_000);
        Assert.That(Requests(core), Is.EqualTo(new[] { 0, 1 }));
    }

    [Test]
    public void What_was_put_off_is_decided_by_the_timer_where_nothing_more_comes()
    {
        var core = Viewer();
        core.Receive(Giver, new HaveFrame(7, [0]), 1_000, isMoreComing: true);
        core.Timer(1_000);
        Assert.That(Requests(core), Is.EqualTo(new[] { 0 }));
    }

    [Test]
    public void However_many_come_a_decision_is_soon()
    {
        var core = Viewer();
        var events = 0;
        while (Requests(core).Count == 0)
        {
            Assert.That(events, Is.LessThan(8));
            core.Receive(Giver, new HaveFrame(7, [events++]), 1_000, isMoreComing: true);
        }
    }

    [Test]
    public void A_chunk_is_stored_at_once_though_what_to_ask_for_next_is_decided_later()
    {
        var core = Viewer();
        core.Receive(Giver, new HaveFrame(7, [.. Enumerable.Range(0, Chunks)]), 1_000);
        var asked = Requests(core);
        Assert.That(core.ReceiveChunk(Giver, 7, asked[0], 16_384, isGood: true, 2_000, isMoreComing: true), Is.True);
        var effects = core.TakeEffects();
        Assert.That(effects.OfType<StoreChunk>().Select(s => s.Chunk), Is.EqualTo(new[] { asked[0] }));
        Assert.That(effects.OfType<SendFrame>().Select(s => s.Frame).OfType<RequestFrame>(), Is.Empty);
        core.ReceiveChunk(Giver, 7, asked[1], 16_384, isGood: true, 2_000);
        Assert.That(Requests(core), Is.Not.Empty);
    }

    [Test]
    public void A_liar_is_cut_off_whatever_else_is_here()
    {
        var core = Viewer();
        core.ReceiveChunk(Giver, 7, 0, 16_384, isGood: true, 2_000, isMoreComing: true);
        Assert.That(core.TakeEffects().OfType<DropLink>(), Is.Not.Empty);
        Assert.That(core.Links, Is.Empty);
    }

    private static SwarmCore Viewer()
    {
        var core = new SwarmCore(new SwarmSettings());
        core.WantTrack(Track.Id, 0, 0);
        core.OpenTrack(Track, new Bitfield(Track.ChunkCount), striped: false, 0);
        core.LinkUp(Giver, "giver", isHost: false, 0);
        core.Receive(Giver, new TrackFrame(7, Track.Id, TrackFlags.HasManifest), 0);
        core.TakeEffects();
        return core;
    }

    private static List<int> Requests(SwarmCore core) =>
        [.. core.TakeEffects().OfType<SendFrame>().Select(s => s.Frame).OfType<RequestFrame>().Select(r => r.Chunk)];
}
