using System.Text.RegularExpressions;
using Jam.Server.Contracts;
using Jam.Tests.Server;
using NUnit.Framework;
using static Microsoft.Playwright.Assertions;

namespace Jam.Tests.Page;

[TestFixture]
[CancelAfter(120_000)]
internal sealed class ReconnectTests
{
    [Test]
    public async Task A_server_that_is_killed_and_started_again_finds_its_room_as_the_pages_left_it(CancellationToken ct)
    {
        var server = await ServerProcess.StartAsync(ct);
        try
        {
            await using var host = await RoomPageTests.HostAsync(server.Port);
            await using var viewer = await RoomTab.OpenAsync(server.Port, "bo");
            await host.Play.ClickAsync();
            await viewer.IsPlayingAsync();
            var hostId = await IdAsync(host);

            server.Kill();
            foreach (var tab in new[] { host, viewer })
                await Expect(tab.Page.Locator("#status")).ToHaveTextAsync("connection lost, trying again");
            await Expect(viewer.Play).ToBeDisabledAsync();
            await host.Play.ClickAsync();
            await Expect(host.Page.Locator("#alerts")).ToContainTextAsync("Not sent: the connection is lost");
            var lost = await viewer.PositionAsync();
            await RoomPageTests.Until(async () => await viewer.PositionAsync() > lost + 1, ct);

            var port = server.Port;
            server.Dispose();
            server = await ServerProcess.StartAsync(ct, port);
            foreach (var tab in new[] { host, viewer })
                await Expect(tab.Page.Locator("#status")).ToHaveTextAsync("connected");
            await Expect(viewer.Page.Locator("#queue .track-title")).ToHaveTextAsync(["one", "two", "three"]);
            await viewer.IsPlayingAsync();
            Assert.That(await viewer.PositionAsync(), Is.GreaterThan(lost + 1), "the music went on");
            Assert.That(await IdAsync(host), Is.EqualTo(hostId), "the host is itself again");
            await Expect(viewer.Member("ana")).ToContainTextAsync("host");
            await host.Play.ClickAsync();
            await viewer.IsSilentAsync();
        }
        finally
        {
            server.Dispose();
        }
    }

    [Test]
    public async Task A_reload_keeps_the_place_and_a_second_tab_of_it_ends_the_first(CancellationToken ct)
    {
        using var server = await ServerProcess.StartAsync(ct);
        await using var host = await RoomPageTests.HostAsync(server.Port);
        var id = await IdAsync(host);
        await host.Page.ReloadAsync();
        await Expect(host.Page.Locator("#status")).ToHaveTextAsync("connected");
        await Expect(host.Member("ana")).ToContainTextAsync("host");
        Assert.That(await IdAsync(host), Is.EqualTo(id));

        var second = await host.Page.Context.NewPageAsync();
        await second.AddInitScriptAsync($"sessionStorage.setItem('jam:member:jam', {System.Text.Json.JsonSerializer.Serialize(await MemberAsync(host))})");
        await second.GotoAsync($"http://127.0.0.1:{server.Port}/room/jam");
        await Expect(second.Locator("#status")).ToHaveTextAsync("connected");
        await Expect(host.Page.Locator("#status")).ToHaveTextAsync("not in the room");
        await Expect(host.Page.Locator("#alerts")).ToContainTextAsync("another tab");
    }

    [Test]
    public async Task A_page_that_never_heard_its_welcome_is_itself_on_the_next_connection(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        using var other = await WebSocketClient.JoinAsync(server.Port, Role.Viewer, "bo", ct);
        var connections = 0;
        Task? closing = null;
        await using var tab = await RoomTab.OpenAsync(server.Port, "ana", prepare: page => page.RouteWebSocketAsync(new Regex("/ws/"), ws =>
        {
            var isFirst = connections++ == 0;
            var there = ws.ConnectToServer();
            // The server's end stands, as that of a phone does that has gone behind a wall.
            ws.OnMessage(frame => there.Send(frame.Text!));
            there.OnMessage(frame =>
            {
                if (!isFirst)
                    ws.Send(frame.Text!);
                else if (frame.Text!.Contains("\"WELCOME\"", StringComparison.Ordinal))
                    closing = ws.CloseAsync();
            });
            ws.OnClose((_, _) => { });
        }));
        Assert.That(connections, Is.EqualTo(2));
        await closing!;
        await Expect(tab.Page.Locator("#members tr")).ToHaveCountAsync(2);
        await Expect(tab.Member("ana")).ToContainTextAsync("you");
        Assert.That((await other.NextAsync<PeerJoined>(ct)).Member.Name, Is.EqualTo("ana"));
    }

    private static Task<string> MemberAsync(RoomTab tab) => tab.Page.EvaluateAsync<string>("sessionStorage.getItem('jam:member:jam')");

    private static Task<string> IdAsync(RoomTab tab) => tab.Page.EvaluateAsync<string>("JSON.parse(sessionStorage.getItem('jam:member:jam')).peer_id");
}
