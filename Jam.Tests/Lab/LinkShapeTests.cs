using Jam.Lab;
using NUnit.Framework;

namespace Jam.Tests.Lab;

public sealed class LinkShapeTests
{
    private const long Ms = 1_000_000;
    private static readonly ShapeSpec _nothing = new(0, 100, 0, 0, 0, 0, 4_000);

    [Test]
    public void A_link_without_figures_lets_everything_through_at_once()
    {
        var shape = new Shape(_nothing, new Random(1), 0);
        Assert.That(shape.Take(1500, 7 * Ms), Is.EqualTo(7 * Ms));
    }

    [Test]
    public void A_rate_spaces_packets_and_drops_what_its_queue_cannot_hold()
    {
        // 12 Mbit/s: 1500 bytes take a millisecond.
        var shape = new Shape(_nothing with { RateMbit = 12, QueueMs = 10 }, new Random(1), 0);
        var through = Enumerable.Range(0, 30).Select(_ => shape.Take(1500, 0)).ToArray();
        Assert.That(through.Take(11), Is.EqualTo(Enumerable.Range(1, 11).Select(i => (long?)(i * Ms))));
        Assert.That(through.Skip(11), Is.All.Null);
        Assert.That(shape.Take(1500, 5 * Ms), Is.EqualTo(12 * Ms), "there is room again");
    }

    [Test]
    public void Jitter_adds_its_mean_and_keeps_the_order()
    {
        var shape = new Shape(_nothing with { DelayMs = 2, JitterMs = 3 }, new Random(5), 0);
        const int Packets = 20_000;
        var late = new double[Packets];
        var last = 0L;
        for (var i = 0; i < Packets; i++)
        {
            // So far apart that none waits for another.
            var at = i * 100 * Ms;
            var through = shape.Take(64, at)!.Value;
            Assert.That(through, Is.GreaterThan(last));
            (last, late[i]) = (through, (through - at) / (double)Ms);
        }
        Assert.That(late.Min(), Is.InRange(2, 2.01));
        Assert.That(late.Average(), Is.EqualTo(5).Within(0.1));
        var close = new Shape(_nothing with { JitterMs = 3 }, new Random(6), 0);
        var order = Enumerable.Range(0, 1000).Select(i => close.Take(64, i * Ms / 10)!.Value).ToArray();
        Assert.That(order, Is.Ordered);
    }

    [Test]
    public void A_stall_holds_what_comes_within_it_and_nothing_else()
    {
        var shape = new Shape(_nothing with { StallMs = 60 }, new Random(1), 0);
        Assert.That(shape.Take(64, 4_010 * Ms), Is.EqualTo(4_060 * Ms));
        Assert.That(shape.Take(64, 4_060 * Ms), Is.EqualTo(4_060 * Ms));
        Assert.That(shape.Take(64, 7_999 * Ms), Is.EqualTo(7_999 * Ms));
        Assert.That(shape.Take(64, 8_000 * Ms), Is.EqualTo(8_060 * Ms));
    }

    [Test]
    public void As_many_packets_are_lost_as_was_asked()
    {
        var shape = new Shape(_nothing with { Loss = 0.005 }, new Random(3), 0);
        var lost = Enumerable.Range(0, 100_000).Count(i => shape.Take(64, i * Ms) is null);
        Assert.That(lost, Is.InRange(400, 600));
    }
}
