using Jam.Peer.Swarm;
using Jam.Peer.Wire;
using Jam.Tests.Simulation;
using NUnit.Framework;

namespace Jam.Tests.Swarm;

/// <summary>The first chunk says what an uplink carries, unless its receiver's own uplink keeps the word of it.</summary>
internal sealed class FirstChunkTests
{
    private const int Chunk = 16_384;
    private const int Links = 6;
    private static readonly Manifest Track = SwarmSimulator.MakeManifest(40 * Chunk, Chunk);

    private SwarmCore _core = null!;

    [SetUp]
    public void Somebody_asks_for_the_first()
    {
        _core = new SwarmCore(new SwarmSettings());
        _core.WantTrack(Track.Id, 0, 0);
        _core.OpenTrack(Track, Bitfield.Full(Track.ChunkCount), false, 0);
        for (var id = 1; id <= Links; id++)
        {
            _core.LinkUp(new LinkId(id), $"v{id}", false, 0);
            _core.SetRtt(new LinkId(id), 300, 0);
            _core.Receive(new LinkId(id), new TrackFrame(7, Track.Id, TrackFlags.HasManifest), 0);
        }

        _core.TakeEffects();
        _core.Receive(new LinkId(1), new RequestFrame(7, 0, int.MaxValue), 1_000);
        Assert.That(Sent(), Is.EqualTo(new[] { 0 }));
        _core.ChunkSent(new LinkId(1), Chunk, 2_000);
        _core.Receive(new LinkId(2), new RequestFrame(7, 1, int.MaxValue), 3_000);
        _core.Receive(new LinkId(3), new RequestFrame(7, 2, int.MaxValue), 3_000);
        _core.Receive(new LinkId(4), new RequestFrame(7, 3, int.MaxValue), 3_000);
        Assert.That(Sent(), Is.Empty, "one at a time until it is known");
    }

    [Test]
    public void Others_are_pinged_when_it_is_late_and_only_once()
    {
        var dueUs = _core.DueUs(3_000);
        Assert.That(dueUs, Is.InRange(20_000, 100_000));
        _core.Timer(dueUs);
        var pinged = Pinged();
        Assert.That(pinged, Has.Count.InRange(1, Links - 1).And.No.Member(new LinkId(1)));
        _core.Timer(dueUs + 50_000);
        Assert.That(Pinged(), Is.Empty);
    }

    [TestCase(2_000, 20_000, 25_000)]
    [TestCase(60_000, 50_000, 55_000)]
    public void They_are_pinged_as_soon_as_a_manifest_before_it_lets_it_be_late(long manifestUs, long fromUs, long toUs)
    {
        // One that is not given to everyone at once.
        var (track, first) = (SwarmSimulator.MakeManifest(100 * Chunk, Chunk), new LinkId(1));
        _core = new SwarmCore(new SwarmSettings());
        _core.WantTrack(track.Id, 0, 0);
        _core.OpenTrack(track, Bitfield.Full(track.ChunkCount), true, 0);
        for (var id = 1; id <= Links; id++)
            _core.LinkUp(new LinkId(id), $"v{id}", false, 0);
        _core.Receive(first, new TrackFrame(7, track.Id, TrackFlags.None), 0);
        _core.Receive(first, new WantManifestFrame(7), 0);
        _core.ManifestArrived(first, 0, manifestUs);
        _core.Receive(first, new TrackFrame(7, track.Id, TrackFlags.HasManifest), manifestUs);
        _core.Receive(first, new RequestFrame(7, 0, int.MaxValue), manifestUs);
        Assert.That(Sent(), Is.EqualTo(new[] { 0 }));
        _core.ChunkSent(first, Chunk, manifestUs);
        var nowUs = manifestUs;
        do
            _core.Timer(nowUs = _core.DueUs(nowUs));
        while (nowUs < manifestUs + 100_000 && Pinged().Count == 0);
        Assert.That(nowUs - manifestUs, Is.InRange(fromUs, toUs));
    }

    [Test]
    public void Where_pings_come_back_at_once_another_says_what_the_uplink_carries()
    {
        AnswerPings(5_000);
        var dueUs = _core.DueUs(70_000);
        Assert.That(dueUs, Is.LessThan(250_000));
        _core.Timer(dueUs);
        Assert.That(Sent(), Is.EqualTo(new[] { 1 }));
        Deliver(1, dueUs, 20_000);
        var usPerByte = _core.UplinkUsPerByte;
        Assert.That(usPerByte * Chunk, Is.EqualTo(20_000).Within(1_000));
        _core.ChunkArrived(new LinkId(1), Track.Id, 0, 700_000);
        Assert.That(_core.UplinkUsPerByte, Is.EqualTo(usPerByte));
    }

    [Test]
    public void Where_pings_wait_behind_it_the_uplink_is_as_slow_as_it_seems()
    {
        AnswerPings(640_000);
        _core.ChunkArrived(new LinkId(1), Track.Id, 0, 700_000);
        Assert.That(_core.UplinkUsPerByte * Chunk, Is.EqualTo(700_000).Within(5_000));
    }

    // A router that sends small packets first: their answers say nothing.
    [Test]
    public void When_all_are_late_the_third_is_believed()
    {
        AnswerPings(5_000);
        for (var (chunk, nowUs) = (1, 70_000L); chunk <= 2; chunk++)
        {
            nowUs = _core.DueUs(nowUs);
            _core.Timer(nowUs);
            Assert.That(Sent(), Is.EqualTo(new[] { chunk }));
            _core.ChunkSent(new LinkId(chunk + 1), Chunk, nowUs);
            _core.Timer(nowUs += 50_000);
            AnswerPings(5_000, nowUs);
            nowUs += 5_000;
        }

        _core.ChunkArrived(new LinkId(1), Track.Id, 0, 1_000_000);
        _core.ChunkArrived(new LinkId(2), Track.Id, 1, 1_500_000);
        Assert.That(_core.UplinkUsPerByte, Is.Zero);
        _core.ChunkArrived(new LinkId(3), Track.Id, 2, 2_000_000);
        Assert.That(_core.UplinkUsPerByte * Chunk, Is.GreaterThan(1_000_000));
    }

    private void AnswerPings(long rttUs, long atUs = 60_000)
    {
        _core.Timer(atUs);
        foreach (var link in Pinged())
            _core.SetRtt(link, rttUs, atUs + rttUs);
    }

    private void Deliver(int chunk, long sentUs, long tookUs)
    {
        _core.ChunkSent(new LinkId(chunk + 1), Chunk, sentUs);
        _core.ChunkArrived(new LinkId(chunk + 1), Track.Id, chunk, sentUs + tookUs);
    }

    private List<LinkId> Pinged() => [.. _core.TakeEffects().OfType<SendFrame>().Where(s => s.Frame is PingFrame).Select(s => s.Link)];

    private List<int> Sent() => [.. _core.TakeEffects().OfType<SendChunk>().Select(s => s.Chunk)];
}
