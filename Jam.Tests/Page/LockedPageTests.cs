using Jam.Server.Contracts;
using Jam.Server.Hosting;
using Jam.Tests.Server;
using Microsoft.Playwright;
using NUnit.Framework;
using static Microsoft.Playwright.Assertions;

namespace Jam.Tests.Page;

/// <summary>A locked room in a browser.</summary>
[TestFixture]
[CancelAfter(120_000)]
internal sealed class LockedPageTests
{
    private const string Word = "open sesame";

    [Test]
    public async Task A_locked_room_asks_for_its_password_and_a_reload_does_not_ask_again(CancellationToken ct)
    {
        await using var server = await StartAsync(ct);
        using var host = await HostAsync(server.Port, ct);
        await using var tab = await RoomTab.OpenAsync(server.Port, "bo", status: "locked");
        var dialog = tab.Page.GetByRole(AriaRole.Dialog, new() { Name = "This room is locked" });
        await dialog.GetByLabel("Password").FillAsync("wrong");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Enter" }).ClickAsync();
        await Expect(dialog).ToContainTextAsync("That is not the password");
        await dialog.GetByLabel("Password").FillAsync(Word);
        await tab.Page.Keyboard.PressAsync("Enter");
        await Expect(tab.Page.Locator("#status")).ToHaveTextAsync("connected");
        await tab.ShowAsync("Protocol");
        await Expect(tab.Page.Locator(".log .is-out").Filter(new() { HasText = "\"password\":\"…\"" }).First).ToBeVisibleAsync();
        Assert.That(await tab.Page.Locator(".log").InnerTextAsync(), Does.Not.Contain(Word).And.Not.Match("_token\":\"[0-9a-f]"), "secrets are not shown");
        await tab.Page.ReloadAsync();
        await Expect(tab.Page.Locator("#status")).ToHaveTextAsync("connected");
    }

    [Test]
    public async Task An_invite_in_the_link_lets_in_is_taken_out_of_the_address_and_asked_of_no_server(CancellationToken ct)
    {
        await using var server = await StartAsync(ct);
        using var host = await HostAsync(server.Port, ct);
        await host.SayAsync(new Invite(), ct);
        var invite = await host.NextAsync<Invited>(ct);
        await using var tab = await RoomTab.OpenAsync(server.Port, "bo", hash: $"#invite={invite.Token}");
        Assert.That(tab.Page.Url, Does.Not.Contain("invite"));
        // As the browser tells it, an address has its fragment; what goes out has not.
        Assert.That(tab.Requests.Select(url => url.Split('#')[0]), Has.None.Contain(invite.Token));
    }

    [Test]
    public async Task The_host_locks_and_unlocks_the_room_on_the_page_and_everyone_sees_it(CancellationToken ct)
    {
        await using var server = await StartAsync(ct);
        await using var host = await RoomPageTests.HostAsync(server.Port);
        await using var viewer = await RoomTab.OpenAsync(server.Port, "bo");
        var door = Door(host);
        await Expect(door).ToContainTextAsync("Open: whoever has the link comes in.");
        await Expect(Door(viewer)).ToContainTextAsync("Only the host, ana, may lock it");
        await Expect(Door(viewer).GetByLabel("Password")).ToBeHiddenAsync();

        await door.GetByLabel("Password").FillAsync(Word);
        await door.GetByRole(AriaRole.Button, new() { Name = "Lock", Exact = true }).ClickAsync();
        foreach (var tab in new[] { host, viewer })
        {
            await Expect(Door(tab)).ToContainTextAsync("Locked: the password or an invite lets in.");
            await Expect(tab.Page.GetByRole(AriaRole.Img, new() { Name = "This room is locked" })).ToBeVisibleAsync();
        }

        await using (var stranger = await RoomTab.OpenAsync(server.Port, "cy", status: "locked"))
        {
            await stranger.Page.GetByRole(AriaRole.Dialog).GetByLabel("Password").FillAsync(Word);
            await stranger.Page.Keyboard.PressAsync("Enter");
            await Expect(stranger.Page.Locator("#status")).ToHaveTextAsync("connected");
        }

        await door.GetByRole(AriaRole.Button, new() { Name = "Unlock" }).ClickAsync();
        await Expect(Door(viewer)).ToContainTextAsync("Open:");
        await using var another = await RoomTab.OpenAsync(server.Port, "di");
        Assert.That(host.Errors.Concat(viewer.Errors).Concat(another.Errors), Is.Empty);
    }

    [Test]
    public async Task An_invite_made_on_the_page_lets_in_as_often_as_it_says_and_can_be_taken_back(CancellationToken ct)
    {
        await using var server = await StartAsync(ct);
        await using var host = await RoomPageTests.HostAsync(server.Port);
        var (door, dialog) = (Door(host), host.Page.GetByRole(AriaRole.Dialog));
        await door.GetByRole(AriaRole.Button, new() { Name = "Lock", Exact = true }).ClickAsync();
        await Expect(door).ToContainTextAsync("Locked: only an invite lets in.");
        await door.GetByLabel("It lets in").SelectOptionAsync("one person");
        await door.GetByRole(AriaRole.Button, new() { Name = "Make an invite" }).ClickAsync();
        await Expect(dialog).ToContainTextAsync("one more person");
        await Expect(dialog.GetByRole(AriaRole.Img)).ToHaveJSPropertyAsync("complete", true);
        Assert.That(await dialog.GetByRole(AriaRole.Img).EvaluateAsync<int>("e => e.naturalWidth"), Is.Positive);
        var link = new Uri(await dialog.GetByLabel("Link to the room", new() { Exact = true }).InputValueAsync());
        Assert.That(link.Fragment, Does.StartWith("#invite="));
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Close" }).ClickAsync();

        await using var guest = await RoomTab.OpenAsync(server.Port, "bo", hash: link.Fragment);
        await Expect(door.GetByRole(AriaRole.Listitem)).ToHaveCountAsync(0);
        await using (var late = await RoomTab.OpenAsync(server.Port, "cy", hash: link.Fragment, status: "locked"))
            await Expect(late.Page.GetByRole(AriaRole.Dialog)).ToContainTextAsync("does not admit any more");

        await host.Page.Locator("#share-button").ClickAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Make a link that lets in" }).ClickAsync();
        await Expect(dialog).ToContainTextAsync("any number");
        var second = new Uri(await dialog.GetByLabel("Link to the room", new() { Exact = true }).InputValueAsync());
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Close" }).ClickAsync();
        await door.GetByRole(AriaRole.Button, new() { NameRegex = new("^Take back invite") }).ClickAsync();
        await Expect(door.GetByRole(AriaRole.Listitem)).ToHaveCountAsync(0);
        await using var refused = await RoomTab.OpenAsync(server.Port, "di", hash: second.Fragment, status: "locked");
        Assert.That(host.Requests.Where(url => !url.StartsWith("blob:", StringComparison.Ordinal)), Has.None.Contain("invite"));
    }

    private static ILocator Door(RoomTab tab) => tab.Page.GetByRole(AriaRole.Region, new() { Name = "Who may come in" });

    internal static Task<JamServer> StartAsync(CancellationToken ct) => TestServer.StartAsync(ct, options: new JamServerOptions { Port = 0, PasswordRounds = 10 });

    internal static async Task<WebSocketClient> HostAsync(int port, CancellationToken ct)
    {
        var host = await WebSocketClient.ConnectAsync(port, ct);
        await host.SayAsync(new Hello(Role.Host, "ana") { Password = Word }, ct);
        await host.NextAsync<Snapshot>(ct);
        return host;
    }
}
