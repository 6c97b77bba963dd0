using System.Text.Json;
using Jam.Tests.Server;
using Microsoft.Playwright;
using NUnit.Framework;
using static Microsoft.Playwright.Assertions;

namespace Jam.Tests.Page;

/// <summary>What anyone may expect of a page: no barrier, little weight, nothing from elsewhere, no script but its own.</summary>
[TestFixture]
[CancelAfter(120_000)]
internal sealed class PageQualityTests
{
    private const int MaxBytes = 200_000;
    private const string LongName = "Maximiliane-Friederike von der Hohenstaufen-Wolkenburg שירה 🎸";
    private const string LongTitle = "A night in the garden of a rather long name that goes on and on, remastered for whoever reads to the end";

    [Test]
    public async Task No_view_has_an_accessibility_violation([Values] bool isPhone, [Values(ColorScheme.Dark, ColorScheme.Light)] ColorScheme scheme, CancellationToken ct)
    {
        var axe = await AxeAsync(ct);
        await using var server = await TestServer.StartAsync(ct);
        await using var host = await RoomPageTests.HostAsync(server.Port);
        await using var tab = await RoomTab.OpenAsync(server.Port, "bo", isPhone, scheme);
        foreach (var view in new[] { "Room", "Beat and loop", "Swarm", "Protocol" })
        {
            await tab.ShowAsync(view);
            await IsAccessibleAsync(tab.Page, axe, view);
            await KeepPictureAsync(tab.Page, $"{view}-{(isPhone ? "phone" : "desktop")}-{scheme}");
        }

        await tab.Page.Locator("#share-button").ClickAsync();
        await IsAccessibleAsync(tab.Page, axe, "Invite");
        await KeepPictureAsync(tab.Page, $"Invite-{(isPhone ? "phone" : "desktop")}-{scheme}");
        await tab.Page.GotoAsync($"http://127.0.0.1:{server.Port}/");
        await tab.Page.Locator("#rooms li").WaitForAsync();
        await IsAccessibleAsync(tab.Page, axe, "lobby");
        await KeepPictureAsync(tab.Page, $"Lobby-{(isPhone ? "phone" : "desktop")}-{scheme}");
    }

    [Test]
    public async Task The_door_of_a_locked_room_has_no_accessibility_violation(
        [Values(ColorScheme.Dark, ColorScheme.Light)] ColorScheme scheme, CancellationToken ct)
    {
        var axe = await AxeAsync(ct);
        await using var server = await LockedPageTests.StartAsync(ct);
        using var host = await LockedPageTests.HostAsync(server.Port, ct);
        await using var phone = await RoomTab.OpenAsync(server.Port, "bo", isPhone: true, scheme, status: "locked");
        var dialog = phone.Page.GetByRole(AriaRole.Dialog, new() { Name = "This room is locked" });
        await Expect(dialog.GetByLabel("Password")).ToBeFocusedAsync();
        await IsAccessibleAsync(phone.Page, axe, "door");
        await KeepPictureAsync(phone.Page, $"Door-phone-{scheme}");
        await dialog.GetByLabel("Password").FillAsync("wrong");
        await phone.Page.Keyboard.PressAsync("Enter");
        await Expect(dialog).ToContainTextAsync("That is not the password");
        await IsAccessibleAsync(phone.Page, axe, "door after a wrong password");
        await KeepPictureAsync(phone.Page, $"Door-wrong-phone-{scheme}");
    }

    [Test]
    public async Task Lock_and_invite_have_no_accessibility_violation([Values] bool isPhone, [Values(ColorScheme.Dark, ColorScheme.Light)] ColorScheme scheme, CancellationToken ct)
    {
        var axe = await AxeAsync(ct);
        await using var server = await LockedPageTests.StartAsync(ct);
        await using var host = await RoomTab.OpenAsync(server.Port, "ana", isPhone, scheme);
        await host.Page.GetByRole(AriaRole.Button, new() { Name = "Take the host role" }).ClickAsync();
        await host.Page.Locator("#lock-password").FillAsync("open sesame");
        await host.Page.Keyboard.PressAsync("Enter");
        await Expect(host.Page.Locator("#lock-state")).ToContainTextAsync("Locked");
        var name = $"{(isPhone ? "phone" : "desktop")}-{scheme}";
        await host.Page.GetByRole(AriaRole.Button, new() { Name = "Make an invite" }).ClickAsync();
        await Expect(host.Page.GetByRole(AriaRole.Dialog)).ToBeVisibleAsync();
        await IsAccessibleAsync(host.Page, axe, "an invite");
        await KeepPictureAsync(host.Page, $"Invite-made-{name}");
        await host.Page.GetByRole(AriaRole.Button, new() { Name = "Close" }).ClickAsync();
        await IsAccessibleAsync(host.Page, axe, "a locked room");
        await KeepPictureAsync(host.Page, $"Locked-{name}");
    }

    [Test]
    public async Task Every_control_has_a_name_and_the_whole_page_fits_a_phone(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        await using var host = await RoomPageTests.HostAsync(server.Port);
        await host.SayAsync($$"""{"type":"QUEUE","action":"add","track_id":"{{new string('a', 64)}}","name":"{{LongTitle}}.ogg","length_bytes":5000000,"chunk_size_bytes":16384,"duration_us":240000000}""");
        await Expect(host.Page.Locator("#queue li")).ToHaveCountAsync(4);
        // Pressed before, and let go after, the room has spoken: a slow finger's click counts all the same.
        await host.Page.Locator("#repeat .icon").HoverAsync();
        await host.Page.Mouse.DownAsync();
        await using var phone = await RoomTab.OpenAsync(server.Port, LongName, isPhone: true);
        await Expect(host.Member(LongName)).ToBeVisibleAsync();
        await host.Page.Mouse.UpAsync();
        await Expect(host.Page.Locator("#repeat")).ToHaveAttributeAsync("aria-label", "Repeat: all");
        foreach (var view in new[] { "Room", "Beat and loop", "Swarm", "Protocol" })
        {
            await phone.ShowAsync(view);
            var width = await phone.Page.EvaluateAsync<int>("document.documentElement.scrollWidth");
            Assert.That(width, Is.LessThanOrEqualTo(390), $"{view} is wider than the phone");
            Assert.That(await TooSmallAsync(phone.Page), Is.Empty, $"{view}: for a finger, 44 pixels are wanted");
            Assert.That(await NamelessAsync(phone.Page), Is.Empty, $"{view}: what a screen reader would have no name for");
        }
    }

    [Test]
    public async Task Every_control_of_every_view_is_reached_by_the_keyboard_alone(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        await using var host = await RoomPageTests.HostAsync(server.Port);
        var page = host.Page;
        await page.Locator("#tab-room").FocusAsync();
        foreach (var view in new[] { "room", "loop", "swarm", "protocol" })
        {
            await Expect(page.Locator($"#view-{view}")).ToBeVisibleAsync();
            await page.EvaluateAsync(MarkControls);
            var most = await page.EvaluateAsync<int>("window.unreached.size + 30");
            // Forwards from the tab until nothing of the view is left; what cannot be left again would be a trap.
            for (var i = 0; i < most && await page.EvaluateAsync<bool>("window.unreached.size > 0"); i++)
            {
                await page.Keyboard.PressAsync("Tab");
                await page.EvaluateAsync("window.unreached.delete(document.activeElement)");
            }

            Assert.That(await page.EvaluateAsync<string[]>("[...window.unreached].map((e) => e.outerHTML.slice(0, 120))"), Is.Empty, view);
            await page.Locator($"#tab-{view}").FocusAsync();
            await page.Keyboard.PressAsync("ArrowRight");
        }
    }

    [Test]
    public async Task A_screen_reader_is_told_of_play_pause_the_track_and_a_connection_that_is_lost(CancellationToken ct)
    {
        var server = await TestServer.StartAsync(ct);
        var isUp = true;
        try
        {
            await using var host = await RoomPageTests.HostAsync(server.Port);
            await using var tab = await RoomTab.OpenAsync(server.Port, "bo");
            var regions = tab.Page.GetByRole(AriaRole.Status);
            await Expect(regions.Filter(new() { HasText = "Track: one" })).ToHaveCountAsync(1);
            await host.Play.ClickAsync();
            await Expect(regions.Filter(new() { HasText = "Playing by ana" })).ToHaveCountAsync(1);
            await host.Play.ClickAsync();
            await Expect(regions.Filter(new() { HasText = "Paused by ana" })).ToHaveCountAsync(1);
            await host.Page.Locator("#next").ClickAsync();
            await Expect(regions.Filter(new() { HasText = "Track: two" })).ToHaveCountAsync(1);
            isUp = false;
            await server.DisposeAsync();
            await Expect(regions.Filter(new() { HasText = "connection lost" })).ToHaveCountAsync(1);
        }
        finally
        {
            if (isUp)
                await server.DisposeAsync();
        }
    }

    private const string MarkControls =
        """
        () => {
          const all = document.querySelectorAll('[role=tabpanel]:not([hidden]) :is(a[href], button, input, select, textarea, summary)');
          // Of a group that arrows walk through, one is in the order.
          window.unreached = new Set([...all].filter((e) => e.tabIndex >= 0 && !e.disabled && !e.closest('fieldset:disabled') && e.checkVisibility() && !(e.type === 'radio' && !e.checked)));
        }
        """;

    /// <summary>Buttons, fields and the like that are smaller than a finger: a box to tick counts with the words beside it, and a step with its lane.</summary>
    private static Task<string[]> TooSmallAsync(IPage page) => page.EvaluateAsync<string[]>(
        """
        () => [...document.querySelectorAll('button, input, select, textarea, summary, [role=tab]')]
          .filter((e) => e.checkVisibility() && !e.closest('.visually-hidden, .drop'))
          .map((e) => (['checkbox', 'radio'].includes(e.type) ? e.closest('label') : e))
          .filter((e) => { const r = e.getBoundingClientRect(); return r.height < 43.5 || (r.width < 43.5 && !e.classList.contains('step')); })
          .map((e) => `${e.outerHTML.slice(0, 100)} ${Math.round(e.getBoundingClientRect().width)} x ${Math.round(e.getBoundingClientRect().height)}`)
        """);

    /// <summary>Controls in the accessibility tree, as a screen reader gets it, that have no name.</summary>
    private static async Task<List<string>> NamelessAsync(IPage page)
    {
        var session = await page.Context.NewCDPSessionAsync(page);
        var tree = await session.SendAsync("Accessibility.getFullAXTree");
        string[] controls = ["button", "checkbox", "combobox", "DisclosureTriangle", "dialog", "link", "radio", "radiogroup", "slider", "spinbutton", "switch", "tab", "tabpanel", "textbox", "img", "image"];
        return [.. tree!.Value.GetProperty("nodes").EnumerateArray()
            .Where(node => !node.GetProperty("ignored").GetBoolean() && controls.Contains(node.GetProperty("role").GetProperty("value").GetString()))
            .Where(node => !node.TryGetProperty("name", out var name) || string.IsNullOrWhiteSpace(name.GetProperty("value").GetString()))
            .Select(node => node.GetRawText())];
    }

    [Test]
    public async Task The_page_is_light_and_asks_nobody_else(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        await using var tab = await RoomTab.OpenAsync(server.Port, "ana");
        // What of the first visit is still on its way must not count with the second.
        await tab.Page.WaitForLoadStateAsync(LoadState.NetworkIdle);
        var session = await tab.Page.Context.NewCDPSessionAsync(tab.Page);
        long bytes = 0;
        session.Event("Network.loadingFinished").OnEvent += (_, e) => bytes += (long)e!.Value.GetProperty("encodedDataLength").GetDouble();
        await session.SendAsync("Network.enable");
        await session.SendAsync("Network.setCacheDisabled", new Dictionary<string, object> { ["cacheDisabled"] = true });
        await tab.Page.ReloadAsync();
        await tab.Page.GetByRole(AriaRole.Tab, new() { Name = "Swarm" }).ClickAsync();
        await tab.Page.WaitForLoadStateAsync(LoadState.NetworkIdle);
        TestContext.Out.WriteLine($"page weight {bytes} bytes in {tab.Requests.Count / 2} requests");
        Assert.That(bytes, Is.InRange(5_000, MaxBytes));
        Assert.That(tab.Requests.Select(url => new Uri(url)).Where(uri => uri.Scheme is "http" or "https").Select(uri => uri.Authority).Distinct(),
            Is.EqualTo(new[] { $"127.0.0.1:{server.Port}" }));
    }

    [Test]
    public async Task A_script_that_is_not_the_pages_own_does_not_run(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        var person = await Browser.PersonAsync();
        await using (person)
        {
            var page = await person.NewPageAsync();
            await page.GotoAsync($"http://127.0.0.1:{server.Port}/");
            await page.EvaluateAsync(
                "() => { const s = document.createElement('script'); s.textContent = 'window.hacked = 1'; document.body.append(s); }");
            Assert.That(await page.EvaluateAsync<bool>("'hacked' in window"), Is.False);
        }
    }

    /// <summary>For eyes: tools/lab/page --shots DIR.</summary>
    private static async Task KeepPictureAsync(IPage page, string name)
    {
        if (Environment.GetEnvironmentVariable("JAM_SHOTS") is { } folder)
            await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{name.Replace(' ', '-').ToLowerInvariant()}.png"), FullPage = true });
    }

    private static async Task<string> AxeAsync(CancellationToken ct)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var file = Path.Combine(folder.FullName, "tools", "page", "node_modules", "axe-core", "axe.min.js");
            if (File.Exists(file))
                return await File.ReadAllTextAsync(file, ct);
        }

        const string Missing = "axe-core is not installed: accessibility was not tested (with npm: npm ci --prefix tools/page)";
        if (Environment.GetEnvironmentVariable("CI") is "true")
            Assert.Fail(Missing);
        Assert.Ignore(Missing);
        return "";
    }

    private static async Task IsAccessibleAsync(IPage page, string axe, string view)
    {
        // By the debugger's door, which the page's policy does not close: axe is of the test, not of the page.
        await page.EvaluateAsync(axe);
        // What fades in is judged as it stays.
        await page.EvaluateAsync("Promise.all(document.getAnimations().map((a) => a.finished))");
        var violations = await page.EvaluateAsync<JsonElement>(
            "axe.run(document, { resultTypes: ['violations'] }).then((r) => r.violations.map((v) => ({ id: v.id, nodes: v.nodes.map((n) => n.target.join(' ') + ' ' + n.failureSummary) })))");
        Assert.That(violations.GetArrayLength(), Is.Zero, $"{view}: {violations}");
    }
}
