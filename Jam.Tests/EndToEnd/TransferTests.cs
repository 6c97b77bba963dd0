using Jam.Peer.Session;
using Jam.Tests.Audio;
using Jam.Tests.Storage;
using NUnit.Framework;

namespace Jam.Tests.EndToEnd;

/// <summary>Whole peers over loopback: every byte arrives, from whoever has it, once.</summary>
[CancelAfter(90_000)]
internal sealed class TransferTests
{
    private static readonly TestPattern Pattern = new(120, 4096);

    private TempFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TempFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public async Task Two_viewers_complete_and_give_each_other_part_of_it_and_a_second_run_fetches_nothing(CancellationToken ct)
    {
        await using var host = await TestPeer.StartHostAsync(
            TestPeer.Options("host", _folder.Path) with { TestPattern = Pattern, UpLimitBytesPerSecond = 400_000 }, ct);
        var options = TestPeer.Options("one", _folder.Path);
        PeerReport first;
        await using (var one = await TestPeer.StartViewerAsync(options, host, ct))
        await using (var two = await TestPeer.StartViewerAsync(TestPeer.Options("two", _folder.Path), host, ct))
        {
            await one.CompletedAsync(1, ct);
            await two.CompletedAsync(1, ct);
            first = one.Report;
            foreach (var report in new[] { first, two.Report })
            {
                var track = report.Track!;
                Assert.Multiple(() =>
                {
                    Assert.That(track.Chunks, Is.EqualTo(Pattern.Chunks));
                    Assert.That(track.ChunksFromHost + track.ChunksFromPeers, Is.EqualTo(Pattern.Chunks), "nothing was fetched twice");
                    Assert.That(track.ChunksFromPeers, Is.Positive, $"{report.Name} traded");
                    Assert.That(track.ChunksFromHost, Is.Positive);
                    Assert.That(track.BadChunks, Is.Zero);
                    Assert.That(track.BytesDown, Is.EqualTo(track.LengthBytes));
                    Assert.That(report.MembersInRoom, Is.EqualTo(3));
                    Assert.That(report.Links.Select(l => l.PeerId).Distinct().Count(), Is.EqualTo(2));
                    Assert.That(report.Links, Has.Count.EqualTo(2));
                });
            }

            Assert.That(Saved(two), Is.EqualTo(Saved(one)));
            Assert.That(Saved(one), Is.EqualTo(PatternBytes()));
        }

        await using var again = await TestPeer.StartViewerAsync(options, host, ct);
        await again.CompletedAsync(1, ct);
        var cached = again.Report.Track!;
        Assert.That(
            (cached.ChunksFromCache, cached.ChunksFromHost, cached.ChunksFromPeers, cached.BytesDown), Is.EqualTo((Pattern.Chunks, 0, 0, 0L)));
        Assert.That(cached.SavedAs, Is.EqualTo(first.Track!.SavedAs));
        Assert.That(Directory.GetFiles(options.SaveFolder!), Has.Length.EqualTo(1));
    }

    [Test]
    public async Task Two_viewers_on_one_cache_folder_do_not_spoil_each_other(CancellationToken ct)
    {
        await using var host = await TestPeer.StartHostAsync(
            TestPeer.Options("host", _folder.Path) with { TestPattern = Pattern, UpLimitBytesPerSecond = 1_000_000 }, ct);
        var cache = _folder["shared"];
        await using (var one = await TestPeer.StartViewerAsync(TestPeer.Options("one", _folder.Path) with { CacheFolder = cache }, host, ct))
        await using (var two = await TestPeer.StartViewerAsync(TestPeer.Options("two", _folder.Path) with { CacheFolder = cache }, host, ct))
        {
            await one.CompletedAsync(1, ct);
            await two.CompletedAsync(1, ct);
            Assert.That(Saved(one), Is.EqualTo(PatternBytes()));
            Assert.That(Saved(two), Is.EqualTo(PatternBytes()));
            Assert.That(one.Report.Track!.BadChunks + two.Report.Track!.BadChunks, Is.Zero);
        }

        Assert.That(Directory.GetDirectories(Path.Combine(cache, "private")), Is.Empty);
        Assert.That(Directory.GetDirectories(Path.Combine(cache, "tracks")), Has.Length.EqualTo(1));
    }

    [Test]
    public async Task A_host_s_own_folder_may_be_the_viewers_cache_and_save_folder(CancellationToken ct)
    {
        // One person, one machine, no options: host and viewer share everything.
        var shared = TestPeer.Options("host", _folder.Path);
        await using var host = await TestPeer.StartHostAsync(shared with { TestPattern = Pattern }, ct);
        await using var viewer = await TestPeer.StartViewerAsync(shared with { Name = "viewer" }, host, ct);
        await viewer.CompletedAsync(1, ct);
        Assert.That(Saved(viewer), Is.EqualTo(PatternBytes()));
    }

    [Test]
    public async Task A_viewer_joins_through_another_viewer(CancellationToken ct)
    {
        await using var host = await TestPeer.StartHostAsync(TestPeer.Options("host", _folder.Path) with { TestPattern = Pattern }, ct);
        await using var one = await TestPeer.StartViewerAsync(TestPeer.Options("one", _folder.Path), host, ct);
        await using var two = await TestPeer.StartViewerAsync(TestPeer.Options("two", _folder.Path), one, ct);
        await two.CompletedAsync(1, ct);
        await two.UntilAsync(r => r.Links.Select(l => l.Name).Order().SequenceEqual(["host", "one"]), ct);
        Assert.That(two.Report.Room, Is.EqualTo("jam"));
    }

    [Test]
    public async Task A_peer_that_is_left_stays_away_until_it_is_joined_and_the_track_comes_from_the_others(CancellationToken ct)
    {
        await using var host = await TestPeer.StartHostAsync(TestPeer.Options("host", _folder.Path), ct);
        await using var one = await TestPeer.StartViewerAsync(TestPeer.Options("one", _folder.Path), host, ct);
        await using var two = await TestPeer.StartViewerAsync(TestPeer.Options("two", _folder.Path), host, ct);
        await two.UntilAsync(r => r.Links.Count == 2, ct);
        Assert.That(await two.Session.LeaveAsync(host.Address, ct), Does.StartWith("left 127.0.0.1"));
        await two.UntilAsync(r => r.Links.Select(l => l.Name).SequenceEqual(["one"]), ct);
        await host.UntilAsync(r => r.Links.Select(l => l.Name).SequenceEqual(["one"]), ct);
        Assert.That(
            async () => await two.Session.LeaveAsync(host.Address, ct), Throws.TypeOf<JamException>().With.Message.Contains("no connection"));
        // Long enough to be dialled again, if anyone would: the whole track goes round by the other viewer meanwhile.
        await host.Session.SeedAsync(SampleTrack.Path, ct);
        await two.CompletedAsync(1, ct);
        Assert.That(two.Report.Track!.ChunksFromHost, Is.Zero);
        Assert.That(await two.Session.JoinAsync(host.Address, ct), Does.StartWith("connected to host"));
        await two.UntilAsync(r => r.Links.Count == 2, ct);
    }

    [Test]
    public void A_seed_that_is_not_there_is_one_clear_line(CancellationToken ct)
    {
        var options = TestPeer.Options("host", _folder.Path) with { SeedFiles = [_folder["nowhere.mp3"]] };
        Assert.That(
            async () => await TestPeer.StartHostAsync(options, ct), Throws.TypeOf<JamException>().With.Message.Contains("nowhere.mp3"));
    }

    [Test]
    public async Task A_port_that_is_taken_is_one_clear_line(CancellationToken ct)
    {
        await using var host = await TestPeer.StartHostAsync(TestPeer.Options("host", _folder.Path), ct);
        Assert.That(
            async () => await TestPeer.StartHostAsync(TestPeer.Options("other", _folder.Path) with { ListenPort = host.Report.ListenPort }, ct),
            Throws.TypeOf<JamException>().With.Message.Contains("--listen-port"));
    }

    private static byte[] Saved(TestPeer peer) => File.ReadAllBytes(peer.Report.Track!.SavedAs!);

    private static byte[] PatternBytes()
    {
        using var storage = Jam.Peer.Storage.PatternStorage.Create(Pattern, default);
        return [.. Enumerable.Range(0, Pattern.Chunks).SelectMany(chunk => TestTrack.Read(storage, chunk))];
    }
}
