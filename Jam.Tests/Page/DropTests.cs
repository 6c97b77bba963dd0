using System.Net;
using System.Text;
using Jam.Peer.Session;
using Jam.Peer.Session.Page;
using Jam.Tests.Audio;
using Jam.Tests.EndToEnd;
using Jam.Tests.Storage;
using NUnit.Framework;
using static Microsoft.Playwright.Assertions;

namespace Jam.Tests.Page;

/// <summary>Files that are given to a host through its own page, and what travels beside tracks.</summary>
[TestFixture]
[CancelAfter(120_000)]
internal sealed class DropTests
{
    private TempFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TempFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public async Task A_file_that_is_chosen_on_the_hosts_page_is_seeded_and_reaches_a_viewer(CancellationToken ct)
    {
        await using var host = await TestPeer.StartHostAsync(TestPeer.Options("ana", _folder.Path), ct);
        await using var viewer = await TestPeer.StartViewerAsync(TestPeer.Options("bo", _folder.Path), host, ct);
        await using var tab = await RoomTab.OpenAsync(Port(host), "page");
        var wav = SoundFiles.Make(SoundFiles.Wav16, 44_100);
        await tab.Page.Locator("#drop-file").SetInputFilesAsync(new Microsoft.Playwright.FilePayload { Name = "Dropped Song.wav", MimeType = "audio/wav", Buffer = wav });
        await Expect(tab.Page.Locator("#queue .track-title")).ToHaveTextAsync(["Dropped Song"]);
        await viewer.CompletedAsync(1, ct);
        Assert.That(viewer.Report.Playlist[0].Name, Is.EqualTo("Dropped Song.wav"));

        await tab.Page.Locator("#drop-file").SetInputFilesAsync(new Microsoft.Playwright.FilePayload { Name = "no song.mp3", MimeType = "audio/mpeg", Buffer = Encoding.UTF8.GetBytes("just words") });
        await Expect(tab.Page.Locator("#drop")).ToContainTextAsync("no song.mp3:");
        await Expect(tab.Page.Locator("#drop")).Not.ToContainTextAsync(_folder.Path);
    }

    [TestCase("http://127.0.0.1:{0}", null, "127.0.0.1", HttpStatusCode.OK)]
    [TestCase(null, null, "127.0.0.1", HttpStatusCode.OK)]
    [TestCase("http://evil.example", null, "127.0.0.1", HttpStatusCode.Forbidden)]
    [TestCase(null, null, "evil.example", HttpStatusCode.Forbidden, Description = "a site whose name points to this machine")]
    [TestCase(null, "wrong", "127.0.0.1", HttpStatusCode.Forbidden)]
    public async Task Only_the_hosts_own_machine_may_give_it_files(string? origin, string? key, string named, HttpStatusCode expected, CancellationToken ct)
    {
        await using var host = await TestPeer.StartHostAsync(TestPeer.Options("ana", _folder.Path), ct);
        var port = Port(host);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{port}/seed/");
        request.Headers.Host = $"{named}:{port}";
        if (origin is not null)
            request.Headers.Add("Origin", string.Format(System.Globalization.CultureInfo.InvariantCulture, origin, port));
        if (key is not null)
            request.Headers.Add("Authorization", $"Bearer {key}");
        using var http = new HttpClient();
        using var response = await http.SendAsync(request, ct);
        Assert.That(response.StatusCode, Is.EqualTo(expected));
    }

    [Test]
    public async Task The_key_that_the_terminal_shows_opens_the_door_under_any_name(CancellationToken ct)
    {
        await using var host = await TestPeer.StartHostAsync(TestPeer.Options("ana", _folder.Path), ct);
        var key = host.Notices.Select(line => line.Split("#key=")).First(parts => parts.Length == 2)[1];
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://127.0.0.1:{Port(host)}/seed/?name=../../a.wav");
        request.Headers.Host = "jam.example";
        request.Headers.Add("Authorization", $"Bearer {key}");
        request.Headers.Add("X-Jam-Seed", "1");
        request.Content = new ByteArrayContent(SoundFiles.Make(SoundFiles.Wav16, 4_410));
        using var http = new HttpClient();
        using var response = await http.SendAsync(request, ct);
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.OK), await response.Content.ReadAsStringAsync(ct));
        Assert.That(host.Report.Playlist.Select(track => track.Name), Is.EqualTo(new[] { "a.wav" }));
    }

    [Test]
    public async Task A_post_that_a_form_of_another_site_could_send_is_refused(CancellationToken ct)
    {
        await using var host = await TestPeer.StartHostAsync(TestPeer.Options("ana", _folder.Path), ct);
        using var http = new HttpClient();
        using var body = new ByteArrayContent(SoundFiles.Make(SoundFiles.Wav16, 4_410));
        using var response = await http.PostAsync(new Uri($"http://127.0.0.1:{Port(host)}/seed/?name=a.wav"), body, ct);
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That(host.Report.Playlist, Is.Empty);
    }

    [TestCase("/beside/..%2f..%2fetc%2fpasswd")]
    [TestCase("/beside/")]
    [TestCase("/beside/0000000000000000000000000000000000000000000000000000000000000000")]
    public async Task Nothing_but_a_hash_that_is_here_names_anything(string path, CancellationToken ct)
    {
        await using var host = await TestPeer.StartHostAsync(TestPeer.Options("ana", _folder.Path), ct);
        using var http = new HttpClient();
        using var response = await http.GetAsync(new Uri($"http://127.0.0.1:{Port(host)}{path}"), ct);
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.NotFound));
    }

    [Test]
    public async Task Tags_of_a_track_are_answered_by_their_hash(CancellationToken ct)
    {
        var path = Path.Combine(_folder.Path, "song.wav");
        await File.WriteAllBytesAsync(path, SoundFiles.Make(SoundFiles.Wav16, 44_100), ct);
        await using var host = await TestPeer.StartHostAsync(TestPeer.Options("ana", _folder.Path) with { SeedFiles = [path] }, ct);
        using var viewer = await Server.WebSocketClient.ConnectAsync(Port(host), ct);
        await viewer.SayAsync(new Jam.Server.Contracts.Hello(), ct);
        var state = await viewer.NextAsync<Jam.Server.Contracts.State>(ct);
        while (state.Track is null)
            state = await viewer.NextAsync<Jam.Server.Contracts.State>(ct);
        using var http = new HttpClient();
        var tags = await http.GetStringAsync(new Uri($"http://127.0.0.1:{Port(host)}/beside/{state.Track.Sidecars!.Tags}"), ct);
        Assert.That(tags, Does.Contain("duration_us"));
    }

    [Test]
    public async Task What_was_dropped_goes_with_the_session_and_what_is_too_long_or_empty_at_once(CancellationToken ct)
    {
        using (var folder = new DropFolder(_folder.Path))
        {
            using var content = new MemoryStream([1, 2, 3]);
            var kept = await folder.KeepAsync("a.mp3", content, ct);
            Assert.That(await File.ReadAllBytesAsync(kept, ct), Is.EqualTo(new byte[] { 1, 2, 3 }));
            Assert.That(async () => await folder.KeepAsync("empty.mp3", Stream.Null, ct), Throws.InstanceOf<JamException>());
            Assert.That(Directory.EnumerateFiles(_folder.Path, "*", SearchOption.AllDirectories), Is.EqualTo(new[] { kept }));
        }

        Assert.That(Directory.EnumerateFiles(_folder.Path, "*", SearchOption.AllDirectories), Is.Empty);
    }

    [TestCase("song.mp3", "song.mp3")]
    [TestCase("../../etc/passwd", "passwd")]
    [TestCase("C:\\x\\y.flac", "y.flac")]
    [TestCase("..", "dropped")]
    [TestCase(".mp3", "dropped.mp3")]
    [TestCase(null, "dropped")]
    [TestCase("a\0b\n.mp3", "ab.mp3")]
    public void A_dropped_files_name_is_a_name_and_never_a_path(string? given, string expected) =>
        Assert.That(DropFolder.FileName(given), Is.EqualTo(expected));

    [Test]
    public void A_long_name_keeps_its_ending() =>
        Assert.That(DropFolder.FileName(new string('ä', 200) + ".flac"), Is.EqualTo(new string('ä', 70) + ".flac"));

    private static int Port(TestPeer host) => new Uri(host.Report.Server!).Port;
}
