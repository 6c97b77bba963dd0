using Jam.Peer.Session;
using Jam.Peer.Storage;
using Jam.Peer.Swarm;
using NUnit.Framework;

namespace Jam.Tests.Storage;

/// <summary>What is on disk is found again, what is damaged is fetched again, and two peers never spoil each other's cache.</summary>
internal sealed class TrackCacheTests
{
    private readonly TestTrack _track = new(10_500);
    private TempFolder _folder = null!;

    private TrackCache Cache => new(_folder.Path);

    private string DataPath => _folder["tracks", _track.Id.ToString(), "data"];

    private string ManifestPath => _folder["tracks", _track.Id.ToString(), "manifest"];

    [SetUp]
    public void MakeFolder() => _folder = new TempFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void What_is_written_is_found_again()
    {
        using (var storage = Cache.Open(_track.Manifest, default))
        {
            Assert.That(storage.CachedChunks, Is.Zero);
            _track.Fill(storage, 0, 7, _track.Chunks - 1);
            Assert.That(TestTrack.Read(storage, 7), Is.EqualTo(_track.Chunk(7).ToArray()));
        }

        using var again = Cache.Open(_track.Manifest, default);
        Assert.Multiple(() =>
        {
            Assert.That(ChunksOf(again), Is.EqualTo(new[] { 0, 7, _track.Chunks - 1 }));
            Assert.That(again.CachedChunks, Is.EqualTo(3));
            Assert.That(TestTrack.Read(again, 7), Is.EqualTo(_track.Chunk(7).ToArray()));
            Assert.That(TestTrack.Read(again, _track.Chunks - 1), Is.EqualTo(_track.Chunk(_track.Chunks - 1).ToArray()));
            Assert.That(Cache.FindManifest(_track.Id)?.Id, Is.EqualTo(_track.Id));
        });
    }

    [Test]
    public void A_whole_track_is_the_file_itself()
    {
        WriteAll();
        Assert.That(File.ReadAllBytes(DataPath), Is.EqualTo(_track.Bytes));
    }

    [TestCase(10_500, ExpectedResult = 11)]
    [TestCase(10_499, ExpectedResult = 10)]
    [TestCase(10_240, ExpectedResult = 10)]
    [TestCase(3_000, ExpectedResult = 2)]
    [TestCase(1, ExpectedResult = 0)]
    [TestCase(0, ExpectedResult = 0)]
    public int A_truncated_file_costs_what_is_cut_off_and_no_more(int length)
    {
        WriteAll();
        using (var data = File.OpenWrite(DataPath))
            data.SetLength(length);
        using var again = Cache.Open(_track.Manifest, default);
        Assert.That(ChunksOf(again), Is.EqualTo(Enumerable.Range(0, again.CachedChunks)));
        return again.CachedChunks;
    }

    [TestCase(0, 0)]
    [TestCase(1023, 0)]
    [TestCase(1024, 1)]
    [TestCase(10_499, 10)]
    public void A_damaged_byte_costs_its_chunk_and_no_more(int at, int chunk)
    {
        WriteAll();
        Damage(DataPath, at);
        using var again = Cache.Open(_track.Manifest, default);
        Assert.That(ChunksOf(again), Is.EqualTo(Enumerable.Range(0, _track.Chunks).Except([chunk])));
        _track.Fill(again, chunk);
        Assert.That(TestTrack.Read(again, chunk), Is.EqualTo(_track.Chunk(chunk).ToArray()));
    }

    [Test]
    public void A_file_that_is_too_long_is_cut_and_costs_nothing()
    {
        WriteAll();
        using (var data = new FileStream(DataPath, FileMode.Append))
            data.Write(new byte[5_000]);
        using (var again = Cache.Open(_track.Manifest, default))
            Assert.That(again.IsComplete, Is.True);
        Assert.That(File.ReadAllBytes(DataPath), Is.EqualTo(_track.Bytes));
    }

    [Test]
    public void A_second_peer_on_the_folder_works_in_its_own_and_leaves_nothing()
    {
        using var first = Cache.Open(_track.Manifest, default);
        _track.Fill(first, 1, 2);
        using (var second = Cache.Open(_track.Manifest, default))
        {
            Assert.That(ChunksOf(second), Is.EqualTo(new[] { 1, 2 }), "what was there is a start");
            Assert.That(Directory.GetDirectories(_folder["private"]), Has.Length.EqualTo(1));
            // What the second writes, even if it were wrong, is none of the first one's business.
            second.Write(1, new byte[1024]);
            _track.Fill(second, 3);
            Assert.That(TestTrack.Read(first, 1), Is.EqualTo(_track.Chunk(1).ToArray()));
            Assert.That(first.Has(3), Is.False);
        }

        Assert.That(Directory.GetDirectories(_folder["private"]), Is.Empty);
        _track.Fill(first, 4);
        first.Dispose();
        using var third = Cache.Open(_track.Manifest, default);
        Assert.That(ChunksOf(third), Is.EqualTo(new[] { 1, 2, 4 }));
        Assert.That(Directory.GetDirectories(_folder["private"]), Is.Empty, "the folder is free again");
    }

    [Test]
    public void Ten_peers_on_one_folder_each_have_what_they_wrote()
    {
        var peers = Enumerable.Range(0, 10).Select(_ => Cache.Open(_track.Manifest, default)).ToArray();
        Parallel.For(0, peers.Length, i => _track.Fill(peers[i], i));
        foreach (var (i, peer) in peers.Index())
        {
            Assert.That(ChunksOf(peer), Is.EqualTo(new[] { i }));
            Assert.That(TestTrack.Read(peer, i), Is.EqualTo(_track.Chunk(i).ToArray()));
            peer.Dispose();
        }

        Assert.That(Directory.GetDirectories(_folder["private"]), Is.Empty);
    }

    [Test]
    public void What_a_killed_process_left_is_removed_and_what_is_in_use_stays()
    {
        using var first = Cache.Open(_track.Manifest, default);
        using var inUse = Cache.Open(_track.Manifest, default);
        var living = Directory.GetDirectories(_folder["private"]).Single();
        // A killed process leaves its folder, and the lock falls with the process.
        var orphan = _folder["private", "orphan"];
        Directory.CreateDirectory(orphan);
        File.WriteAllBytes(Path.Combine(orphan, "lock"), []);
        File.WriteAllBytes(Path.Combine(orphan, "data"), new byte[100]);
        Directory.CreateDirectory(_folder["private", "empty"]);

        _ = Cache;
        Assert.That(Directory.GetDirectories(_folder["private"]), Is.EqualTo(new[] { living }));
        _track.Fill(inUse, 5);
        Assert.That(TestTrack.Read(inUse, 5), Is.EqualTo(_track.Chunk(5).ToArray()));
    }

    [TestCase(0)]
    [TestCase(11)]
    [TestCase(50)]
    [TestCase(363)]
    public void A_damaged_manifest_is_ignored_and_repaired_when_the_right_one_comes(int at)
    {
        WriteAll();
        Damage(ManifestPath, at);
        Assert.That(Cache.FindManifest(_track.Id), Is.Null);
        using (var again = Cache.Open(_track.Manifest, default))
            Assert.That(again.IsComplete, Is.True, "the chunks are as good as before");
        Assert.That(Cache.FindManifest(_track.Id)?.Id, Is.EqualTo(_track.Id));
    }

    [Test]
    public void A_manifest_that_was_half_written_is_ignored()
    {
        WriteAll();
        File.WriteAllBytes(ManifestPath, _track.Manifest.Encoded[..40]);
        Assert.That(Cache.FindManifest(_track.Id), Is.Null);
        File.WriteAllBytes(ManifestPath, []);
        Assert.That(Cache.FindManifest(_track.Id), Is.Null);
    }

    [Test]
    public void The_manifest_of_another_track_is_ignored()
    {
        WriteAll();
        File.WriteAllBytes(ManifestPath, new TestTrack(5_000, seed: 2).Manifest.Encoded);
        Assert.That(Cache.FindManifest(_track.Id), Is.Null);
    }

    [Test]
    public void A_track_that_was_never_here_is_not_found() => Assert.That(Cache.FindManifest(_track.Id), Is.Null);

    [Test]
    public void A_folder_that_cannot_be_made_is_one_clear_line()
    {
        var file = _folder.Write("file", [1]);
        Assert.That(
            () => new TrackCache(Path.Combine(file, "cache")),
            Throws.TypeOf<JamException>().With.Message.Contains(file).And.Message.Contains("--cache DIR"));
    }

    [Test]
    [Platform("Linux")]
    public void What_a_full_disk_does_not_take_is_kept_in_memory()
    {
        // Every write to this device fails for want of space.
        var full = File.OpenHandle("/dev/full", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        var folderLock = new FileStream(_folder["lock"], FileMode.Create);
        using var storage = new CacheStorage(_track.Manifest, new Bitfield(_track.Chunks), full, folderLock, null);
        var problem = storage.Write(3, _track.Chunk(3));
        Assert.That(problem, Is.Not.Null.And.Contains("space"));
        Assert.That(storage.Has(3), Is.True);
        Assert.That(TestTrack.Read(storage, 3), Is.EqualTo(_track.Chunk(3).ToArray()));
        var tail = new byte[24];
        Assert.That(storage.Read(3, 1000, tail), Is.EqualTo(24));
        Assert.That(tail, Is.EqualTo(_track.Chunk(3)[1000..].ToArray()));
    }

    private static IEnumerable<int> ChunksOf(TrackStorage storage)
    {
        var have = storage.Have();
        return Enumerable.Range(0, have.Length).Where(chunk => have[chunk]);
    }

    private static void Damage(string path, int at)
    {
        var bytes = File.ReadAllBytes(path);
        bytes[at] ^= 0x40;
        File.WriteAllBytes(path, bytes);
    }

    private void WriteAll()
    {
        using var storage = Cache.Open(_track.Manifest, default);
        _track.FillAll(storage);
    }
}
