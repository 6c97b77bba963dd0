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

    [TestCase(8, 0.9)]
    [TestCase(16, 0.82)]
    public void Busy_machines_with_equal_links_come_near_the_bound(int viewers, double least)
    {
        for (var seed = 1; seed <= 3; seed++)
            Check([.. Enumerable.Repeat(8.0, viewers)], least, new SwarmSimulator(100, seed, new SimTcpSettings { ReactionUs = 2_000 }), 0, 0);
    }

    private static void Check(double[] upMbit, double least, SwarmSimulator sim, long delayUs, long jitterUs)
    {
        const double hostMbit = 8;
        var track = SwarmSimulator.MakeManifest(Length, 16_384);
        var host = sim.Add("host", hostMbit * BytesPerMbit, isHost: true, delayUs: delayUs, jitterUs: jitterUs);
        var viewers = upMbit.Select((up, i) => sim.Add($"v{i}", up * BytesPerMbit, delayUs: delayUs, jitterUs: jitterUs)).ToList();
        sim.ConnectAll();
        foreach (var viewer in viewers)
            sim.Want(viewer, track);
        sim.Run(1_000_000);
        var startUs = sim.NowUs;
        sim.Seed(host, track);
        sim.Run(startUs + 300_000_000);

        Assert.That(viewers.Select(v => v.CompletedAtUs), Has.All.Not.Null);
        var goodput = sim.IsTcp ? SimTcp.Goodput : 1;
        var bound = Math.Max(Length / (hostMbit * BytesPerMbit), viewers.Count * Length / ((hostMbit + upMbit.Sum()) * BytesPerMbit)) / goodput;
        var took = (viewers.Max(v => v.CompletedAtUs!.Value) - startUs) / 1e6;
        var copies = host.BytesUp / (double)Length;
        TestContext.Out.WriteLine($"{bound / took:P1} of the bound, {copies:F3} copies from the host");
        Assert.Multiple(() =>
        {
            Assert.That(bound / took, Is.GreaterThan(least));
            Assert.That(copies, Is.LessThan(1.1 * Math.Max(1, hostMbit * BytesPerMbit * bound / Length)));
        });
    }
}
