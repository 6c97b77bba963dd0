using NUnit.Framework;

namespace Jam.Tests.Simulation;

/// <summary>Links as people have them: uplinks that differ by a factor of a hundred, TCP with its queues and losses, jitter.</summary>
internal sealed class HardLinkTests
{
    private const double BytesPerMbit = 125_000;
    private const long Length = 5_000_000;
    private static readonly double[] Uneven = [1, 2, 4, 8, 12, 16, 20, 0.2];
    private static readonly double[] Equal = [8, 8, 8, 8, 8, 8, 8, 8];

    [Test]
    public void Uneven_uplinks_are_used_in_proportion() => Check(Uneven, 0.85, new SwarmSimulator(1_000), 0, 0);

    [Test]
    public void Uneven_uplinks_over_TCP_are_used_in_proportion() =>
        Check(Uneven, 0.8, new SwarmSimulator(100, 0, new SimTcpSettings()), 0, 0);

    [Test]
    public void Delay_jitter_and_loss_cost_a_room_less_than_a_third([Range(1, 4)] int seed) =>
        Check(Equal, 0.7, new SwarmSimulator(100, seed, new SimTcpSettings { Loss = 0.005 }), 2_000, 3_000);

    [TestCase(8, 0.93)]
    [TestCase(16, 0.86)]
    public void Busy_machines_with_equal_links_come_near_the_bound(int viewers, double least)
    {
        for (var seed = 1; seed <= 3; seed++)
            Check([.. Enumerable.Repeat(8.0, viewers)], least, new SwarmSimulator(100, seed, new SimTcpSettings { ReactionUs = 2_000 }), 0, 0);
    }

    // As tools/lab/swarm has it: 5 MB are 1,800 acknowledgements, five seconds of 0.2 Mbit/s, and wait there in line with requests.
    [Test]
    public void An_uplink_that_acknowledgements_fill_costs_its_owner_a_third_and_no_one_else([Range(1, 3)] int seed, [Values] bool pings)
    {
        var sim = new SwarmSimulator(100, seed, Deep);
        var (last, median) = Measure(Uneven, sim, 0, 0, atStart: pings ? _ => Ping(sim) : null);
        Assert.Multiple(() =>
        {
            Assert.That(last, Is.GreaterThan(0.58));
            Assert.That(median, Is.GreaterThan(0.88));
        });
    }

    [TestCase(8, 0.94)]
    [TestCase(16, 0.88)]
    public void Where_every_acknowledgement_waits_in_line_equal_links_come_near_the_bound(int viewers, double usual)
    {
        var parts = Enumerable.Range(1, 3).Select(seed => Measure([.. Enumerable.Repeat(8.0, viewers)], new SwarmSimulator(100, seed, Deep), 0, 0).Last);
        Assert.That(parts.Average(), Is.GreaterThan(usual));
    }

    // A machine that was busy when its first chunk went out, or another program's upload: its uplink counted for poor, and as nothing more went over it,
    // nothing said that it was not.
    [Test]
    public void An_uplink_that_was_slow_for_a_moment_at_the_start_relays_like_the_others_soon_after([Range(1, 6)] int seed)
    {
        const double copies = 3;
        var sim = new SwarmSimulator(100, seed, Deep);
        var (last, _) = Measure(Equal, sim, 0, 0, (long)(copies * Length), viewers =>
        {
            viewers[0].UpBytesPerUs = 0.2 * BytesPerMbit / 1e6;
            sim.At(sim.NowUs + 800_000, () => viewers[0].UpBytesPerUs = 8 * BytesPerMbit / 1e6);
            Ping(sim);
        });
        var gave = sim.Peers[1].BytesUp / (copies * Length);
        TestContext.Out.WriteLine($"{gave:F2} copies from it");
        Assert.Multiple(() =>
        {
            Assert.That(gave, Is.GreaterThan(0.25));
            Assert.That(last, Is.GreaterThan(0.95));
        });
    }

    private static void Ping(SwarmSimulator sim)
    {
        for (var us = 500_000L; us < 60_000_000; us += 500_000)
            sim.At(sim.NowUs + us, sim.MeasureRoundTrips);
    }

    private static SimTcpSettings Deep => new() { ReactionUs = 2_000, LeastQueueBytes = 30_000, EveryAck = true };

    private static void Check(double[] upMbit, double least, SwarmSimulator sim, long delayUs, long jitterUs) =>
        Assert.That(Measure(upMbit, sim, delayUs, jitterUs).Last, Is.GreaterThan(least));

    // Parts of the bound that the last and the median viewer reach.
    private static (double Last, double Median) Measure(
        double[] upMbit, SwarmSimulator sim, long delayUs, long jitterUs, long length = Length, Action<List<SimPeer>>? atStart = null)
    {
        const double hostMbit = 8;
        var track = SwarmSimulator.MakeManifest(length, 16_384);
        var host = sim.Add("host", hostMbit * BytesPerMbit, isHost: true, delayUs: delayUs, jitterUs: jitterUs);
        var viewers = upMbit.Select((up, i) => sim.Add($"v{i}", up * BytesPerMbit, delayUs: delayUs, jitterUs: jitterUs)).ToList();
        sim.ConnectAll();
        foreach (var viewer in viewers)
            sim.Want(viewer, track);
        sim.Run(1_000_000);
        var startUs = sim.NowUs;
        sim.Seed(host, track);
        atStart?.Invoke(viewers);
        sim.Run(startUs + 300_000_000);

        Assert.That(viewers.Select(v => v.CompletedAtUs), Has.All.Not.Null);
        var goodput = sim.IsTcp ? SimTcp.Goodput : 1;
        var bound = Math.Max(length / (hostMbit * BytesPerMbit), viewers.Count * length / ((hostMbit + upMbit.Sum()) * BytesPerMbit)) / goodput;
        var parts = viewers.Select(v => bound / ((v.CompletedAtUs!.Value - startUs) / 1e6)).Order().ToList();
        var copies = host.BytesUp / (double)length;
        TestContext.Out.WriteLine($"{parts[0]:P1} of the bound, median {parts[parts.Count / 2]:P1}, {copies:F3} copies from the host");
        Assert.That(copies, Is.LessThan(1.1 * Math.Max(1, hostMbit * BytesPerMbit * bound / length)));
        return (parts[0], parts[parts.Count / 2]);
    }
}
