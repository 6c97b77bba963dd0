using Jam.Peer.Swarm;
using Jam.Peer.Wire;
using NUnit.Framework;

namespace Jam.Tests.Simulation;

/// <summary>What a room lives through: many members, members that come and go, limits, one track after another.</summary>
internal sealed class RoomLifeTests
{
    private const int ChunkSize = 16_384;
    private const double Rate = 1_000_000;

    /// <summary>320 kbit/s, bytes per microsecond.</summary>
    private const double Music = 0.040;

    private static Manifest Track(long length, int seed = 1) => SwarmSimulator.MakeManifest(length, ChunkSize, seed);

    /// <summary>A host and viewers that want the track, connected to each other and at rest.</summary>
    private static (SwarmSimulator Sim, SimPeer Host, List<SimPeer> Viewers) Room(int viewers, Manifest track, double hostRate = Rate,
        double viewerRate = Rate, Func<int, SwarmSettings>? settings = null)
    {
        var sim = new SwarmSimulator(delayUs: 1_000);
        var host = sim.Add("host", hostRate, isHost: true);
        var others = Enumerable.Range(0, viewers).Select(i => sim.Add($"v{i}", viewerRate, settings: settings?.Invoke(i))).ToList();
        sim.ConnectAll();
        foreach (var viewer in others)
            sim.Want(viewer, track);
        sim.Run(1_000_000);
        return (sim, host, others);
    }

    private static void Play(SwarmSimulator sim, IEnumerable<SimPeer> peers, Manifest track, long startUs)
    {
        foreach (var peer in peers)
            sim.Do(peer, core => core.SetPlayhead(track.Id, 0, Music, true, startUs, sim.NowUs));
    }

    // When the first second of a track is here.
    private static long PlayableAtUs(SimPeer peer, Manifest track) => Enumerable.Range(0, (int)(Music * 1_000_000 / ChunkSize) + 1)
        .Max(chunk => peer.GainedAtUs.TryGetValue(chunk, out var at) ? at : long.MaxValue);

    private static void Meet(SwarmSimulator sim, SimPeer one)
    {
        foreach (var other in sim.Peers.ToArray())
        {
            if (other != one && !other.IsGone && !one.IsGone && one.Wires.Values.All(w => w.Peer != other))
                sim.Connect(one, other);
        }
    }

    [Test]
    public void Two_hundred_viewers_get_everything()
    {
        var track = Track(12 * ChunkSize);
        var sim = new SwarmSimulator(delayUs: 1_000, seed: 5);
        var host = sim.Add("host", Rate, isHost: true);
        var viewers = Enumerable.Range(0, 200).Select(i => sim.Add($"v{i}", Rate)).ToList();
        // Nobody holds two hundred connections: everyone knows those next to it and a few far away.
        var random = new Random(5);
        for (var i = 0; i < viewers.Count; i++)
        {
            for (var step = 1; step <= 3; step++)
                sim.Connect(viewers[i], viewers[(i + step) % viewers.Count]);
            var far = viewers[random.Next(viewers.Count)];
            if (viewers[i].Wires.Values.All(w => w.Peer != far) && far != viewers[i])
                sim.Connect(viewers[i], far);
            if (i % 10 == 0)
                sim.Connect(viewers[i], host);
            sim.Want(viewers[i], track);
        }

        sim.Run(1_000_000);
        sim.Seed(host, track);
        sim.Run(31_000_000);
        Assert.That(viewers.Where(v => v.CompletedAtUs is null).Select(v => v.Name), Is.Empty);
        Assert.That(sim.Peers.SelectMany(p => p.Drops), Is.Empty);
    }

    [Test]
    public void A_third_of_the_viewers_is_replaced_every_five_seconds_and_the_host_once_and_everyone_who_stays_completes([Values(1, 2, 3)] int seed)
    {
        var track = Track(150 * ChunkSize);
        var (sim, host, viewers) = Room(9, track, hostRate: 150_000, viewerRate: 150_000);
        var random = new Random(seed);
        var startUs = sim.NowUs;
        sim.Seed(host, track);
        for (var turn = 1; turn <= 12; turn++)
        {
            sim.Run(startUs + turn * 5_000_000);
            if (turn == 4)
            {
                sim.Kill(host);
                host = sim.Add("host again", 150_000, isHost: true);
                Meet(sim, host);
                sim.Seed(host, track);
            }

            // Two are there from the first to the last.
            foreach (var gone in viewers.Skip(2).OrderBy(_ => random.Next()).Take(3).ToArray())
            {
                sim.Kill(gone);
                viewers.Remove(gone);
                var late = sim.Add($"{gone.Name}'", 150_000);
                viewers.Add(late);
                Meet(sim, late);
                sim.Want(late, track);
            }
        }

        sim.Run(startUs + 150_000_000);
        Assert.That(viewers.Append(host).Where(v => v.CompletedAtUs is null && v != host).Select(v => v.Name), Is.Empty);
        Assert.That(viewers.SelectMany(p => p.Drops), Is.Empty);
    }

    [Test]
    public void An_upload_limit_of_one_peer_starves_nobody_s_urgent_zone([Values(5_000, 20_000, 60_000)] int limit)
    {
        var track = Track(3_000_000);
        // One of eight gives nearly nothing; the host alone could not bear the room.
        var (sim, host, viewers) = Room(8, track, hostRate: 60_000, viewerRate: 250_000,
            settings: i => i == 0 ? new SwarmSettings { UpBytesPerSecond = limit } : new SwarmSettings());
        var startUs = sim.NowUs + 2_000_000;
        sim.Seed(host, track);
        Play(sim, viewers.Append(host), track, startUs);
        sim.Run(startUs + 100_000_000);
        foreach (var viewer in viewers.Skip(1))
        {
            var late = Enumerable.Range(0, track.ChunkCount)
                .Where(c => !viewer.GainedAtUs.TryGetValue(c, out var at) || at > startUs + c * ChunkSize / Music);
            Assert.That(late, Is.Empty, viewer.Name);
        }
    }

    [Test]
    public void The_next_track_costs_the_current_one_nothing_and_starts_at_once()
    {
        // Uplinks that carry the current track in time and the next one besides, and little more.
        const double rate = 110_000;
        var (track, next) = (Track(1_200_000), Track(1_200_000, seed: 2));
        var (sim, host, viewers) = Room(4, track, hostRate: rate, viewerRate: rate);
        var startUs = sim.NowUs + 2_000_000;
        sim.Seed(host, track);
        sim.Do(host, core =>
        {
            core.WantTrack(next.Id, 1, sim.NowUs);
            core.OpenTrack(next, Bitfield.Full(next.ChunkCount), true, sim.NowUs);
        });
        foreach (var viewer in viewers)
            sim.Do(viewer, core => core.WantTrack(next.Id, 1, sim.NowUs));
        Play(sim, viewers.Append(host), track, startUs);
        var endUs = startUs + (long)(1_200_000 / Music);
        sim.Run(endUs);
        foreach (var viewer in viewers)
        {
            var late = Enumerable.Range(0, track.ChunkCount)
                .Where(c => !viewer.GainedOfAtUs.TryGetValue((track.Id, c), out var at) || at > startUs + c * ChunkSize / Music);
            Assert.That(late, Is.Empty, viewer.Name);
            // The room changes its track the moment the first one ends: everything is here already.
            Assert.That(viewer.Core.Tracks[next.Id].IsComplete, $"{viewer.Name} lacks some of the next track");
        }
    }

    [Test]
    public void A_change_to_a_track_that_nobody_has_yet_starts_at_once_though_another_is_being_fetched()
    {
        var (track, next) = (Track(4_000_000), Track(4_000_000, seed: 2));
        var (sim, host, viewers) = Room(4, track, hostRate: 250_000, viewerRate: 250_000);
        var startUs = sim.NowUs;
        sim.Seed(host, track);
        Play(sim, viewers.Append(host), track, startUs);
        sim.Run(startUs + 2_000_000);
        // The host changes the track in the middle of the transfer.
        var changeUs = sim.NowUs;
        foreach (var peer in viewers.Append(host))
        {
            sim.Do(peer, core => core.SetPlayhead(track.Id, 0, 0, false, changeUs, changeUs));
            sim.Do(peer, core => core.WantTrack(track.Id, 1, changeUs));
        }

        sim.Seed(host, next);
        foreach (var viewer in viewers)
            sim.Want(viewer, next);
        Play(sim, viewers.Append(host), next, changeUs);
        sim.Run(changeUs + 10_000_000);
        var firstUs = viewers.Max(v => Enumerable.Range(0, 3).Max(c => v.GainedOfAtUs.GetValueOrDefault((next.Id, c), long.MaxValue))) - changeUs;
        TestContext.Out.WriteLine($"first second playable {firstUs / 1e3:F0} ms after the change");
        Assert.That(firstUs, Is.LessThan(2_000_000));
    }

    [TestCase(1, false)]
    [TestCase(8, false)]
    [TestCase(8, true)]
    public void Playing_can_begin_soon_after_seeding_and_after_joining(int count, bool joins)
    {
        var track = Track(5_000_000);
        var (sim, host, viewers) = Room(count, track);
        var fromUs = sim.NowUs;
        sim.Seed(host, track);
        Play(sim, viewers.Append(host), track, fromUs);
        if (joins)
        {
            sim.Run(fromUs + 3_000_000);
            fromUs = sim.NowUs;
            var late = sim.Add("late", Rate);
            Meet(sim, late);
            sim.Want(late, track);
            sim.Do(late, core => core.SetPlayhead(track.Id, 0, Music, true, fromUs, fromUs));
            viewers = [late];
        }

        sim.Run(fromUs + 20_000_000);
        // A second of music is three chunks: the host's uplink carries one in 16 ms, and each is relayed once.
        var firstUs = viewers.Max(v => PlayableAtUs(v, track)) - fromUs;
        TestContext.Out.WriteLine($"first second playable after {firstUs / 1e3:F0} ms");
        Assert.That(firstUs, Is.LessThan(count == 1 ? 100_000 : 400_000));
    }

    [Test]
    public void Nobody_starves_where_many_ask_a_few([Values(1, 2)] int seed)
    {
        // Ten viewers with next to no uplink and two with some: the last to complete is not far behind the first.
        var track = Track(60 * ChunkSize);
        var sim = new SwarmSimulator(1_000, seed);
        var host = sim.Add("host", 200_000, isHost: true);
        var viewers = Enumerable.Range(0, 12).Select(i => sim.Add($"v{i}", i < 2 ? 500_000 : 30_000)).ToList();
        sim.ConnectAll();
        foreach (var viewer in viewers)
            sim.Want(viewer, track);
        sim.Run(1_000_000);
        sim.Seed(host, track);
        sim.Run(121_000_000);
        Assert.That(viewers.Select(v => v.CompletedAtUs), Has.All.Not.Null);
        var took = viewers.Select(v => v.CompletedAtUs!.Value - 1_000_000).ToArray();
        TestContext.Out.WriteLine($"{took.Min() / 1e6:F1} to {took.Max() / 1e6:F1} s");
        Assert.That(took.Max(), Is.LessThan(2.5 * took.Min()));
    }
}
