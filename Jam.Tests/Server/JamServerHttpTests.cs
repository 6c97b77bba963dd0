using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text.Json;
using Jam.Server.Contracts;
using Jam.Server.Hosting;
using NUnit.Framework;

namespace Jam.Tests.Server;

[TestFixture]
[CancelAfter(30_000)]
internal sealed class JamServerHttpTests
{
    [Test]
    public async Task Health_counts_rooms_and_members(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        using var host = await WebSocketClient.JoinAsync(server.Port, Role.Host, "ana", ct);
        using var viewer = await WebSocketClient.JoinAsync(server.Port, Role.Viewer, "bo", ct);
        using var http = new HttpClient();
        using var json = JsonDocument.Parse(await http.GetStringAsync(new Uri($"http://127.0.0.1:{server.Port}/healthz"), ct));
        Assert.That(json.RootElement.GetProperty("status").GetString(), Is.EqualTo("ok"));
        Assert.That(json.RootElement.GetProperty("rooms").GetInt32(), Is.EqualTo(1));
        Assert.That(json.RootElement.GetProperty("members").GetInt32(), Is.EqualTo(2));
        Assert.That(json.RootElement.GetProperty("uptime_sec").GetDouble(), Is.GreaterThanOrEqualTo(0));
    }

    [TestCase("/", HttpStatusCode.OK)]
    [TestCase("/room/jam", HttpStatusCode.OK)]
    [TestCase("/room/a%2fb", HttpStatusCode.NotFound)]
    [TestCase("/assets/roomClient.js", HttpStatusCode.OK)]
    [TestCase("/assets/../PROTOCOL.md", HttpStatusCode.NotFound)]
    [TestCase("/assets/%2e%2e/PROTOCOL.md", HttpStatusCode.NotFound)]
    [TestCase("/protocol", HttpStatusCode.OK)]
    [TestCase("/api/rooms", HttpStatusCode.OK)]
    [TestCase("/api/link/jam", HttpStatusCode.OK)]
    [TestCase("/api/qr/jam", HttpStatusCode.OK)]
    [TestCase("/room/a%20b", HttpStatusCode.NotFound)]
    [TestCase("/api/qr/a%20b", HttpStatusCode.NotFound)]
    [TestCase("/nothing", HttpStatusCode.NotFound)]
    [TestCase("/ws/jam", HttpStatusCode.UpgradeRequired)]
    [TestCase("/ws/", HttpStatusCode.BadRequest)]
    [TestCase("/ws/a/b", HttpStatusCode.BadRequest)]
    [TestCase("/ws/a%20b", HttpStatusCode.BadRequest)]
    [TestCase("/ws/12345678901234567890123456789012345678901234567890123456789012345", HttpStatusCode.BadRequest)]
    public async Task Every_path_has_its_answer(string path, HttpStatusCode status, CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        using var http = new HttpClient();
        using var response = await http.GetAsync(new Uri($"http://127.0.0.1:{server.Port}{path}"), ct);
        Assert.That(response.StatusCode, Is.EqualTo(status));
    }

    [TestCase(null, true)]
    [TestCase("http://127.0.0.1:{port}", true)]
    [TestCase("http://127.0.0.1:1", false)]
    [TestCase("http://evil.example", false)]
    [TestCase("null", false)]
    [TestCase("file://127.0.0.1:{port}", false)]
    public async Task A_page_of_another_site_may_not_connect(string? origin, bool isWelcome, CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        origin = origin?.Replace("{port}", $"{server.Port}", StringComparison.Ordinal);
        WebSocketException? refused = null;
        try
        {
            using var client = await WebSocketClient.ConnectAsync(server.Port, ct, origin: origin);
        }
        catch (WebSocketException e)
        {
            refused = e;
        }

        Assert.That(refused is null, Is.EqualTo(isWelcome));
    }

    [Test]
    public async Task Ipv6_is_served_beside_ipv4(CancellationToken ct)
    {
        if (!Socket.OSSupportsIPv6)
            return;
        await using var server = await TestServer.StartAsync(ct);
        using var client = await WebSocketClient.ConnectAsync(server.Port, ct, host: "[::1]");
        await client.SayAsync(new Hello(), ct);
        Assert.That((await client.NextAsync<Welcome>(ct)).ObservedAddress, Is.EqualTo("::1"));
    }

    [Test]
    public async Task A_full_server_refuses(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct, options: new JamServerOptions { Port = 0, MaxConnections = 1 });
        using var client = await WebSocketClient.JoinAsync(server.Port, Role.Viewer, "ana", ct);
        Assert.That(async () => await WebSocketClient.ConnectAsync(server.Port, ct), Throws.InstanceOf<WebSocketException>());
    }

    [Test]
    public async Task A_server_with_as_many_rooms_as_it_may_have_refuses_another(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct, options: new JamServerOptions { Port = 0, MaxRooms = 1 });
        using var first = await WebSocketClient.JoinAsync(server.Port, Role.Viewer, "ana", ct, "one");
        using var second = await WebSocketClient.ConnectAsync(server.Port, ct, "two");
        await second.SayAsync(new Hello(), ct);
        Assert.That(await second.LastErrorAsync(ct), Is.EqualTo(ErrorCodes.ServerFull));
    }
}
