using Jam.Peer.Swarm;
using Jam.Peer.Wire;
using NUnit.Framework;

namespace Jam.Tests.Reach;

/// <summary>A download cap holds by asking for less; nothing small waits for it.</summary>
internal sealed class DownLimitTests
{
    private const int Chunk = 16_384;
    private static readonly LinkId Giver = new(1);

    [Test]
    public void Without_a_cap_anything_goes()
    {
        var bucket = new DownBucket(null);
        bucket.Refill(Chunk, 0);
        Assert.That(bucket.Allows(int.MaxValue), Is.True);
        Assert.That(bucket.DueUs, Is.EqualTo(long.MaxValue));
    }

    [Test]
    public void It_holds_a_quarter_of_a_second_and_at_least_one_chunk()
    {
        var (fast, slow) = (new DownBucket(1_000_000), new DownBucket(1_000));
        fast.Refill(Chunk, 0);
        slow.Refill(Chunk, 0);
        Assert.That((fast.Allows(250_000), fast.Allows(250_001)), Is.EqualTo((true, false)));
        Assert.That((slow.Allows(Chunk), slow.Allows(Chunk + 1)), Is.EqualTo((true, false)));
    }

    [Test]
    public void What_was_asked_in_vain_is_due_when_the_bucket_has_filled()
    {
        var bucket = new DownBucket(100_000);
        bucket.Refill(Chunk, 0);
        bucket.Take(25_000);
        Assert.That(bucket.Allows(10_000), Is.False);
        Assert.That(bucket.DueUs, Is.EqualTo(100_000));
        bucket.Refill(Chunk, 99_999);
        Assert.That(bucket.Allows(10_000), Is.False);
        bucket.Refill(Chunk, 100_000);
        Assert.That(bucket.Allows(10_000), Is.True);
    }

    [Test]
    public void A_small_chunk_that_matters_less_does_not_take_what_a_large_one_saves_up_for()
    {
        var bucket = new DownBucket(100_000);
        bucket.Refill(Chunk, 0);
        bucket.Take(20_000);
        Assert.That(bucket.Allows(Chunk), Is.False);
        Assert.That(bucket.Allows(1_024), Is.False);
    }

    // One giver that answers at once: what is asked for in a time is what the cap lets through.
    [TestCase(50_000)]
    [TestCase(400_000)]
    public void A_transfer_keeps_to_the_cap_and_uses_it(long limit)
    {
        var manifest = Manifest.Create(200L * Chunk, Chunk, new byte[200 * Manifest.HashSize]);
        var core = new SwarmCore(new SwarmSettings { DownBytesPerSecond = limit });
        var asked = new Queue<int>();
        long now = 0, received = 0;
        core.WantTrack(manifest.Id, 0, now);
        core.OpenTrack(manifest, new Bitfield(200), false, now);
        core.LinkUp(Giver, "giver", false, now);
        core.Receive(Giver, new TrackFrame(0, manifest.Id, TrackFlags.HasManifest), now);
        core.Receive(Giver, new BitfieldFrame(0, [.. Enumerable.Repeat((byte)0xFF, 25)]), now);
        Collect();
        while (now < 5_000_000)
        {
            if (asked.TryDequeue(out var chunk))
            {
                now += 1_000;
                core.ReceiveChunk(Giver, 0, chunk, Chunk, true, now);
                received += Chunk;
            }
            else
            {
                var due = core.DueUs(now);
                Assert.That(due, Is.LessThan(long.MaxValue), "it must not wait for nothing");
                core.Timer(now = Math.Max(due, now + 1));
            }

            Collect();
        }

        Assert.That(received, Is.InRange(0.9 * 5 * limit, 5 * limit + Math.Max(limit / 4, Chunk)));

        void Collect()
        {
            foreach (var effect in core.TakeEffects())
            {
                if (effect is SendFrame { Frame: RequestFrame request })
                    asked.Enqueue(request.Chunk);
            }
        }
    }

    [Test]
    public void Under_a_cap_what_plays_soon_is_asked_for_before_what_is_offered()
    {
        var manifest = Manifest.Create(200L * Chunk, Chunk, new byte[200 * Manifest.HashSize]);
        var core = new SwarmCore(new SwarmSettings { DownBytesPerSecond = Chunk });
        core.WantTrack(manifest.Id, 0, 0);
        core.OpenTrack(manifest, new Bitfield(200), false, 0);
        core.LinkUp(Giver, "host", true, 0);
        core.Receive(Giver, new TrackFrame(0, manifest.Id, TrackFlags.HasManifest | TrackFlags.Stripes), 0);
        core.Receive(Giver, new BitfieldFrame(0, [.. Enumerable.Repeat((byte)0xFF, 25)]), 0);
        core.SetPlayhead(manifest.Id, 10.0 * Chunk, 0.04, true, 1_000_000, 0);
        core.Receive(Giver, new OfferFrame(0, [150]), 0);
        core.Timer(900_000);
        var first = core.TakeEffects().OfType<SendFrame>().Select(e => e.Frame).OfType<RequestFrame>().ToArray();
        Assert.That(first.Select(r => r.Chunk), Is.EqualTo(new[] { 10 }));
    }
}
