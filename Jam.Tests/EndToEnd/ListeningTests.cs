using Jam.Peer.Session;
using Jam.Server.Contracts;
using Jam.Tests.Audio;
using Jam.Tests.Storage;
using NUnit.Framework;

namespace Jam.Tests.EndToEnd;

/// <summary>Whole peers over loopback with a real track: everyone is at the same place, and only the host says which.</summary>
[CancelAfter(90_000)]
internal sealed class ListeningTests
{
    /// <summary>How far two peers may be apart by their own reports, microseconds; each report is taken at another instant.</summary>
    private const long TogetherUs = 20_000;

    private TempFolder _folder = null!;
    private TestPeer _host = null!;

    [SetUp]
    public async Task StartHost()
    {
        _folder = new TempFolder();
        _host = await TestPeer.StartHostAsync(
            TestPeer.Options("host", _folder.Path) with { SeedFiles = [SampleTrack.Path], UpLimitBytesPerSecond = 2_000_000 }, default);
    }

    [TearDown]
    public async Task StopHost()
    {
        await _host.DisposeAsync();
        _folder.Dispose();
    }

    [Test]
    public async Task Everyone_plays_the_same_place_whenever_they_came_and_has_the_file_bit_by_bit(CancellationToken ct)
    {
        await using var one = await ViewerAsync("one", ct);
        await one.UntilAsync(r => r.Track is { ChunksHave: > 3 }, ct);
        Assert.That(await _host.Session.PlayAsync(null, ct), Does.StartWith("playing track.mp3"));
        await PlayingTogetherAsync(ct, _host, one);

        await using var late = await ViewerAsync("late", ct);
        await PlayingTogetherAsync(ct, _host, one, late);

        await _host.Session.SeekAsync(12_000_000, ct);
        // A change takes effect a moment later, everywhere at once.
        await _host.UntilAsync(r => r.Playback.PositionUs > 11_900_000, ct);
        await PlayingTogetherAsync(ct, _host, one, late);
        Assert.That(late.Report.Playback.PositionUs, Is.GreaterThan(11_900_000));

        await _host.Session.PauseAsync(ct);
        foreach (var peer in new[] { _host, one, late })
            await peer.UntilAsync(r => r.Playback is { Status: PlaybackStatus.Pause, Sounding: false }, ct);
        Assert.That(one.Report.Playback.PositionUs, Is.EqualTo(_host.Report.Playback.PositionUs));
        Assert.That(late.Report.Playback.PositionUs, Is.EqualTo(_host.Report.Playback.PositionUs));

        foreach (var peer in new[] { one, late })
        {
            await peer.CompletedAsync(1, ct);
            Assert.That(File.ReadAllBytes(peer.Report.Track!.SavedAs!), Is.EqualTo(File.ReadAllBytes(SampleTrack.Path)));
            Assert.That(Path.GetFileName(peer.Report.Track!.SavedAs), Is.EqualTo("track.mp3"));
        }
    }

    [Test]
    public async Task Only_the_host_controls(CancellationToken ct)
    {
        await using var viewer = await ViewerAsync("viewer", ct);
        await viewer.UntilAsync(r => r.Track is not null, ct);
        var before = (_host.Report.Playback.Status, _host.Report.Playback.PositionUs, _host.Report.Track!.TrackId);
        var commands = new Func<Task<string>>[]
        {
            () => viewer.Session.PlayAsync(null, ct), () => viewer.Session.PauseAsync(ct), () => viewer.Session.SeekAsync(5_000_000, ct),
            () => viewer.Session.StopPlaybackAsync(ct), () => viewer.Session.SelectTrackAsync(1, ct),
        };
        foreach (var command in commands)
            Assert.That(async () => await command(), Throws.TypeOf<JamException>().With.Message.Contains("host"));
        // A command of the host's comes after those on the server's one loop: what they could have changed shows by then.
        await _host.Session.PauseAsync(ct);
        Assert.That((_host.Report.Playback.Status, _host.Report.Playback.PositionUs, _host.Report.Track!.TrackId), Is.EqualTo(before));
        Assert.That(viewer.Report.Role, Is.EqualTo(Role.Viewer));
    }

    [Test]
    public async Task A_command_that_changes_nothing_is_answered_all_the_same(CancellationToken ct)
    {
        await _host.UntilAsync(r => r.Track is not null, ct);
        Assert.That(await _host.Session.PauseAsync(ct), Does.StartWith("track.mp3 is paused"));
        await _host.Session.PlayAsync(null, ct);
        Assert.That(await _host.Session.PlayAsync(null, ct), Does.StartWith("playing track.mp3"));
        await _host.Session.StopPlaybackAsync(ct);
        Assert.That(await _host.Session.StopPlaybackAsync(ct), Is.EqualTo("track.mp3 is stopped"));
    }

    [Test]
    public async Task A_second_track_is_listed_fetched_and_chosen(CancellationToken ct)
    {
        await using var viewer = await ViewerAsync("viewer", ct);
        var second = _folder.Write("second.mp3", [.. Mp3Bytes.Id3(5_000), .. SampleTrack.Bytes()]);
        Assert.That(await _host.Session.SeedAsync(second, ct), Does.StartWith("seeding second.mp3"));
        await viewer.UntilAsync(r => r.Playlist.Select(t => t.Name).SequenceEqual(["track.mp3", "second.mp3"]), ct);
        await viewer.CompletedAsync(2, ct);
        Assert.That(File.ReadAllBytes(viewer.Report.Playlist[1].SavedAs!), Is.EqualTo(File.ReadAllBytes(second)));
        Assert.That(viewer.Report.Track!.Name, Is.EqualTo("track.mp3"), "what plays has not changed");

        await _host.Session.PlayAsync(null, ct);
        await PlayingTogetherAsync(ct, _host, viewer);
        Assert.That(await _host.Session.SelectTrackAsync(2, ct), Does.StartWith("playing second.mp3"));
        await viewer.UntilAsync(r => r.Track?.Name == "second.mp3", ct);
        await PlayingTogetherAsync(ct, _host, viewer);
        Assert.That(
            async () => await _host.Session.SelectTrackAsync(3, ct), Throws.TypeOf<JamException>().With.Message.Contains("2 tracks"));
    }

    private Task<TestPeer> ViewerAsync(string name, CancellationToken cancellationToken) =>
        TestPeer.StartViewerAsync(TestPeer.Options(name, _folder.Path), _host, cancellationToken);

    // Sounding, and at the same place of the track at the same instant.
    private static async Task PlayingTogetherAsync(CancellationToken cancellationToken, params TestPeer[] peers)
    {
        foreach (var peer in peers)
        {
            await peer.UntilAsync(
                r => r.Playback is { Status: PlaybackStatus.Play, Sounding: true }
                    && Math.Abs(TestPeer.StartUs(r) - TestPeer.StartUs(peers[0].Report)) < TogetherUs,
                cancellationToken);
        }
    }
}
