using Jam.Peer.Swarm;
using Jam.Peer.Wire;
using Jam.Tests.Simulation;
using NUnit.Framework;

namespace Jam.Tests.Swarm;

/// <summary>The scheduler in a virtual network: what the links allow is what the room gets.</summary>
internal sealed class SwarmCoreTests
{
    private const double Rate = 250_000;

    private static (SwarmSimulator Sim, SimPeer Host, List<SimPeer> Viewers, Manifest Track) Room(int viewers, long length, double hostRate = Rate)
    {
        var sim = new SwarmSimulator(delayUs: 1_000);
        var track = SwarmSimulator.MakeManifest(length, 16_384);
        var host = sim.Add("host", hostRate, isHost: true);
        var others = Enumerable.Range(1, viewers).Select(i => sim.Add($"v{i}", Rate)).ToList();
        sim.ConnectAll();
        foreach (var viewer in others)
            sim.Want(viewer, track);
        sim.Run(1_000_000);
        return (sim, host, others, track);
    }

    [TestCase(1, 0.93)]
    [TestCase(2, 0.93)]
    [TestCase(8, 0.93)]
    [TestCase(16, 0.92)]
    public void A_room_is_served_near_the_fluid_bound_with_about_one_copy_from_the_host(int viewers, double least)
    {
        const long length = 5_000_000;
        var (sim, host, others, track) = Room(viewers, length);
        sim.Seed(host, track);
        var start = sim.NowUs;
        sim.Run(start + 200_000_000);

        Assert.That(others.Select(v => v.CompletedAtUs), Has.All.Not.Null);
        var bound = Math.Max(length / Rate, viewers * length / ((viewers + 1) * Rate));
        var took = (others.Max(v => v.CompletedAtUs!.Value) - start) / 1e6;
        var copies = host.BytesUp / (double)length;
        TestContext.Out.WriteLine($"{viewers} viewers: {bound / took:P1} of the bound, {copies:F3} copies from the host");
        Assert.Multiple(() =>
        {
            Assert.That(bound / took, Is.GreaterThan(least));
            Assert.That(copies, Is.LessThan(1.1));
        });
    }

    [Test]
    public void Viewers_that_play_while_they_fetch_never_run_dry()
    {
        const long length = 3_000_000;
        const double bytesPerUs = 0.040; // 320 kbit/s
        var (sim, host, viewers, track) = Room(8, length, hostRate: 50_000);
        sim.Seed(host, track);
        var start = sim.NowUs + 2_000_000;
        foreach (var peer in viewers.Append(host))
            sim.Do(peer, core => core.SetPlayhead(track.Id, 0, bytesPerUs, true, start, sim.NowUs));
        sim.Run(start + 100_000_000);

        foreach (var viewer in viewers)
        {
            var late = Enumerable.Range(0, track.ChunkCount)
                .Select(c => (Chunk: c, LateUs: viewer.GainedAtUs[c] - (start + c * 16_384 / bytesPerUs)))
                .Where(c => c.LateUs > 0);
            Assert.That(late, Is.Empty, viewer.Name);
        }
    }

    [Test]
    public void Half_of_what_two_viewers_get_comes_from_each_other()
    {
        var (sim, host, viewers, track) = Room(2, 2_000_000);
        sim.Seed(host, track);
        sim.Run(sim.NowUs + 60_000_000);
        foreach (var viewer in viewers)
        {
            var fromHost = viewer.Core.Links.Values.Single(l => l.PeerId == "host").Tracks[track.Id].ChunksFrom;
            Assert.That(fromHost, Is.InRange(track.ChunkCount * 0.35, track.ChunkCount * 0.65));
        }
    }

    [Test]
    public void A_viewer_that_dies_costs_the_others_nothing_but_time()
    {
        var (sim, host, viewers, track) = Room(4, 3_000_000);
        sim.Seed(host, track);
        sim.At(sim.NowUs + 4_000_000, () => sim.Kill(viewers[0]));
        sim.At(sim.NowUs + 6_000_000, () => sim.Kill(viewers[1]));
        sim.Run(sim.NowUs + 100_000_000);
        Assert.That(viewers.Skip(2).Select(v => v.CompletedAtUs), Has.All.Not.Null);
    }

    [Test]
    public void Viewers_finish_among_themselves_when_the_host_is_lost_and_each_chunk_is_somewhere()
    {
        var (sim, host, viewers, track) = Room(4, 2_000_000);
        sim.Seed(host, track);
        // The stripe takes 8 s at this rate; then every chunk is with one viewer at least.
        sim.At(sim.NowUs + 8_400_000, () => sim.Kill(host));
        sim.Run(sim.NowUs + 100_000_000);
        Assert.That(viewers.Select(v => v.CompletedAtUs), Has.All.Not.Null);
    }

    [Test]
    public void A_late_joiner_gets_the_track_mostly_from_viewers()
    {
        var (sim, host, viewers, track) = Room(3, 2_000_000);
        sim.Seed(host, track);
        sim.Run(sim.NowUs + 60_000_000);
        var late = sim.Add("late", Rate);
        foreach (var peer in viewers.Append(host))
            sim.Connect(late, peer);
        sim.Want(late, track);
        var start = sim.NowUs;
        sim.Run(start + 60_000_000);
        Assert.That(late.CompletedAtUs, Is.Not.Null);
        Assert.That((late.CompletedAtUs!.Value - start) / 1e6, Is.LessThan(2_000_000 / (4 * Rate) * 1.5));
    }

    [Test]
    public void A_peer_that_lies_is_banned_and_its_chunks_are_asked_of_others()
    {
        var (sim, host, viewers, track) = Room(3, 1_000_000);
        viewers[0].Lies = true;
        sim.Seed(host, track);
        sim.Run(sim.NowUs + 100_000_000);
        Assert.Multiple(() =>
        {
            Assert.That(viewers.Skip(1).Select(v => v.CompletedAtUs), Has.All.Not.Null);
            Assert.That(viewers[1].Drops.Concat(viewers[2].Drops), Has.Some.Contains("not what its hash says"));
        });
    }

    [Test]
    public void A_viewer_that_nobody_but_the_host_can_reach_still_gets_everything()
    {
        var sim = new SwarmSimulator(1_000);
        var track = SwarmSimulator.MakeManifest(1_000_000, 16_384);
        var host = sim.Add("host", Rate, isHost: true);
        var one = sim.Add("one", Rate);
        var two = sim.Add("two", Rate);
        sim.Connect(host, one);
        sim.Connect(host, two);
        sim.Want(one, track);
        sim.Want(two, track);
        sim.Seed(host, track);
        sim.Run(60_000_000);
        Assert.That(new[] { one, two }.Select(v => v.CompletedAtUs), Has.All.Not.Null);
    }

    [Test]
    public void An_uplink_cap_is_kept_to_the_byte_over_time() =>
        Assert.That(SentUnderCap(50_000, 10_000_000), Is.InRange(480_000, 500_000 + 2 * 16_384));

    [Test]
    public void A_cap_of_less_than_a_chunk_a_second_still_moves_chunks() =>
        Assert.That(SentUnderCap(5_000, 60_000_000), Is.InRange(300_000 - 2 * 16_384, 300_000 + 2 * 16_384));

    // What a host with a cap sends to one viewer meanwhile.
    private static long SentUnderCap(long upBytesPerSecond, long untilUs)
    {
        var sim = new SwarmSimulator(1_000);
        var track = SwarmSimulator.MakeManifest(1_000_000, 16_384);
        var host = sim.Add("host", 1e8, isHost: true, settings: new SwarmSettings { UpBytesPerSecond = upBytesPerSecond });
        var viewer = sim.Add("viewer", Rate);
        sim.Connect(host, viewer);
        sim.Want(viewer, track);
        sim.Seed(host, track);
        sim.Run(untilUs);
        return host.BytesUp;
    }

    [Test]
    public void A_track_can_be_announced_before_it_is_wanted()
    {
        var sim = new SwarmSimulator(1_000);
        var track = SwarmSimulator.MakeManifest(300_000, 16_384);
        var host = sim.Add("host", Rate, isHost: true);
        var viewer = sim.Add("viewer", Rate);
        sim.Connect(host, viewer);
        sim.Seed(host, track);
        sim.Run(2_000_000);
        Assert.That(viewer.Core.Tracks, Is.Empty);
        sim.Want(viewer, track);
        sim.Run(10_000_000);
        Assert.That(viewer.CompletedAtUs, Is.Not.Null);
    }

    [Test]
    public void A_viewer_that_wants_a_track_late_is_told_what_was_gained_since_the_connection_was_made()
    {
        var sim = new SwarmSimulator(1_000);
        var track = SwarmSimulator.MakeManifest(300_000, 16_384);
        var host = sim.Add("host", 250_000, isHost: true);
        var relay = sim.Add("relay", 250_000);
        var late = sim.Add("late", 250_000);
        sim.Connect(host, relay);
        sim.Connect(relay, late);
        sim.Want(relay, track);
        sim.Seed(host, track);
        sim.Run(20_000_000);
        Assert.That(relay.CompletedAtUs, Is.Not.Null);
        sim.Want(late, track);
        sim.Run(40_000_000);
        Assert.That(late.CompletedAtUs, Is.Not.Null);
    }
}
