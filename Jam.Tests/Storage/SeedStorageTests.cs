using Jam.Peer.Session;
using Jam.Peer.Storage;
using Jam.Peer.Wire;
using Jam.Tests.Fakes;
using NUnit.Framework;

namespace Jam.Tests.Storage;

/// <summary>A file is seeded as it lies there, or not at all.</summary>
internal sealed class SeedStorageTests
{
    private TempFolder _folder = null!;
    private byte[] _bytes = null!;
    private string _file = null!;

    [SetUp]
    public void MakeFile()
    {
        _folder = new TempFolder();
        _bytes = new byte[40_000];
        new Random(3).NextBytes(_bytes);
        _file = _folder.Write("song.mp3", _bytes);
    }

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void Every_chunk_is_there_and_matches_the_manifest()
    {
        using var storage = SeedStorage.Open(_file, default);
        Assert.That(storage.IsComplete, Is.True);
        var all = Enumerable.Range(0, storage.Manifest.ChunkCount).Select(chunk => TestTrack.Read(storage, chunk)).ToArray();
        Assert.That(all.SelectMany(b => b), Is.EqualTo(_bytes));
        Assert.That(all.Select((b, chunk) => storage.Manifest.IsGood(chunk, b)), Has.All.True);
    }

    [Test]
    public void A_copy_under_another_name_is_the_same_track()
    {
        using var one = SeedStorage.Open(_file, default);
        using var two = SeedStorage.Open(_folder.Write("copy.mp3", _bytes), default);
        Assert.That(two.Manifest.Id, Is.EqualTo(one.Manifest.Id));
    }

    [Test]
    public void A_file_that_changes_while_it_is_seeded_is_an_error_and_never_a_wrong_chunk()
    {
        using var storage = SeedStorage.Open(_file, default);
        var chunkSize = storage.Manifest.ChunkSizeBytes;
        using (var other = new FileStream(_file, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            other.Position = chunkSize + 5;
            other.WriteByte((byte)~_bytes[chunkSize + 5]);
        }

        Assert.That(() => TestTrack.Read(storage, 1), Throws.TypeOf<IOException>().With.Message.Contains(_file).And.Message.Contains("changed"));
        Assert.That(TestTrack.Read(storage, 0), Is.EqualTo(_bytes[..chunkSize]), "what did not change is as good as before");
    }

    [Test]
    public void A_file_that_shrinks_while_it_is_seeded_is_an_error()
    {
        using var storage = SeedStorage.Open(_file, default);
        using (var other = new FileStream(_file, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            other.SetLength(20_000);
        Assert.That(() => TestTrack.Read(storage, 1), Throws.InstanceOf<IOException>());
        Assert.That(() => TestTrack.Read(storage, 2), Throws.InstanceOf<IOException>());
    }

    [Test]
    [Platform("Linux")]
    public void What_is_no_file_is_refused_rather_than_waited_for()
    {
        // A device has no length, just as a pipe has none; opening a pipe would wait for whoever writes into it.
        Assert.That(
            () => SeedLoader.Load("/dev/zero", default), Throws.TypeOf<JamException>().With.Message.Contains("a pipe or a device"));
    }

    [Test]
    public void Hashing_something_large_says_how_far_it_is()
    {
        var (time, said) = (new ManualTimeProvider(), new List<string>());
        var progress = new HashProgress("/music/long.wav", 1_000, time, said.Add);
        for (var i = 0; i < 10; i++)
        {
            time.Advance(TimeSpan.FromSeconds(0.9));
            progress.Add(100);
        }

        Assert.That(said, Is.EqualTo(new[] { "hashing long.wav: 30 % of 1 kB", "hashing long.wav: 60 % of 1 kB", "hashing long.wav: 90 % of 1 kB" }));
    }

    [Test]
    public void Seeding_tells_how_many_bytes_were_hashed()
    {
        var hashed = 0;
        using var storage = SeedStorage.Open(_file, default, bytes => hashed += bytes);
        Assert.That(hashed, Is.EqualTo(_bytes.Length));
    }

    [Test]
    public void An_empty_file_is_one_clear_line() => Assert.That(
        () => SeedStorage.Open(_folder.Write("empty.mp3", []), default),
        Throws.TypeOf<JamException>().With.Message.Contains("empty.mp3").And.Message.Contains("it is empty"));

    [Test]
    public void A_missing_file_is_one_clear_line() => Assert.That(
        () => SeedStorage.Open(_folder["nowhere.mp3"], default),
        Throws.TypeOf<JamException>().With.Message.Contains("nowhere.mp3").And.Message.Not.Contain("\n"));

    [Test]
    public void A_folder_is_one_clear_line() => Assert.That(
        () => SeedStorage.Open(_folder.Make("album"), default),
        Throws.TypeOf<JamException>().With.Message.Contains("album").And.Message.Contains("folder"));

    [Test]
    public void Opening_can_be_cancelled()
    {
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.That(() => SeedStorage.Open(_file, cancelled.Token), Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public void What_the_command_line_seeds_fails_with_one_clear_line_too()
    {
        foreach (var path in new[] { _folder["nowhere.mp3"], _folder.Make("album"), _folder.Write("empty.mp3", []), _file })
        {
            Assert.That(
                () => SeedLoader.Load(path, default),
                Throws.TypeOf<JamException>().With.Message.Contains(path).And.Message.Not.Contain("\n"), path);
        }
    }

    [Test]
    public void More_chunks_than_a_manifest_holds_are_one_clear_line() => Assert.That(
        () => PatternStorage.Create(new TestPattern(Manifest.MaxChunks + 1, 1024), default),
        Throws.TypeOf<JamException>().With.Message.Contains($"{Manifest.MaxChunks}"));
}
