using Jam.Peer.Swarm;
using Jam.Peer.Wire;
using Jam.Tests.Simulation;
using NUnit.Framework;

namespace Jam.Tests.Swarm;

/// <summary>What a striping host with a slow uplink sends when, and how fast.</summary>
internal sealed class CopyHoldTests
{
    private const int ChunkSize = 16_384;
    private const long ChunkUs = 328_000;
    private const double Music = 0.040;

    private static readonly Manifest Track = SwarmSimulator.MakeManifest(200 * ChunkSize, ChunkSize);

    private SwarmCore _core = null!;
    private long _nowUs;

    [SetUp]
    public void Begin()
    {
        (_core, _nowUs) = (new SwarmCore(new SwarmSettings()), 1_000);
        _core.WantTrack(Track.Id, 0, _nowUs);
        var all = new Bitfield(Track.ChunkCount);
        for (var chunk = 0; chunk < Track.ChunkCount; chunk++)
            all.Set(chunk);
        _core.OpenTrack(Track, all, true, _nowUs);
        for (var link = 1; link <= 4; link++)
        {
            _core.LinkUp(new LinkId(link), $"p{link}", false, _nowUs);
            _core.Receive(new LinkId(link), new TrackFrame(7, Track.Id, TrackFlags.None), _nowUs);
        }

        for (var link = 1; link <= 4; link++)
            _core.Receive(new LinkId(link), new WantManifestFrame(7), _nowUs);
    }

    [TestCase(300_000, 0)]
    [TestCase(5_000, 1)]
    public void What_plays_first_goes_first_where_the_uplink_seems_slow_though_another_is_asked_for_a_moment_earlier(long manifestUs, int first)
    {
        var offers = Offered(manifestUs);
        Ask(offers[1], 1, 409);
        _nowUs += 20_000;
        Ask(offers[0], 0, 0);
        Assert.That(Sent().First().Chunk, Is.EqualTo(first));
    }

    [Test]
    public void Who_does_not_ask_for_what_plays_first_keeps_nobody_waiting_for_long()
    {
        var offers = Offered(300_000);
        Ask(offers[1], 1, 409);
        Assert.That(Sent(), Is.Empty);
        var dueUs = _core.DueUs(_nowUs);
        Assert.That(dueUs - _nowUs, Is.LessThanOrEqualTo(150_000));
        _core.Timer(_nowUs = dueUs);
        Assert.That(Sent().Single().Chunk, Is.EqualTo(1));
    }

    // What is offered while a chunk goes out is heard of once that has left.
    [TestCase(true)]
    [TestCase(false)]
    public void What_plays_first_goes_first_over_an_uplink_that_is_known_for_slow_though_another_is_asked_for_a_moment_earlier(bool isOfferedBefore)
    {
        var first = Frames().First(f => f.Frame is ManifestFrame).Link;
        _nowUs += 300_000;
        Ask(first, 0, 0);
        Sent();
        var early = isOfferedBefore ? Offered() : [];
        Arrive(first, 0);
        var offers = isOfferedBefore ? early : Offered();
        Ask(offers[2], 2, 819);
        Assert.That(Sent(), Is.Empty, "for a moment");
        _nowUs += 20_000;
        Ask(offers[1], 1, 409);
        Assert.That(Sent().First().Chunk, Is.EqualTo(1));
    }

    [Test]
    public void Whoever_asks_for_nothing_that_plays_first_costs_a_slow_uplink_one_short_wait()
    {
        var offers = Offered(300_000);
        Ask(offers[0], 0, 0);
        Sent();
        Arrive(offers[0], 0);
        Ask(offers[2], 2, 819);
        Ask(offers[3], 3, 1_228);
        Assert.That(Sent(), Is.Empty);
        _core.Timer(_nowUs += 160_000);
        Assert.That(Sent().Single().Chunk, Is.EqualTo(2));
        Arrive(offers[2], 2);
        Assert.That(Sent().Single().Chunk, Is.EqualTo(3), "at once");
    }

    [Test]
    public void While_the_manifest_is_long_on_its_way_a_chunk_is_offered_behind_it()
    {
        var given = Frames().Single(f => f.Frame is ManifestFrame).Link;
        Assert.That(_core.DueUs(_nowUs) - _nowUs, Is.InRange(30_000, 100_000));
        _core.Timer(_nowUs = _core.DueUs(_nowUs));
        var offer = Frames().Single();
        Assert.That(offer.Link, Is.EqualTo(given), "nobody else would find the manifest before it");
        Assert.That(((OfferFrame)offer.Frame).Chunks, Is.EqualTo(new[] { 0 }));
    }

    [Test]
    public void What_is_stuck_on_one_link_goes_out_on_another_for_who_is_about_to_play_it()
    {
        var offers = Offered(300_000);
        AskAll(offers);
        Assert.That(Sent().Single(), Has.Property(nameof(SendChunk.Chunk)).Zero.And.Property(nameof(SendChunk.PaceUsPerByte)).Zero, "nothing is known of the uplink yet");
        Arrive(offers[0], 0);
        var stuck = Sent().First();
        Assert.That(stuck.Chunk, Is.EqualTo(1));
        Assert.That(stuck.PaceUsPerByte, Is.EqualTo(ChunkUs / (double)ChunkSize / 1.25).Within(1), "the system is not given all of it at once any more");
        var other = offers.First(o => o.Key > 1).Value;
        var sentUs = _nowUs;
        _core.ChunkSent(stuck.Link, ChunkSize, _nowUs);
        Ask(other, 1, 100);
        while (_nowUs < sentUs + 2_500_000)
        {
            _core.Timer(_nowUs += 10_000);
            foreach (var send in Sent())
            {
                if (send.Chunk == 1)
                {
                    // Not while it may be on its way, and well before a host of a fast uplink would give up on it.
                    Assert.That(_nowUs - sentUs, Is.InRange(2 * ChunkUs, 5 * ChunkUs));
                    return;
                }

                // What else is asked for comes as ever.
                Arrive(send.Link, send.Chunk);
            }
        }

        Assert.Fail("nobody else was given it");
    }

    [Test]
    public void The_next_chunk_waits_until_the_one_before_it_is_known_to_be_gone_and_has_all_of_the_pace()
    {
        var offers = Offered(300_000);
        AskAll(offers);
        Sent();
        Arrive(offers[0], 0);
        var first = Sent().Single();
        _core.ChunkSent(first.Link, ChunkSize, _nowUs);
        // What the room says takes its part of the uplink meanwhile: by the time that the chunk alone would take, it is not gone.
        for (var endUs = _nowUs + (ChunkUs * 5 / 4); _nowUs < endUs;)
        {
            _core.Timer(_nowUs += 5_000);
            Assert.That(Sent(), Is.Empty, "it would share the pace with the one that others wait for first");
        }

        _core.ChunkArrived(first.Link, Track.Id, first.Chunk, _nowUs);
        Assert.That(Sent().Single().PaceUsPerByte, Is.EqualTo(first.PaceUsPerByte).Within(0.5), "not half of it, for all of the chunk");
    }

    // Two at once take twice as long each, and what plays first may be asked for a moment later. Acknowledgements and words take their part of
    // the uplink, too: only music that plays is not to wait for the way there and back.
    [TestCase(true, 0.8)]
    [TestCase(false, 1.4)]
    public void A_link_that_seems_far_lets_no_second_chunk_out_before_the_first_has_left_or_while_all_wait_has_come(bool isRunning, double ofChunk)
    {
        _core.SetPlayhead(Track.Id, 0, Music, isRunning, _nowUs, _nowUs);
        var offers = Offered(300_000);
        for (var link = 1; link <= 4; link++)
            _core.SetRtt(new LinkId(link), link == offers[1].Value ? 360_000 : 15_000, _nowUs);
        AskAll(offers);
        Sent();
        Arrive(offers[0], 0);
        var first = Sent().ToList();
        Assert.That(first.Select(s => s.Chunk), Is.EqualTo(new[] { 1 }));
        _core.ChunkSent(first[0].Link, ChunkSize, _nowUs);
        SendsNothingFor((long)(ChunkUs * ofChunk));
    }

    [Test]
    public void Where_every_way_was_measured_while_all_joined_all_that_the_first_chunk_took_counts_until_another_has_come()
    {
        _core.SetPlayhead(Track.Id, 0, Music, isRunning: false, _nowUs, _nowUs);
        var offers = Offered(300_000);
        for (var link = 1; link <= 4; link++)
            _core.SetRtt(new LinkId(link), 300_000, _nowUs);
        AskAll(offers);
        Sent();
        Arrive(offers[0], 0);
        var second = Sent().Single();
        Assert.That(second.PaceUsPerByte, Is.EqualTo(ChunkUs / (double)ChunkSize / new SwarmSettings().PaceGain).Within(0.5));
        _core.ChunkSent(second.Link, ChunkSize, _nowUs);
        SendsNothingFor(ChunkUs * 4 / 5);
    }

    [Test]
    public void A_round_trip_that_was_measured_while_all_joined_does_not_make_a_slow_uplink_a_quick_one()
    {
        var offers = Offered(300_000);
        for (var link = 1; link <= 4; link++)
            _core.SetRtt(new LinkId(link), link == offers[0].Value ? 360_000 : 15_000, _nowUs);
        AskAll(offers);
        Sent();
        Arrive(offers[0], 0);
        Assert.That(Sent().Single().PaceUsPerByte, Is.EqualTo((ChunkUs - 15_000) / (double)ChunkSize / new SwarmSettings().PaceGain).Within(0.5));
    }

    /// <summary>What was offered to whom, after the first has had the manifest for so long.</summary>
    private Dictionary<int, LinkId> Offered(long manifestUs)
    {
        var early = Frames().ToList();
        var given = early.First(f => f.Frame is ManifestFrame).Link;
        _nowUs += manifestUs;
        _core.Receive(given, new TrackFrame(7, Track.Id, TrackFlags.HasManifest), _nowUs);
        return Offered(early);
    }

    // As all of them have the manifest.
    private Dictionary<int, LinkId> Offered(params IEnumerable<SendFrame> early)
    {
        for (var link = 1; link <= 4; link++)
            _core.Receive(new LinkId(link), new TrackFrame(7, Track.Id, TrackFlags.HasManifest), _nowUs);
        return early.Concat(Frames()).Where(f => f.Frame is OfferFrame { Chunks.Length: 1 }).ToDictionary(f => ((OfferFrame)f.Frame).Chunks[0], f => f.Link);
    }

    private void Ask(LinkId link, int chunk, int deadlineMs) => _core.Receive(link, new RequestFrame(7, chunk, deadlineMs), _nowUs);

    // By when each is played.
    private void AskAll(Dictionary<int, LinkId> offers)
    {
        foreach (var (chunk, link) in offers)
            Ask(link, chunk, (int)(chunk * ChunkSize / Music / 1_000));
    }

    private void SendsNothingFor(long us)
    {
        for (var atUs = _nowUs; atUs < _nowUs + us; atUs += 5_000)
        {
            _core.Timer(atUs);
            Assert.That(Sent(), Is.Empty);
        }
    }

    private void Arrive(LinkId link, int chunk)
    {
        _core.ChunkSent(link, ChunkSize, _nowUs);
        _nowUs += ChunkUs;
        _core.ChunkArrived(link, Track.Id, chunk, _nowUs);
        _core.Receive(link, new HaveFrame(7, [chunk]), _nowUs);
    }

    private IEnumerable<SendFrame> Frames() => All().OfType<SendFrame>();

    private IEnumerable<SendChunk> Sent() => All().OfType<SendChunk>();

    private List<Effect> All() => [.. _core.TakeEffects()];
}
