using System.Security.Cryptography;
using Jam.Peer.Storage;
using Jam.Peer.Wire;
using Jam.Tests.Fakes;
using NUnit.Framework;

namespace Jam.Tests.Reach;

/// <summary>The cache keeps to its limit, and never at the cost of what is in use.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class CacheLimitTests : IDisposable
{
    private const int Length = 10_000;
    private readonly string _folder = Directory.CreateTempSubdirectory("jam-limit-").FullName;
    private readonly ManualTimeProvider _time = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static (Manifest Manifest, byte[] Bytes) Track(int seed)
    {
        var bytes = new byte[Length];
        new Random(seed).NextBytes(bytes);
        return (Manifest.Create(Length, 1024, bytes.Chunk(1024).SelectMany(SHA256.HashData).ToArray()), bytes);
    }

    // Opens a track, fills it, and moves the clock on.
    private TrackStorage Use(TrackCache cache, int seed)
    {
        var (manifest, bytes) = Track(seed);
        var storage = cache.Open(manifest, CancellationToken.None);
        for (var chunk = 0; chunk < manifest.ChunkCount; chunk++)
            storage.Write(chunk, bytes.AsSpan(chunk * 1024, manifest.SizeOf(chunk)));
        _time.Advance(TimeSpan.FromMinutes(1));
        return storage;
    }

    private static bool IsThere(TrackCache cache, int seed) => cache.FindManifest(Track(seed).Manifest.Id) is not null;

    [Test]
    public void The_track_that_was_not_used_for_longest_goes_first()
    {
        var cache = new TrackCache(_folder, null, _time);
        foreach (var seed in new[] { 1, 2, 3, 1 })
            Use(cache, seed).Dispose();
        var limited = new TrackCache(_folder, (long)(2.5 * Length), _time);
        Assert.That(new[] { 1, 2, 3 }.Select(seed => IsThere(limited, seed)), Is.EqualTo(new[] { true, false, true }));
        Use(limited, 4).Dispose();
        Assert.That(new[] { 1, 2, 3, 4 }.Select(seed => IsThere(limited, seed)), Is.EqualTo(new[] { true, false, false, true }));
    }

    [Test]
    public void What_is_open_stays_though_the_limit_is_passed_and_goes_when_it_is_not()
    {
        var cache = new TrackCache(_folder, Length / 2, _time);
        using (var first = Use(cache, 1))
        {
            using var second = Use(cache, 2);
            Assert.That(IsThere(cache, 1) && IsThere(cache, 2));
            var buffer = new byte[1024];
            Assert.That(first.Read(3, 0, buffer), Is.EqualTo(1024));
            Assert.That(buffer, Is.EqualTo(Track(1).Bytes[3072..4096]));
        }

        Assert.That(new TrackCache(_folder, Length / 2, _time), Is.Not.Null);
        Assert.That(Directory.EnumerateDirectories(Path.Combine(_folder, "tracks")), Is.Empty);
    }

    [Test]
    public void What_another_process_has_open_stays()
    {
        var other = new TrackCache(_folder, null, _time);
        using var held = Use(other, 1);
        var mine = new TrackCache(_folder, 0, _time);
        Assert.That(IsThere(mine, 1));
    }

    [Test]
    public void Without_a_limit_everything_stays()
    {
        var cache = new TrackCache(_folder, null, _time);
        for (var seed = 0; seed < 5; seed++)
            Use(cache, seed).Dispose();
        Assert.That(Enumerable.Range(0, 5).All(seed => IsThere(new TrackCache(_folder, null, _time), seed)));
    }
}
