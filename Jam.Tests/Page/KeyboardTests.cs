using Jam.Server.Contracts;
using Jam.Tests.Server;
using Microsoft.Playwright;
using NUnit.Framework;
using static Microsoft.Playwright.Assertions;

namespace Jam.Tests.Page;

/// <summary>A room with the keyboard alone: nothing is out of reach, and the focus is always somewhere, and seen.</summary>
[TestFixture]
[CancelAfter(120_000)]
internal sealed class KeyboardTests
{
    private const int MostTabs = 150;

    private static string Track(int n, string name) =>
        $$"""{"type":"QUEUE","action":"add","track_id":"{{new string((char)('0' + n), 64)}}","name":"{{name}}.mp3","length_bytes":5000000,"chunk_size_bytes":16384,"duration_us":240000000}""";

    [Test]
    public async Task A_room_is_opened_and_run_by_the_keyboard_alone(CancellationToken ct)
    {
        await using var server = await LockedPageTests.StartAsync(ct);
        var person = await Browser.PersonAsync();
        await using var closing = person;
        var page = await person.NewPageAsync();
        await page.GotoAsync($"http://127.0.0.1:{server.Port}/");
        var keys = new Keys(page);

        await keys.ReachAsync(page.Locator("#name"));
        await page.Keyboard.TypeAsync("ana");
        await keys.ReachAsync(page.Locator("#room"));
        await page.Keyboard.TypeAsync("jam");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("#status")).ToHaveTextAsync("connected");
        await keys.PressOnAsync(page.Locator("#role"));
        await Expect(page.Locator("#why")).ToBeHiddenAsync();

        // The curious one's view, which is the last: from the first one step back.
        await keys.ReachAsync(page.Locator("#tab-room"));
        await page.Keyboard.PressAsync("ArrowLeft");
        foreach (var (n, name) in new[] { (1, "one"), (2, "two"), (3, "three") })
        {
            await keys.ReachAsync(page.Locator("#raw"));
            await page.Keyboard.PressAsync("Control+A");
            await page.Keyboard.InsertTextAsync(Track(n, name));
            await page.Keyboard.PressAsync("Tab");
            await keys.PressAsync("Enter");
            await Expect(page.Locator("#queue li")).ToHaveCountAsync(n);
        }

        await page.Locator(".skip").FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("#view-protocol")).ToBeVisibleAsync();
        await keys.ReachAsync(page.Locator("#tab-protocol"));
        await page.Keyboard.PressAsync("Home");

        // To the very end, where the button that does it is switched off, and up again.
        var order = page.Locator("#queue .track-title");
        await keys.ReachAsync(page.GetByRole(AriaRole.Button, new() { Name = "Move down: one" }));
        await keys.PressAsync("Enter");
        await Expect(order).ToHaveTextAsync(["two", "one", "three"]);
        await keys.PressAsync("Enter");
        await Expect(order).ToHaveTextAsync(["two", "three", "one"]);
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Remove: one" })).ToBeFocusedAsync();
        await keys.PressAsync("Alt+ArrowUp");
        await Expect(order).ToHaveTextAsync(["two", "one", "three"]);
        await keys.PressOnAsync(page.GetByRole(AriaRole.Button, new() { Name = "Remove: one" }));
        await Expect(order).ToHaveTextAsync(["two", "three"]);
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Remove: three" })).ToBeFocusedAsync();
        await keys.PressOnAsync(page.GetByRole(AriaRole.Button, new() { Name = "Make two the room's track" }));
        await Expect(page.Locator("#title")).ToHaveTextAsync("two");
        await Expect(page.Locator("#queue li").First.GetByRole(AriaRole.Button, new() { Name = "Move down" })).ToBeFocusedAsync();

        await keys.PressOnAsync(page.Locator("#play"));
        await Expect(page.Locator("#play")).ToHaveAttributeAsync("aria-label", "Pause");
        await keys.PressAsync("Space");
        await Expect(page.Locator("#play")).ToHaveAttributeAsync("aria-label", "Play");
        await keys.ReachAsync(page.Locator("#seek"));
        await keys.PressAsync("PageUp");
        await Expect(page.Locator("#position")).ToHaveTextAsync("0:30");

        await keys.PressOnAsync(page.Locator("#listen .listen-button"));
        await keys.ReachAsync(page.Locator("#listen-volume"));
        await keys.PressAsync("ArrowLeft");
        await Expect(page.Locator("#listen-volume")).ToHaveValueAsync("79");
        await keys.ReachAsync(page.Locator("#listen-nudge"));
        await keys.PressAsync("ArrowUp");
        await Expect(page.Locator("#listen-nudge")).ToHaveValueAsync("1");
        await keys.PressOnAsync(page.Locator("#listen .listen-button"));

        await keys.ReachAsync(page.Locator("#tab-room"));
        await page.Keyboard.PressAsync("ArrowRight");
        await keys.ReachAsync(page.GetByRole(AriaRole.Radio, new() { Name = "kick" }));
        await keys.PressAsync("ArrowRight");
        await keys.ReachAsync(page.GetByRole(AriaRole.Group, new() { Name = "Your lane" }).GetByRole(AriaRole.Button, new() { Name = "Step 1", Exact = true }));
        await keys.PressAsync("ArrowRight");
        await keys.PressAsync("Space");
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Step 2: snare" })).ToBeFocusedAsync();
        await Expect(page.Locator("#loop-heard")).Not.ToBeEmptyAsync();
        await keys.PressOnAsync(page.GetByRole(AriaRole.Button, new() { Name = "Clear my lane" }));

        await keys.ReachAsync(page.Locator("#tab-loop"));
        await page.Keyboard.PressAsync("ArrowLeft");
        await keys.PressOnAsync(page.GetByRole(AriaRole.Button, new() { Name = "Lock", Exact = true }));
        await keys.PressOnAsync(page.GetByRole(AriaRole.Button, new() { Name = "Unlock" }));
        await Expect(page.Locator("#lock-state")).ToContainTextAsync("Open");
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Lock", Exact = true })).ToBeFocusedAsync();
        await keys.PressOnAsync(page.GetByRole(AriaRole.Button, new() { Name = "Make an invite" }));
        await Expect(page.GetByRole(AriaRole.Dialog)).ToContainTextAsync("This link lets in");
        await page.Keyboard.PressAsync("Escape");
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Make an invite" })).ToBeFocusedAsync();
        await keys.PressOnAsync(page.GetByRole(AriaRole.Button, new() { NameRegex = new("^Take back invite") }));
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Make an invite" })).ToBeFocusedAsync();

        using var friend = await WebSocketClient.JoinAsync(server.Port, Role.Viewer, "bo", ct);
        await keys.PressOnAsync(page.GetByLabel("Actions for bo"));
        await page.Keyboard.PressAsync("Tab");
        await keys.PressAsync("Escape");
        await Expect(page.GetByLabel("Actions for bo")).ToBeFocusedAsync();
        await keys.PressAsync("Enter");
        await page.Keyboard.PressAsync("Tab");
        await keys.PressAsync("Enter");
        await Expect(page.Locator("#why")).ToHaveTextAsync("Only the host, bo, controls this room.");
        await keys.IsSeenAsync();
    }

    [Test]
    public async Task What_others_do_takes_the_focus_from_nobody(CancellationToken ct)
    {
        var server = await ServerProcess.StartAsync(ct);
        try
        {
            using var host = await WebSocketClient.JoinAsync(server.Port, Role.Host, "ana", ct);
            await host.SayAsync(new SetPolicy(Control.Everyone, Control.Everyone), ct);
            foreach (var (n, name) in new[] { (1, "one"), (2, "two"), (3, "three") })
                await host.SayAsync(Track(n, name), ct);
            await host.SayAsync(new SetTrack(new string('1', 64)), ct);
            await using var tab = await RoomTab.OpenAsync(server.Port, "bo");
            var (page, keys) = (tab.Page, new Keys(tab.Page));

            await keys.ReachAsync(page.GetByRole(AriaRole.Button, new() { Name = "Remove: two" }));
            await host.SayAsync($$"""{"type":"QUEUE","action":"remove","track_id":"{{new string('2', 64)}}"}""", ct);
            await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Remove: three" })).ToBeFocusedAsync();
            await host.SayAsync(new SetPolicy(Control.Host), ct);
            await Expect(tab.Why).ToBeVisibleAsync();
            await keys.IsSeenAsync();
            await host.SayAsync(new SetPolicy(Control.Everyone), ct);
            await Expect(tab.Why).ToBeHiddenAsync();

            // What a lost connection switches off is back with it, and so is the focus.
            await host.SayAsync("""{"type":"BYE"}""", ct);
            await Expect(tab.Member("bo")).ToContainTextAsync("host");
            var role = page.GetByRole(AriaRole.Button, new() { Name = "Stop hosting" });
            await keys.ReachAsync(role);
            server.Kill();
            await Expect(role).ToBeDisabledAsync();
            var port = server.Port;
            server.Dispose();
            server = await ServerProcess.StartAsync(ct, port);
            await Expect(role).ToBeEnabledAsync();
            await Expect(role).ToBeFocusedAsync();

            // Left on purpose it is not forced back.
            await page.Locator("body").ClickAsync(new() { Position = new() { X = 700, Y = 880 } });
            await page.Keyboard.PressAsync("Space");
            await tab.IsPlayingAsync();
            Assert.That(await page.EvaluateAsync<bool>("document.activeElement === document.body"));
        }
        finally
        {
            server.Dispose();
        }
    }

    /// <summary>Hands that hold no mouse.</summary>
    private sealed class Keys(IPage page)
    {
        private const string Seen =
            """
            () => {
              const held = document.activeElement;
              const box = held.getBoundingClientRect();
              const isDrawn = (e) => e && getComputedStyle(e).outlineStyle !== 'none' && parseFloat(getComputedStyle(e).outlineWidth) > 0;
              return held !== document.body && !held.matches(':disabled') && box.width > 0 && box.bottom > 0 && box.top < innerHeight
                && (isDrawn(held) || isDrawn(held.closest('label')));
            }
            """;

        /// <summary>Goes there by Tab, over elements that are seen to have the focus.</summary>
        public async Task ReachAsync(ILocator wanted)
        {
            await wanted.WaitForAsync();
            for (var i = 0; i < MostTabs; i++)
            {
                if (await wanted.EvaluateAsync<bool>("e => e === document.activeElement"))
                {
                    await IsSeenAsync();
                    return;
                }

                await page.Keyboard.PressAsync("Tab");
            }

            Assert.Fail($"{wanted} is not reached; the focus is at {await HeldAsync()}");
        }

        public async Task PressOnAsync(ILocator wanted)
        {
            await ReachAsync(wanted);
            await PressAsync("Enter");
        }

        /// <summary>Presses, and finds the focus still somewhere a moment later.</summary>
        public async Task PressAsync(string key)
        {
            await page.Keyboard.PressAsync(key);
            await IsSeenAsync();
        }

        /// <summary>The focus is on something, it lies within the window, and something is drawn around it.</summary>
        public async Task IsSeenAsync()
        {
            try
            {
                await page.WaitForFunctionAsync(Seen, null, new() { Timeout = 5_000 });
            }
            catch (TimeoutException)
            {
                Assert.Fail($"the focus is not to be seen: {await HeldAsync()}");
            }
        }

        private Task<string> HeldAsync() => page.EvaluateAsync<string>("document.activeElement.outerHTML.slice(0, 120)");
    }
}
