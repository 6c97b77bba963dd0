using System.Net;
using System.Text.Json;
using Jam.Server.Contracts;
using Jam.Server.Hosting;
using NUnit.Framework;

namespace Jam.Tests.Server;

/// <summary>The page as HTTP: caching, compression, policy, and what the lobby may know.</summary>
[TestFixture]
[CancelAfter(30_000)]
internal sealed class WebSiteTests
{
    [Test]
    public async Task A_file_that_is_known_is_not_sent_again(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        using var http = new HttpClient();
        using var first = await http.GetAsync(Url(server, "/assets/room.js"), ct);
        using var again = new HttpRequestMessage(HttpMethod.Get, Url(server, "/assets/room.js"));
        again.Headers.IfNoneMatch.Add(first.Headers.ETag!);
        using var second = await http.SendAsync(again, ct);
        Assert.That(second.StatusCode, Is.EqualTo(HttpStatusCode.NotModified));
        Assert.That((await second.Content.ReadAsByteArrayAsync(ct)).Length, Is.Zero);
    }

    [Test]
    public async Task Compressed_and_plain_are_the_same_file(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        using var plain = new HttpClient();
        using var packing = new HttpClient(new HttpClientHandler { AutomaticDecompression = DecompressionMethods.GZip });
        var text = await plain.GetStringAsync(Url(server, "/assets/roomClient.js"), ct);
        Assert.That(await packing.GetStringAsync(Url(server, "/assets/roomClient.js"), ct), Is.EqualTo(text));
    }

    [TestCase("/", "text/html")]
    [TestCase("/room/jam", "text/html")]
    [TestCase("/assets/room.js", "text/javascript")]
    [TestCase("/assets/icons.svg", "image/svg+xml")]
    [TestCase("/protocol", "text/plain")]
    [TestCase("/api/qr/jam", "image/svg+xml")]
    public async Task Every_answer_says_what_it_is_and_that_no_foreign_script_may_run(string path, string type, CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        using var http = new HttpClient();
        using var response = await http.GetAsync(Url(server, path), ct);
        Assert.That(response.Content.Headers.ContentType!.MediaType, Is.EqualTo(type));
        var policy = response.Headers.GetValues("Content-Security-Policy").Single();
        Assert.That(policy, Does.Contain("script-src 'self';").And.Contain("default-src 'none'").And.Not.Contain("unsafe"));
        Assert.That(response.Headers.GetValues("X-Content-Type-Options"), Is.EqualTo(new[] { "nosniff" }));
    }

    [Test]
    public async Task Pages_hold_no_inline_script_or_style(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        using var http = new HttpClient();
        foreach (var path in new[] { "/", "/room/jam" })
        {
            var html = await http.GetStringAsync(Url(server, path), ct);
            Assert.That(html, Does.Not.Match("<script(?![^>]*src=)").And.Not.Match("<style|style=| on[a-z]+=").And.Not.Contain("http://").And.Not.Contain("https://"));
        }
    }

    [TestCase("POST", "/", HttpStatusCode.MethodNotAllowed)]
    [TestCase("PUT", "/api/rooms", HttpStatusCode.MethodNotAllowed)]
    [TestCase("HEAD", "/room/jam", HttpStatusCode.OK)]
    public async Task Nothing_changes_by_asking(string method, string path, HttpStatusCode expected, CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(new HttpMethod(method), Url(server, path));
        using var response = await http.SendAsync(request, ct);
        Assert.That(response.StatusCode, Is.EqualTo(expected));
    }

    [TestCase("Origin", "http://evil.example", HttpStatusCode.Forbidden)]
    [TestCase("Sec-Fetch-Site", "cross-site", HttpStatusCode.Forbidden)]
    [TestCase("Sec-Fetch-Site", "same-origin", HttpStatusCode.OK)]
    public async Task A_page_of_another_site_may_not_ask_for_the_rooms(string header, string value, HttpStatusCode expected, CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, Url(server, "/api/rooms"));
        request.Headers.Add(header, value);
        using var response = await http.SendAsync(request, ct);
        Assert.That(response.StatusCode, Is.EqualTo(expected));
    }

    [Test]
    public async Task The_lobby_shows_members_and_what_plays_and_no_secret(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        using var host = await WebSocketClient.ConnectAsync(server.Port, ct);
        await host.SayAsync(new Hello(Role.Host, "ana", Listen: ["192.0.2.1:9003"]), ct);
        var welcome = await host.NextAsync<Welcome>(ct);
        using var viewer = await WebSocketClient.JoinAsync(server.Port, Role.Viewer, "bo", ct);
        await host.SayAsync(new SetTrack(RoomHarness.TrackId, "song.mp3", 5_000_000, 16_384, TrackKind.Audio, 240_000_000), ct);
        await host.SayAsync(new Seek(60_000_000), ct);
        await host.NextAsync<State>(ct);
        await host.NextAsync<State>(ct);
        using var http = new HttpClient();
        var text = await http.GetStringAsync(Url(server, "/api/rooms"), ct);
        using var json = JsonDocument.Parse(text);
        var room = json.RootElement.GetProperty("rooms")[0];
        Assert.That(room.GetProperty("name").GetString(), Is.EqualTo("jam"));
        Assert.That(room.GetProperty("member_count").GetInt32(), Is.EqualTo(2));
        Assert.That(room.GetProperty("members").EnumerateArray().Select(m => $"{m.GetProperty("name")} {m.GetProperty("role")}"), Is.EqualTo(new[] { "ana host", "bo viewer" }));
        Assert.That(room.GetProperty("track").GetString(), Is.EqualTo("song.mp3"));
        foreach (var secret in new[] { welcome.RoomSecret, welcome.ResumeToken, welcome.PeerId, "192.0.2.1" })
            Assert.That(text, Does.Not.Contain(secret));
    }

    [TestCase(true, true, 1)]
    [TestCase(true, false, 0)]
    [TestCase(false, true, 0)]
    public async Task A_room_that_is_not_to_be_listed_is_not(bool listsRooms, bool isListed, int count, CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct, options: new JamServerOptions { Port = 0, ListsRooms = listsRooms });
        using var host = await WebSocketClient.ConnectAsync(server.Port, ct);
        await host.SayAsync(new Hello(Role.Host, IsListed: isListed), ct);
        await host.NextAsync<Snapshot>(ct);
        using var http = new HttpClient();
        using var json = JsonDocument.Parse(await http.GetStringAsync(Url(server, "/api/rooms"), ct));
        Assert.That(json.RootElement.GetProperty("rooms").GetArrayLength(), Is.EqualTo(count));
    }

    [Test]
    public async Task A_link_is_as_the_asker_found_the_room_or_by_this_machines_addresses(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, Url(server, "/api/link/jam"));
        request.Headers.Host = "jam.example:8080";
        using var response = await http.SendAsync(request, ct);
        Assert.That(await response.Content.ReadAsStringAsync(ct), Is.EqualTo("""{"urls":["http://jam.example:8080/room/jam"]}"""));
        Assert.That(await http.GetStringAsync(Url(server, "/api/link/jam"), ct), Does.EndWith($"http://127.0.0.1:{server.Port}/room/jam\"]}}"));
        Assert.That(await http.GetStringAsync(Url(server, "/api/qr/jam"), ct), Does.StartWith("<svg"));
    }

    [Test]
    public async Task The_code_of_an_invite_is_another_and_what_is_no_token_is_left_out(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        using var http = new HttpClient();
        async Task<string> CodeAsync(string? invite)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, Url(server, "/api/qr/jam"));
            if (invite is not null)
                request.Headers.TryAddWithoutValidation("X-Jam-Invite", invite);
            using var response = await http.SendAsync(request, ct);
            return await response.Content.ReadAsStringAsync(ct);
        }

        var plain = await CodeAsync(null);
        Assert.That(await CodeAsync("sesame"), Does.StartWith("<svg").And.Not.EqualTo(plain));
        Assert.That(await CodeAsync("https://elsewhere.example/"), Is.EqualTo(plain));
    }

    private static Uri Url(JamServer server, string path) => new($"http://127.0.0.1:{server.Port}{path}");
}
