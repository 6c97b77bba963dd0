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

    internal static Task<JamServer> StartAsync(CancellationToken ct) => TestServer.StartAsync(ct, options: new JamServerOptions { Port = 0, PasswordRounds = 10 });

    internal static async Task<WebSocketClient> HostAsync(int port, CancellationToken ct)
    {
        var host = await WebSocketClient.ConnectAsync(port, ct);
        await host.SayAsync(new Hello(Role.Host, "ana") { Password = Word }, ct);
        await host.NextAsync<Snapshot>(ct);
        return host;
    }
}
