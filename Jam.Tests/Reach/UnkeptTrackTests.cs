using Jam.Peer.Session;
using Jam.Peer.Storage;
using Jam.Peer.Wire;
using Jam.Server.Contracts;
using Jam.Tests.Check;
using NUnit.Framework;

namespace Jam.Tests.Reach;

/// <summary>A disk that takes nothing costs one line, not the music.</summary>
[CancelAfter(60_000)]
internal sealed class UnkeptTrackTests
{
    [Test]
    public async Task A_viewer_whose_cache_cannot_be_written_says_so_once_and_gets_the_track_all_the_same(CancellationToken ct)
    {
        await using var room = await TestRoom.StartAsync(ct);
        await room.WhereAsync(ct);
        var file = Path.GetTempFileName();
        try
        {
            // A file where the folder should be cannot be written into, whoever tries.
            await using var viewer = new JamSession(
                new SessionOptions
                {
                    Name = "v", Connect = [room.Peer], ListenPort = 0, CacheFolder = Path.Combine(file, "cache"), Output = OutputKind.Null,
                },
                TimeProvider.System);
            await viewer.StartAsync(ct);
            var said = new List<string>();
            await foreach (var line in viewer.Notices.WithCancellation(ct))
            {
                said.Add(line);
                if (line.EndsWith("is complete and verified", StringComparison.Ordinal))
                    break;
            }

            Assert.That(said.Count(line => line.Contains("kept in memory")), Is.EqualTo(1), string.Join('\n', said));
            Assert.That(said[0], Does.Contain("cannot write the cache folder").And.Contain("--cache DIR"));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Test]
    public async Task A_track_folder_that_cannot_be_made_costs_one_line_for_all_tracks(CancellationToken ct)
    {
        var folder = Directory.CreateTempSubdirectory("jam-unkept-").FullName;
        try
        {
            var cache = new TrackCache(folder);
            var said = new List<string>();
            var shelf = new TrackShelf(cache, null, said.Add);
            await using var swarm = new Jam.Peer.Network.SwarmLoop(new Jam.Peer.Swarm.SwarmSettings(), new NoOwner(), TimeProvider.System);
            shelf.Attach(swarm);
            var opened = 0;
            var both = new TaskCompletionSource();
            shelf.Opened += _ =>
            {
                if (++opened == 2)
                    both.SetResult();
            };
            // A file in place of the folder of all tracks: as a full disk does, it lets nothing be made.
            Directory.Delete(Path.Combine(folder, "tracks"));
            await File.WriteAllBytesAsync(Path.Combine(folder, "tracks"), [], ct);
            foreach (var fill in new byte[] { 1, 2 })
            {
                var manifest = Manifest.Create(1024, 1024, [.. Enumerable.Repeat(fill, Manifest.HashSize)]);
                await shelf.WantAsync(new TrackInfo(manifest.Id.ToString(), "t", 1024, 1024), 0, ct);
                shelf.Open(manifest);
            }

            await both.Task.WaitAsync(ct);
            Assert.That(said, Has.Count.EqualTo(1));
            Assert.That(said[0], Does.Contain("cannot use the cache folder").And.Contain("plays all the same"));
            await shelf.DisposeAsync();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Test]
    public void What_is_kept_in_memory_reads_as_it_was_written()
    {
        using var storage = new InMemoryStorage(Manifest.Create(2_500, 1024, new byte[3 * Manifest.HashSize]));
        var last = Enumerable.Range(0, 452).Select(i => (byte)i).ToArray();
        Assert.That(storage.Write(2, last), Is.Null);
        var buffer = new byte[600];
        Assert.That(storage.Read(2, 2, buffer), Is.EqualTo(450));
        Assert.That(buffer[..450], Is.EqualTo(last[2..]));
        Assert.That(() => storage.Read(0, 0, buffer), Throws.InstanceOf<IOException>());
        Assert.That((storage.Has(2), storage.Has(0), storage.CachedChunks), Is.EqualTo((true, false, 0)));
    }

    private sealed class NoOwner : Jam.Peer.Network.ISwarmOwner
    {
        public void OnManifest(Manifest manifest)
        {
        }

        public void OnCompleted(TrackId track)
        {
        }

        public void OnDropped(Jam.Peer.Network.PeerConnection connection, string why, bool ban)
        {
        }

        public void OnStorageProblem(TrackId track, string problem)
        {
        }
    }
}
