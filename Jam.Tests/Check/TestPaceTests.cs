using Jam.Peer.Network;
using Jam.Peer.Swarm;
using Jam.Peer.Wire;
using Jam.Tests.Simulation;
using NUnit.Framework;

namespace Jam.Tests.Check;

/// <summary>A test of the link keeps to the upload cap, and leaves the music its part.</summary>
internal sealed class TestPaceTests
{
    [Test]
    public void Under_a_cap_test_data_take_half_of_it()
    {
        var pace = new TestPace(100_000);
        var (nowUs, sent) = (0L, 0);
        while (nowUs < 10_000_000)
        {
            nowUs += pace.WaitUs(5_000, nowUs);
            sent += 5_000;
        }

        Assert.That(sent, Is.EqualTo(500_000).Within(5_000));
    }

    [Test]
    public void Time_that_was_not_used_is_not_made_up_for()
    {
        var pace = new TestPace(100_000);
        Assert.That(pace.WaitUs(5_000, 0), Is.Zero);
        Assert.That(pace.WaitUs(5_000, 60_000_000), Is.Zero);
        Assert.That(pace.WaitUs(5_000, 60_000_000), Is.EqualTo(100_000));
    }

    [Test]
    public void Without_a_cap_nothing_waits() => Assert.That(new TestPace(null).WaitUs(1 << 20, 0) + new TestPace(null).WaitUs(1 << 20, 0), Is.Zero);

    [Test]
    public void What_a_test_sends_is_taken_off_what_chunks_may_have()
    {
        const int ChunkSize = 16_384;
        var manifest = SwarmSimulator.MakeManifest(10 * ChunkSize, ChunkSize);
        Assert.That(FirstChunkUs(200_000) - FirstChunkUs(0), Is.EqualTo(2_000_000).Within(2_000));

        // How long after a request its chunk goes out.
        long FirstChunkUs(int spent)
        {
            var core = new SwarmCore(new SwarmSettings { UpBytesPerSecond = 100_000 });
            core.WantTrack(manifest.Id, 0, 0);
            core.OpenTrack(manifest, Bitfield.Full(10), striped: false, 0);
            core.LinkUp(new LinkId(1), "viewer", isHost: false, 0);
            core.Receive(new LinkId(1), new TrackFrame(0, manifest.Id, TrackFlags.None), 0);
            core.SpendUpload(spent, 0);
            core.Receive(new LinkId(1), new RequestFrame(0, 3, 0), 0);
            for (var nowUs = 0L; nowUs < 10_000_000; nowUs += 1_000)
            {
                core.Timer(nowUs);
                if (core.TakeEffects().OfType<SendChunk>().Any())
                    return nowUs;
            }

            return -1;
        }
    }
}
