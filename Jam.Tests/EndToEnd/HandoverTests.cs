using Jam.Peer.Session;
using Jam.Server.Contracts;
using Jam.Tests.Storage;
using NUnit.Framework;

namespace Jam.Tests.EndToEnd;

/// <summary>The host goes, and with it the server; the music does not.</summary>
[CancelAfter(120_000)]
internal sealed class HandoverTests
{
    private TempFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TempFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public async Task Viewers_play_on_without_the_host_and_follow_the_next_one_without_a_jump(CancellationToken ct)
    {
        await using var room = await PlayingRoom.StartAsync(_folder.Path, null, ct);
        var (viewers, starts, hostId) = (room.Viewers, room.Starts, room.Host.Report.PeerId);

        await room.Host.DisposeAsync();
        foreach (var (i, viewer) in viewers.Index())
        {
            await viewer.UntilAsync(r => !r.ServerConnected && viewer.Notices.Any(IsServerGone), ct);
            var then = viewer.Report.Playback.PositionUs;
            await viewer.UntilAsync(r => r.Playback is { Sounding: true, PositionUs: var now } && now > then + 500_000, ct);
            Assert.That(viewer.SteadyStartUs(), Is.EqualTo(starts[i]).Within(PlayingRoom.JumpUs), viewer.Report.Name);
            Assert.That(viewer.Notices.Count(IsServerGone), Is.EqualTo(1), () => string.Join('\n', viewer.Notices));
            Assert.That(viewer.Report.Links.Select(l => l.Name), Is.EquivalentTo(viewers.Where(v => v != viewer).Select(v => v.Report.Name)));
        }

        await using var next = await room.StartNextHostAsync(ct);
        Assert.That((next.Report.ListenPort, new Uri(next.Report.Server!).Port), Is.EqualTo((room.SwarmPort, room.ServerPort)));
        foreach (var (i, viewer) in viewers.Index())
        {
            await viewer.UntilAsync(r => r.ServerConnected && r.MembersInRoom == 3 && r.Links.Any(l => l.PeerId == next.Report.PeerId), ct);
            // On the next authority's clock as soon as that is measured.
            await viewer.UntilAsync(
                r => r.Playback is { Status: PlaybackStatus.Play, Sounding: true } && Math.Abs(viewer.SteadyStartUs() - starts[i]) < PlayingRoom.JumpUs, ct);
            Assert.That(viewer.Notices.Count(n => n.EndsWith(" again", StringComparison.Ordinal)), Is.EqualTo(1));
        }

        // The next host follows what never stopped, and controls it.
        await next.UntilAsync(r => r is { Role: Role.Host, Playback: { Status: PlaybackStatus.Play, Sounding: true } }, ct);
        await next.UntilAsync(_ => Math.Abs(next.SteadyStartUs() - starts[0]) < PlayingRoom.JumpUs, ct);
        Assert.That(next.Report.PeerId, Is.Not.EqualTo(hostId));
        await next.Session.PauseAsync(ct);
        foreach (var viewer in viewers)
            await viewer.UntilAsync(r => r.Playback.Status == PlaybackStatus.Pause, ct);
    }

    [Test]
    public async Task A_viewer_that_goes_is_named_and_costs_the_others_nothing(CancellationToken ct)
    {
        await using var host = await TestPeer.StartHostAsync(
            TestPeer.Options("host", _folder.Path) with { TestPattern = new TestPattern(100, 8192), UpLimitBytesPerSecond = 600_000 }, ct);
        await using var one = await TestPeer.StartViewerAsync(TestPeer.Options("one", _folder.Path), host, ct);
        var two = await TestPeer.StartViewerAsync(TestPeer.Options("two", _folder.Path), host, ct);
        await two.UntilAsync(r => r.Track is { ChunksHave: > 5 }, ct);
        await two.DisposeAsync();
        await one.CompletedAsync(1, ct);
        await one.UntilAsync(r => r.MembersInRoom == 2 && r.Links.Count == 1, ct);
        Assert.That(one.Notices.Count(n => n.StartsWith("two left", StringComparison.Ordinal)), Is.EqualTo(1));
        Assert.That(one.Notices, Has.None.Contains("lost the connection"), "it said good-bye");
    }

    private static bool IsServerGone(string notice) => notice.StartsWith("the server is gone", StringComparison.Ordinal);
}
