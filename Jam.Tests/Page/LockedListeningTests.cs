using System.Net;
using Jam.Peer.Session;
using Jam.Tests.Audio;
using Jam.Tests.Doors;
using Jam.Tests.EndToEnd;
using Jam.Tests.Storage;
using Microsoft.Playwright;
using NUnit.Framework;
using static Microsoft.Playwright.Assertions;

namespace Jam.Tests.Page;

/// <summary>Listening in a browser in a room that not everyone may enter.</summary>
[TestFixture]
[CancelAfter(120_000)]
internal sealed class LockedListeningTests
{
    private const string Word = "open sesame";
    private TempFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TempFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [TestCase(false, false)]
    [TestCase(true, false)]
    [TestCase(false, true, Description = "the track comes from a viewer's gateway, which is another origin")]
    public async Task Whoever_came_in_by_the_password_hears_the_room_and_who_did_not_gets_no_byte(bool isEncrypted, bool isApart, CancellationToken ct)
    {
        using var tls = isEncrypted ? new TlsFolder() : null;
        var door = new DoorOptions { Password = Word, TlsCertFile = tls?.CertFile, TlsKeyFile = tls?.KeyFile };
        var options = TestPeer.Options("ana", _folder.Path) with { SeedFiles = [SampleTrack.Path], Door = door, Gateway = !isApart };
        await using var host = await TestPeer.StartHostAsync(options, ct);
        await host.UntilAsync(r => r.Track is not null, ct);
        await using var viewer = isApart
            ? await TestPeer.StartViewerAsync(
                TestPeer.Options("bo", _folder.Path) with { Gateway = true, GatewayPort = 0, Door = new DoorOptions { Password = Word } }, host, ct)
            : null;
        if (viewer is not null)
            await viewer.CompletedAsync(1, ct);

        var server = new Uri(host.Report.Server!);
        await using var tab = await RoomTab.OpenAsync(server.Port, "cy", status: "locked", isSecure: isEncrypted);
        await tab.Page.GetByRole(AriaRole.Dialog).GetByLabel("Password").FillAsync(Word);
        await tab.Page.Keyboard.PressAsync("Enter");
        await Expect(tab.Page.Locator("#status")).ToHaveTextAsync("connected");
        await host.Session.PlayAsync(null, ct);
        await tab.Page.GetByRole(AriaRole.Button, new() { Name = "Listen here" }).ClickAsync();
        await Expect(tab.Page.Locator("#listen")).ToHaveAttributeAsync("data-state", "playing");

        var asked = tab.Requests.Select(url => new Uri(url)).First(url => url.AbsolutePath.StartsWith("/track/", StringComparison.Ordinal));
        Assert.That(asked.Port == server.Port, Is.Not.EqualTo(isApart));
        using var http = new HttpClient(new HttpClientHandler { ServerCertificateCustomValidationCallback = (_, _, _, _) => true });
        foreach (var pass in new[] { "", "?pass=0123456789abcdef0123456789abcdef" })
        {
            using var refused = await http.GetAsync(new Uri(asked.GetLeftPart(UriPartial.Path) + pass), ct);
            Assert.That(refused.StatusCode, Is.EqualTo(HttpStatusCode.Forbidden));
        }
    }
}
