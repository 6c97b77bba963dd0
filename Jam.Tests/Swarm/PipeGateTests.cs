using Jam.Peer.Swarm;
using Jam.Peer.Wire;
using Jam.Tests.Simulation;
using NUnit.Framework;

namespace Jam.Tests.Swarm;

/// <summary>How much is handed to sockets: what the uplink carries, whoever it goes to.</summary>
internal sealed class PipeGateTests
{
    private const int Chunk = 16_384;
    private const int Quick = 6;
    private const long ChunkUs = 33_000;
    private const long SlowReceiverUs = 450_000;
    private const long SlowUplinkUs = 142_000;
    private static readonly LinkId Slow = new(Quick + 1);
    private static readonly Manifest Track = SwarmSimulator.MakeManifest(40 * Chunk, Chunk);

    private SwarmCore _core = null!;
    private long _nowUs;

    [SetUp]
    public void An_uplink_of_four_megabits_is_known_and_so_is_who_takes_long()
    {
        Join();
        for (var round = 0; round < 3; round++)
        {
            for (var id = 1; id <= Quick; id++)
                Serve(new LinkId(id), round, ChunkUs);
            Serve(Slow, round, ChunkUs);
        }

        // What a link adds to the way is smoothed over eight.
        for (var chunk = 3; chunk < 19; chunk++)
            Serve(Slow, chunk, SlowReceiverUs);

        Assert.That(_core.UplinkUsPerByte * Chunk, Is.EqualTo(ChunkUs).Within(ChunkUs / 10));
    }

    [Test]
    public void A_chunk_on_its_way_to_a_slow_receiver_lets_no_more_out_to_the_others()
    {
        var alone = Ask(Enumerable.Range(1, Quick));
        Assert.That(alone, Is.InRange(1, 3));
        An_uplink_of_four_megabits_is_known_and_so_is_who_takes_long();
        _core.Receive(Slow, new RequestFrame(7, 20, int.MaxValue), _nowUs);
        Assert.That(Sent(), Has.Count.EqualTo(1));
        Assert.That(Ask(Enumerable.Range(1, Quick)), Is.LessThanOrEqualTo(alone));
    }

    [Test]
    public void A_slow_uplink_has_two_on_their_way_though_each_receiver_was_only_ever_seen_to_take_long()
    {
        Join();
        Serve(Slow, 0, SlowUplinkUs);
        // Each got its first beside those of others.
        for (var id = 1; id <= Quick; id++)
            Serve(new LinkId(id), 0, 4 * SlowUplinkUs);

        Assert.That(_core.UplinkUsPerByte * Chunk, Is.EqualTo(SlowUplinkUs).Within(SlowUplinkUs / 10));
        var sent = Ask(Enumerable.Range(1, Quick));
        for (var waitedUs = 0L; waitedUs < 1_500_000; waitedUs += SlowUplinkUs)
        {
            _core.Timer(_nowUs += SlowUplinkUs);
            sent += Sent().Count;
        }

        Assert.That(sent, Is.InRange(1, 2), "none of them has arrived");
    }

    private void Join()
    {
        (_core, _nowUs) = (new SwarmCore(new SwarmSettings()), 0);
        _core.WantTrack(Track.Id, 0, 0);
        _core.OpenTrack(Track, Bitfield.Full(Track.ChunkCount), false, 0);
        for (var id = 1; id <= Quick + 1; id++)
        {
            _core.LinkUp(new LinkId(id), $"v{id}", false, 0);
            _core.SetRtt(new LinkId(id), 300, _nowUs);
            _core.Receive(new LinkId(id), new TrackFrame(7, Track.Id, TrackFlags.HasManifest), 0);
        }
    }

    private int Ask(IEnumerable<int> links)
    {
        foreach (var id in links)
            _core.Receive(new LinkId(id), new RequestFrame(7, 20 + id, int.MaxValue), _nowUs);
        return Sent().Count;
    }

    private void Serve(LinkId link, int chunk, long tookUs)
    {
        _core.Receive(link, new RequestFrame(7, chunk, int.MaxValue), _nowUs);
        Assert.That(Sent(), Has.Count.EqualTo(1));
        _core.ChunkSent(link, Chunk, _nowUs);
        _core.ChunkArrived(link, Track.Id, chunk, _nowUs += tookUs);
        _core.Receive(link, new HaveFrame(7, [chunk]), _nowUs);
    }

    private List<SendChunk> Sent() => [.. _core.TakeEffects().OfType<SendChunk>()];
}
