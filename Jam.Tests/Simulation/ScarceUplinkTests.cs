using NUnit.Framework;

namespace Jam.Tests.Simulation;

/// <summary>A host whose uplink carries little more than the music: a room that plays while it is fetched.</summary>
internal sealed class ScarceUplinkTests
{
    [TestCase(1, 250_000, 2_300_000)]
    [TestCase(1, 1_000_000, 2_000_000)]
    [TestCase(2, 1_000_000, 2_000_000)]
    [TestCase(3, 1_000_000, 2_000_000)]
    [TestCase(4, 1_000_000, 2_000_000)]
    public void A_room_sounds_soon_and_never_stalls_where_the_host_can_send_little_more_than_the_music(int seed, long playAfterUs, long mostUs)
    {
        var room = new ScarceRoom(seed);
        room.Run(playAfterUs);
        var slackUs = room.Viewers.Min(room.SlackUs);
        var waitUs = room.ChatterWaitsUs.Order().ElementAt(room.ChatterWaitsUs.Count / 2);
        TestContext.Out.WriteLine($"sound {room.StartUs / 1e6:F2} s after PLAY, the least slack {slackUs / 1e6:F2} s, {room.Copies:F3} copies from the host, "
            + $"asked {room.AskedOfHost / (double)room.Track.ChunkCount:F2} times per chunk, "
            + $"the rendezvous's words waited {waitUs / 1e3:F0} ms at the median; the first chunks came {string.Join(", ", room.Order.Take(6))}");
        Assert.Multiple(() =>
        {
            Assert.That(room.StartUs, Is.LessThanOrEqualTo(mostUs));
            Assert.That(slackUs, Is.GreaterThan(0));
            Assert.That(room.Order.First(), Is.Zero);
            Assert.That(waitUs, Is.LessThan(100_000));
            Assert.That(room.Copies, Is.LessThan(1.05));
            Assert.That(room.AskedOfHost, Is.LessThan(4 * room.Track.ChunkCount));
            Assert.That(room.Viewers.Append(room.Host).SelectMany(p => p.Drops), Is.Empty);
        });
    }
}
