using Jam.Server.Contracts;
using Jam.Tests.Server;
using Microsoft.Playwright;
using NUnit.Framework;
using static Microsoft.Playwright.Assertions;

namespace Jam.Tests.Page;

/// <summary>A host and two viewers, three pages in three browsers' profiles.</summary>
[TestFixture]
[CancelAfter(120_000)]
internal sealed class RoomPageTests
{
    private const string One = "11112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    private const string Two = "22222233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    private const string Three = "33332233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    private static string Add(string id, string name) =>
        $$"""{"type":"QUEUE","action":"add","track_id":"{{id}}","name":"{{name}}","length_bytes":5000000,"chunk_size_bytes":16384,"duration_us":240000000}""";

    [Test]
    public async Task Three_pages_follow_one_host_through_play_pause_and_seek(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        await using var host = await HostAsync(server.Port);
        await using var phone = await RoomTab.OpenAsync(server.Port, "bo", isPhone: true);
        await using var viewer = await RoomTab.OpenAsync(server.Port, "cy");
        RoomTab[] all = [host, phone, viewer];

        await Expect(viewer.Play).ToBeDisabledAsync();
        await Expect(viewer.Why).ToHaveTextAsync("Only the host, ana, controls this room.");
        await Expect(host.Why).ToBeHiddenAsync();

        await host.Play.ClickAsync();
        foreach (var tab in all)
            await tab.IsPlayingAsync();
        var before = await viewer.PositionAsync();
        await Until(async () => await viewer.PositionAsync() > before + 0.5, ct);

        await DragSeekAsync(host, 0.5);
        foreach (var tab in all)
            await Until(async () => await tab.PositionAsync() is > 115 and < 140, ct);

        await host.Seek.FocusAsync();
        await host.Page.Keyboard.PressAsync("PageUp");
        await Until(async () => await phone.PositionAsync() > 145, ct);

        await host.Play.ClickAsync();
        foreach (var tab in all)
            await tab.IsSilentAsync();
        // Until the instant that PAUSE names, the music goes on.
        await Until(async () => await host.PositionAsync() == await phone.PositionAsync() && await phone.PositionAsync() == await viewer.PositionAsync(), ct);

        await host.Page.Locator("body").ClickAsync(new() { Position = new() { X = 700, Y = 880 } });
        await host.Page.Keyboard.PressAsync("Space");
        await viewer.IsPlayingAsync();
    }

    [Test]
    public async Task The_host_role_is_handed_over_and_control_goes_with_it(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        await using var host = await HostAsync(server.Port);
        await using var viewer = await RoomTab.OpenAsync(server.Port, "bo");

        await host.Member("bo").Locator("summary").ClickAsync();
        await host.Page.GetByRole(AriaRole.Button, new() { Name = "Hand the host role over" }).ClickAsync();
        await Expect(host.Why).ToHaveTextAsync("Only the host, bo, controls this room.");
        await Expect(viewer.Member("bo")).ToContainTextAsync("host");
        await viewer.Play.ClickAsync();
        await host.IsPlayingAsync();

        await viewer.Page.Locator("#policy-control").CheckAsync();
        await Expect(host.Why).ToBeHiddenAsync();
        await host.Play.ClickAsync();
        await viewer.IsSilentAsync();

        await viewer.Page.Locator("#role").ClickAsync();
        await host.Page.Locator("#role").ClickAsync();
        await Expect(viewer.Member("ana")).ToContainTextAsync("host");
    }

    [Test]
    public async Task A_step_of_ones_own_lane_is_seen_by_all_and_nobody_elses_can_be_changed(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        await using var host = await HostAsync(server.Port);
        await using var viewer = await RoomTab.OpenAsync(server.Port, "bo", hash: "#loop");
        await host.ShowAsync("Beat and loop");
        await host.Page.Locator("#loop-on").CheckAsync();
        await Expect(viewer.Page.Locator("#loop-on")).ToBeDisabledAsync();

        await viewer.Page.GetByLabel("snare").CheckAsync();
        // Noted by the page itself: the loop may start anew a moment after the click, between two looks from outside.
        await viewer.Page.Locator("#loop-heard").EvaluateAsync(
            "heard => { window.said = []; new MutationObserver(() => said.push(heard.textContent)).observe(heard, { childList: true, characterData: true, subtree: true }); }");
        await viewer.MyLane.GetByRole(AriaRole.Button, new() { Name = "Step 5", Exact = true }).ClickAsync();
        var seen = host.Page.GetByRole(AriaRole.Img, new() { Name = "Lane of bo: snare on 5" });
        await Expect(seen).ToBeVisibleAsync();
        Assert.That(await seen.Locator("button").CountAsync(), Is.Zero);
        await viewer.Page.WaitForFunctionAsync("() => said.some(text => text.includes('heard when the loop starts anew'))");
        await Expect(viewer.Page.Locator("#loop-heard")).ToHaveTextAsync("What you see is what sounds.");

        await viewer.Page.Keyboard.PressAsync("ArrowRight");
        await viewer.Page.Keyboard.PressAsync("Space");
        await Expect(host.Page.GetByRole(AriaRole.Img, new() { Name = "Lane of bo: snare on 5, snare on 6" })).ToBeVisibleAsync();
        await viewer.Page.GetByRole(AriaRole.Button, new() { Name = "Clear my lane" }).ClickAsync();
        await Expect(host.Page.GetByRole(AriaRole.Img, new() { Name = "Lane of bo: silent" })).ToBeVisibleAsync();
    }

    [Test]
    public async Task The_list_is_ordered_by_dragging_and_by_buttons_and_next_follows_it(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        await using var host = await HostAsync(server.Port);
        await using var viewer = await RoomTab.OpenAsync(server.Port, "bo");
        await Order(viewer, "one", "two", "three");

        var grip = host.Page.Locator("#queue li").Nth(2).Locator(".grip");
        var (from, to) = (await Middle(grip), await Middle(host.Page.Locator("#queue li").Nth(0)));
        await host.Page.Mouse.MoveAsync(from.X, from.Y);
        await host.Page.Mouse.DownAsync();
        await host.Page.Mouse.MoveAsync(from.X, (from.Y + to.Y) / 2, new() { Steps = 4 });
        await host.Page.Mouse.MoveAsync(from.X, to.Y - 4, new() { Steps = 4 });
        await host.Page.Mouse.UpAsync();
        await Order(viewer, "three", "one", "two");

        await host.Page.GetByRole(AriaRole.Button, new() { Name = "Move up: two" }).ClickAsync();
        await Order(viewer, "three", "two", "one");
        await Expect(host.Page.GetByRole(AriaRole.Button, new() { Name = "Move up: two" })).ToBeFocusedAsync();
        await Expect(viewer.Page.Locator("#queue button.quiet").First).ToBeHiddenAsync();

        await host.Page.Locator("#queue .track").Nth(0).ClickAsync();
        await Expect(viewer.Page.Locator("#title")).ToHaveTextAsync("three");
        await host.Page.Locator("#next").ClickAsync();
        await Expect(viewer.Page.Locator("#title")).ToHaveTextAsync("two");
        await host.Page.GetByRole(AriaRole.Button, new() { Name = "Remove: one" }).ClickAsync();
        await Order(viewer, "three", "two");
    }

    [Test]
    public async Task A_name_full_of_markup_is_shown_as_it_is(CancellationToken ct)
    {
        const string Evil = "<img src=x onerror=alert(1)><b>bo</b>\"'&amp;";
        await using var server = await TestServer.StartAsync(ct);
        using var evil = await WebSocketClient.JoinAsync(server.Port, Role.Host, Evil, ct);
        await evil.SayAsync(new Queue("add", new TrackInfo(One, "<script>document.title='x'</script>.mp3", 5, 16_384)), ct);
        await evil.SayAsync(new SetTrack(One), ct);
        await evil.SayAsync(new LoopUpdate([new LoopStep(null, "<i>kick</i>"), .. new LoopStep?[15]]), ct);
        await evil.SayAsync(new Blob("\"<svg onload=alert(1)>\""), ct);
        await using var tab = await RoomTab.OpenAsync(server.Port, "ana");
        await Expect(tab.Member(Evil)).ToBeVisibleAsync();
        await Expect(tab.Why).ToHaveTextAsync($"Only the host, {Evil}, controls this room.");
        foreach (var view in new[] { "Beat and loop", "Swarm", "Protocol" })
            await tab.ShowAsync(view);
        Assert.That(await tab.Page.Locator("main b, main script, main img:not(#cover):not([class=qr])").CountAsync(), Is.Zero);

        await tab.Page.GotoAsync($"http://127.0.0.1:{server.Port}/");
        await Expect(tab.Page.GetByText(Evil + " (host)", new() { Exact = false })).ToBeVisibleAsync();
        Assert.That(await tab.Page.Locator("main b, main script, main img").CountAsync(), Is.Zero);
    }

    [Test]
    public async Task A_blob_goes_to_the_member_that_was_chosen(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        using var friend = await WebSocketClient.JoinAsync(server.Port, Role.Viewer, "friend", ct);
        await using var tab = await RoomTab.OpenAsync(server.Port, "ana", hash: "#protocol");
        await tab.Page.Locator("#blob-to").SelectOptionAsync(new SelectOptionValue { Label = "friend" });
        await tab.Page.Locator("#blob-data").FillAsync("""{"a":1}""");
        await tab.Page.GetByRole(AriaRole.Button, new() { Name = "Send BLOB" }).ClickAsync();
        var blob = await friend.NextAsync<BlobRelay>(ct);
        Assert.That((blob.Data, blob.IsPrivate), Is.EqualTo(("""{"a":1}""", true)));
        await friend.SayAsync(new Blob("\"hello\""), ct);
        await Expect(tab.Page.Locator(".log .is-in").Filter(new() { HasText = "hello" })).ToBeVisibleAsync();
        Assert.That(await tab.Page.Locator(".log").InnerTextAsync(), Does.Not.Match("resume_token\":\"[0-9a-f]"), "secrets are not shown");
    }

    /// <summary>A host with three tracks of four minutes.</summary>
    internal static async Task<RoomTab> HostAsync(int port)
    {
        var host = await RoomTab.OpenAsync(port, "ana");
        await host.Page.Locator("#role").ClickAsync();
        await Expect(host.Why).ToBeHiddenAsync();
        await host.SayAsync(Add(One, "one.mp3"));
        await host.SayAsync(Add(Two, "two.mp3"));
        await host.SayAsync(Add(Three, "three.mp3"));
        await host.SayAsync($$"""{"type":"SET_TRACK","track_id":"{{One}}"}""");
        await Expect(host.Page.Locator("#title")).ToHaveTextAsync("one");
        return host;
    }

    internal static async Task Until(Func<Task<bool>> condition, CancellationToken ct)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!await condition())
            await timer.WaitForNextTickAsync(ct);
    }

    private static Task Order(RoomTab tab, params string[] titles) => Expect(tab.Page.Locator("#queue .track-title")).ToHaveTextAsync(titles);

    private static async Task DragSeekAsync(RoomTab tab, double share)
    {
        var box = (await tab.Seek.BoundingBoxAsync())!;
        var y = box.Y + box.Height / 2;
        await tab.Page.Mouse.MoveAsync(box.X + 12, y);
        await tab.Page.Mouse.DownAsync();
        await tab.Page.Mouse.MoveAsync((float)(box.X + box.Width * share / 2), y, new() { Steps = 3 });
        await tab.Page.Mouse.MoveAsync((float)(box.X + box.Width * share), y, new() { Steps = 3 });
        await tab.Page.Mouse.UpAsync();
    }

    private static async Task<(float X, float Y)> Middle(ILocator locator)
    {
        var box = (await locator.BoundingBoxAsync())!;
        return (box.X + box.Width / 2, box.Y + box.Height / 2);
    }
}
