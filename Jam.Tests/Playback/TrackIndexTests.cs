using FsCheck;
using FsCheck.Fluent;
using Jam.Peer.Playback;
using NUnit.Framework;

namespace Jam.Tests.Playback;

public sealed class TrackIndexTests
{
    private const uint Header = 0xFFFB9000;

    [Test]
    public void What_is_written_reads_back() =>
        Prop.ForAll(Gen.Choose(1, 40_000).Zip(Gen.Choose(0, int.MaxValue)).ToArbitrary(), made =>
        {
            var (index, bytes) = Make(made.Item1, made.Item2);
            var blob = index.ToBytes();
            var back = TrackIndex.TryParse(blob, bytes, out var error) as Mp3Index;
            Assert.That(back, Is.Not.Null, error);
            Assert.That(back!.Offsets.SequenceEqual(index.Offsets), Is.True);
            Assert.That(
                (back.Header, back.Frames, back.SkipFrames, back.LengthFrames, back.Step),
                Is.EqualTo((index.Header, index.Frames, index.SkipFrames, index.LengthFrames, index.Step)));
            Assert.That(back.ToBytes(), Is.EqualTo(blob), "one index, one hash");
        }).QuickCheckThrowOnFailure();

    [Test]
    public void A_blob_that_was_changed_is_refused_or_still_rises_within_the_track() =>
        Prop.ForAll(Gen.Choose(0, int.MaxValue).ToArbitrary(), seed =>
        {
            var random = new Random(seed);
            var (index, bytes) = Make(random.Next(1, 3_000), seed);
            var blob = index.ToBytes();
            for (var i = random.Next(1, 4); i > 0; i--)
                blob[random.Next(blob.Length)] = (byte)random.Next(256);
            var back = TrackIndex.TryParse(blob.AsSpan(0, random.Next(blob.Length + 1)), bytes, out var error) as Mp3Index;
            Assert.That(error is null, Is.EqualTo(back is not null));
            if (back is null)
                return;
            Assert.That(back.Offsets.Length, Is.EqualTo((back.Frames + back.Step - 1) / back.Step));
            var before = -1L;
            foreach (var offset in back.Offsets)
            {
                Assert.That(offset, Is.GreaterThan(before).And.LessThan(bytes));
                before = offset;
            }
        }).QuickCheckThrowOnFailure();

    [Test]
    public void Random_bytes_are_refused() =>
        Prop.ForAll(Gen.Choose(0, 255).Select(b => (byte)b).ArrayOf().ToArbitrary(), bytes =>
        {
            Assert.That(TrackIndex.TryParse(bytes, 1_000_000, out var error), Is.Null);
            Assert.That(error, Is.Not.Null);
        }).QuickCheckThrowOnFailure();

    [Test]
    public void A_count_that_the_blob_cannot_hold_allocates_nothing()
    {
        byte[] blob = [.. "JIX\u0001"u8, 0xFF, 0xFB, 0x90, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0, 0, 1];
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.That(TrackIndex.TryParse(blob, long.MaxValue, out _), Is.Null);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(10_000));
    }

    [Test]
    public void The_longest_track_gives_a_blob_that_may_be_sent()
    {
        var (index, bytes) = Make(2_000_000, 7);
        Assert.That(index.ToBytes(), Has.Length.LessThanOrEqualTo(TrackIndex.MaxBytes));
        Assert.That(index.Step, Is.GreaterThan(16));
        Assert.That(TrackIndex.TryParse(index.ToBytes(), bytes, out _), Is.Not.Null);
    }

    [Test]
    public void An_index_of_a_longer_track_is_refused()
    {
        var (index, bytes) = Make(1_000, 1);
        Assert.That(TrackIndex.TryParse(index.ToBytes(), bytes / 2, out _), Is.Null);
    }

    private static (Mp3Index Index, long Bytes) Make(int frames, int seed)
    {
        var random = new Random(seed);
        var offsets = new List<long>();
        long at = random.Next(100_000);
        for (var frame = 0; frame < frames; frame++)
        {
            if (frame % 16 == 0)
                offsets.Add(at);
            at += random.Next(24, 1_441);
        }
        var index = Mp3Index.Create(Header, frames, 1_105, Math.Max(0, frames * 1_152L - 2_000), 16, offsets);
        Assert.That(index, Is.Not.Null);
        return (index!, at);
    }
}
