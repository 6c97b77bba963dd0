using Jam.Server.Contracts;
using Jam.Tests.Audio;
using Jam.Tests.EndToEnd;
using Jam.Tests.Storage;
using NUnit.Framework;
using static Microsoft.Playwright.Assertions;

namespace Jam.Tests.Page;

/// <summary>The server that served the page is gone, and the room is elsewhere. Takes the eight seconds that peers wait for it.</summary>
[TestFixture]
[CancelAfter(120_000)]
internal sealed class MovedPageTests
{
    [Test]
    public async Task A_page_follows_the_room_to_the_peer_that_has_taken_it_over(CancellationToken ct)
    {
        using var folder = new TempFolder();
        var host = await TestPeer.StartHostAsync(TestPeer.Options("ana", folder.Path) with { SeedFiles = [SampleTrack.Path] }, ct);
        await using var viewer = await TestPeer.StartViewerAsync(
            TestPeer.Options("bo", folder.Path) with { Gateway = true, GatewayPort = 0 }, host, ct);
        await viewer.CompletedAsync(1, ct);
        var home = new Uri(host.Report.Server!).Port;
        await using var tab = await RoomTab.OpenAsync(home, "cy");
        await host.Session.PlayAsync(0, ct);
        await tab.IsPlayingAsync();

        await host.DisposeAsync();
        await Expect(tab.Page.Locator("#status")).ToHaveTextAsync("connection lost, trying again");
        var lost = await tab.PositionAsync();
        await viewer.UntilAsync(r => r.ServerConnected && new Uri(r.Server!).Port != home, ct);
        var port = new Uri(viewer.Report.Server!).Port;
        await Expect(tab.Page.Locator("#status")).ToHaveTextAsync($"connected to 127.0.0.1:{port}", new() { Timeout = 30_000 });
        await Expect(tab.Page.Locator("#moved a")).ToHaveAttributeAsync("href", $"http://127.0.0.1:{port}/room/jam");
        await tab.IsPlayingAsync();
        Assert.That(await tab.PositionAsync(), Is.GreaterThan(lost), "the music went on");
        await viewer.UntilAsync(r => r.MembersInRoom == 2 && r.Playback.Status == PlaybackStatus.Play, ct);
        await Expect(tab.Member("bo")).ToBeVisibleAsync();
    }
}
