using System.Security.Cryptography;
using Jam.Peer.Wire;
using NUnit.Framework;

namespace Jam.Tests.Wire;

/// <summary>A manifest says exactly what a track is, or it is none.</summary>
internal sealed class ManifestTests
{
    private static Manifest Make(byte[] file, int chunkSize)
    {
        var hashes = file.Chunk(chunkSize).SelectMany(SHA256.HashData).ToArray();
        return Manifest.Create(file.Length, chunkSize, hashes);
    }

    [Test]
    public void It_comes_back_as_it_was()
    {
        var manifest = Make([.. Enumerable.Range(0, 2500).Select(i => (byte)i)], 1024);
        var again = Manifest.TryParse(manifest.Encoded)!;
        Assert.Multiple(() =>
        {
            Assert.That(again.Id, Is.EqualTo(manifest.Id));
            Assert.That(again.ChunkCount, Is.EqualTo(3));
            Assert.That(again.SizeOf(2), Is.EqualTo(2500 - 2048));
            Assert.That(TrackId.TryParse(manifest.Id.ToString(), out var id) && id == manifest.Id, Is.True);
        });
    }

    [Test]
    public void The_same_bytes_cut_the_same_way_are_the_same_track()
    {
        var file = RandomBytes(5000);
        var again = Make([.. file], 1024);
        Assert.That(Make(file, 1024).Id, Is.EqualTo(again.Id));
        Assert.That(Make(file, 1024).Id, Is.Not.EqualTo(Make(file, 2048).Id));
    }

    [Test]
    public void A_chunk_is_good_only_whole_and_in_its_place()
    {
        var file = RandomBytes(2500);
        var manifest = Make(file, 1024);
        Assert.Multiple(() =>
        {
            Assert.That(manifest.IsGood(0, file.AsSpan(0, 1024)), Is.True);
            Assert.That(manifest.IsGood(2, file.AsSpan(2048)), Is.True);
            Assert.That(manifest.IsGood(1, file.AsSpan(0, 1024)), Is.False);
            Assert.That(manifest.IsGood(0, file.AsSpan(0, 1023)), Is.False);
            Assert.That(manifest.IsGood(3, file.AsSpan(2048)), Is.False);
            Assert.That(manifest.IsGood(-1, file.AsSpan(0, 1024)), Is.False);
        });
        file[700] ^= 1;
        Assert.That(manifest.IsGood(0, file.AsSpan(0, 1024)), Is.False);
    }

    [Test]
    public void Bytes_that_are_no_manifest_are_refused()
    {
        var good = Make(RandomBytes(2500), 1024).Encoded;
        byte[] With(int at, params byte[] bytes)
        {
            var copy = (byte[])good.Clone();
            bytes.CopyTo(copy, at);
            return copy;
        }

        Assert.Multiple(() =>
        {
            Assert.That(Manifest.TryParse([]), Is.Null);
            Assert.That(Manifest.TryParse(good[..^1]), Is.Null);
            Assert.That(Manifest.TryParse([.. good, 0]), Is.Null);
            Assert.That(Manifest.TryParse(With(0, 0xFF)), Is.Null, "negative length");
            Assert.That(Manifest.TryParse(With(0, 0, 0, 0, 0, 0, 0, 0, 0)), Is.Null, "empty");
            Assert.That(Manifest.TryParse(With(8, 0, 0, 0, 0)), Is.Null, "chunk size 0");
            Assert.That(Manifest.TryParse(With(8, 0x7F, 0xFF, 0xFF, 0xFF)), Is.Null, "chunk size too large");
            Assert.That(Manifest.TryParse(With(0, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF)), Is.Null, "length too large");
        });
    }

    [TestCase(1, 16 * 1024)]
    [TestCase(8_000_000, 16 * 1024)]
    [TestCase(8_000_001, 32 * 1024)]
    [TestCase(32_000_000, 32 * 1024)]
    [TestCase(32_000_001, 64 * 1024)]
    public void Chunks_grow_with_the_file(long length, int expected) => Assert.That(Manifest.ChunkSizeFor(length), Is.EqualTo(expected));

    [TestCase(null)]
    [TestCase("")]
    [TestCase("zz")]
    [TestCase("g000000000000000000000000000000000000000000000000000000000000000")]
    public void Text_that_is_no_track_id_is_refused(string? text) => Assert.That(TrackId.TryParse(text, out _), Is.False);

    private static byte[] RandomBytes(int count)
    {
        var bytes = new byte[count];
        new Random(1).NextBytes(bytes);
        return bytes;
    }
}
