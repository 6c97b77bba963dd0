using FsCheck;
using FsCheck.Fluent;
using Jam.Peer.Session;
using Jam.Peer.Storage;
using NUnit.Framework;

namespace Jam.Tests.Storage;

/// <summary>Test data is computed, so it must come out the same however it is read.</summary>
internal sealed class PatternStorageTests
{
    private const int Chunks = 5;
    private const int ChunkSize = 3_000;

    [Test]
    public void It_is_the_same_at_any_offset_and_length()
    {
        using var storage = PatternStorage.Create(new TestPattern(Chunks, ChunkSize), default);
        var whole = Enumerable.Range(0, Chunks).Select(chunk => TestTrack.Read(storage, chunk)).ToArray();
        var reads = Gen.Choose(0, Chunks - 1).SelectMany(
            chunk => Gen.Choose(0, ChunkSize).SelectMany(offset => Gen.Choose(0, ChunkSize + 100), (offset, length) => (offset, length)),
            (chunk, part) => (chunk, part.offset, part.length));
        Prop.ForAll(reads.ToArbitrary(), read =>
        {
            var buffer = new byte[read.length];
            var count = storage.Read(read.chunk, read.offset, buffer);
            return count == Math.Min(read.length, ChunkSize - read.offset)
                && buffer.AsSpan(0, count).SequenceEqual(whole[read.chunk].AsSpan(read.offset, count))
                && buffer.AsSpan(count).IndexOfAnyExcept((byte)0) < 0;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1_000));
    }

    [Test]
    public void Every_chunk_is_as_the_manifest_says_and_unlike_the_others()
    {
        using var storage = PatternStorage.Create(new TestPattern(Chunks, ChunkSize), default);
        var chunks = Enumerable.Range(0, Chunks).Select(chunk => TestTrack.Read(storage, chunk)).ToArray();
        Assert.That(chunks.Select((bytes, chunk) => storage.Manifest.IsGood(chunk, bytes)), Has.All.True);
        Assert.That(chunks.Select(Convert.ToHexString).Distinct().Count(), Is.EqualTo(Chunks));
    }

    [Test]
    public void Runs_and_releases_agree_on_it_so_that_a_cache_stays_good()
    {
        using var storage = PatternStorage.Create(new TestPattern(3, 1024), default);
        Assert.That(storage.Manifest.Id.ToString(), Is.EqualTo("58fbce312033cddbb9ecba4427a232b3cda3a267cb08b7fe67d247fb5eece63b"));
    }
}
