using System.Collections.Concurrent;
using Microsoft.Playwright;
using NUnit.Framework;
using static Microsoft.Playwright.Assertions;

namespace Jam.Tests.Page;

/// <summary>A person with the room's page open.</summary>
internal sealed class RoomTab : IAsyncDisposable
{
    private readonly IBrowserContext _person;

    private RoomTab(IBrowserContext person, IPage page)
    {
        (_person, Page) = (person, page);
        page.PageError += (_, error) => Errors.Enqueue(error);
        page.Console += (_, line) =>
        {
            // A server that is away is told as an error by the browser itself.
            if (line.Type == "error" && !line.Text.Contains("ERR_CONNECTION", StringComparison.Ordinal)
                && !line.Text.Contains("WebSocket connection to", StringComparison.Ordinal)
                && !line.Location.Contains("/seed/", StringComparison.Ordinal))
                Errors.Enqueue($"{line.Text} {line.Location}");
        };
        page.Request += (_, request) => Requests.Enqueue(request.Url);
    }

    public IPage Page { get; }

    /// <summary>How many times slower than it is the processor is to look to the page (tools/lab/page --throttle).</summary>
    private static double? Slower =>
        double.TryParse(Environment.GetEnvironmentVariable("JAM_THROTTLE"), System.Globalization.CultureInfo.InvariantCulture, out var times) ? times : null;

    /// <summary>What the page's scripts complained of.</summary>
    public ConcurrentQueue<string> Errors { get; } = new();

    /// <summary>Everything that was asked for.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    public ILocator Play => Page.Locator("#play");

    public ILocator Seek => Page.Locator("#seek");

    public ILocator Why => Page.Locator("#why");

    public ILocator MyLane => Page.GetByRole(AriaRole.Group, new() { Name = "Your lane" });

    public static async Task<RoomTab> OpenAsync(int port, string name, bool isPhone = false, ColorScheme scheme = ColorScheme.Dark, string room = "jam", string hash = "", string status = "connected", bool isSecure = false,
        Func<IPage, Task>? prepare = null)
    {
        var person = await Browser.PersonAsync(isPhone, scheme);
        var page = await person.NewPageAsync();
        var tab = new RoomTab(person, page);
        await person.AddInitScriptAsync($"localStorage.setItem('jam:name', {System.Text.Json.JsonSerializer.Serialize(name)})");
        if (Slower is { } times)
        {
            var session = await person.NewCDPSessionAsync(page);
            await session.SendAsync("Emulation.setCPUThrottlingRate", new Dictionary<string, object> { ["rate"] = times });
        }

        if (prepare is not null)
            await prepare(page);
        await page.GotoAsync($"{(isSecure ? "https" : "http")}://127.0.0.1:{port}/room/{room}{hash}");
        await Expect(page.Locator("#status")).ToHaveTextAsync(status);
        return tab;
    }

    public Task ShowAsync(string view) => Page.GetByRole(AriaRole.Tab, new() { Name = view }).ClickAsync();

    /// <summary>Says something by the box of the Protocol view, as a curious person would.</summary>
    public async Task SayAsync(string json)
    {
        await ShowAsync("Protocol");
        await Page.Locator("#raw").FillAsync(json);
        await Page.GetByRole(AriaRole.Button, new() { Name = "Send", Exact = true }).ClickAsync();
        await ShowAsync("Room");
    }

    /// <summary>The row of a member.</summary>
    public ILocator Member(string name) => Page.Locator("#members tr").Filter(new() { Has = Page.GetByText(name, new() { Exact = true }) });

    public Task IsPlayingAsync() => Expect(Play).ToHaveAttributeAsync("aria-label", "Pause");

    public Task IsSilentAsync() => Expect(Play).ToHaveAttributeAsync("aria-label", "Play");

    /// <summary>Where the page shows the room to be, seconds.</summary>
    public async Task<double> PositionAsync() => double.Parse(await Seek.InputValueAsync(), System.Globalization.CultureInfo.InvariantCulture) / 1e6;

    public async ValueTask DisposeAsync()
    {
        await _person.DisposeAsync();
        Assert.That(Errors, Is.Empty, "the page's own errors");
    }
}
