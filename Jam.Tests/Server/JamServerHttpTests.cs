using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
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

    [Test]
    public async Task A_server_with_as_many_rooms_as_it_may_have_refuses_another(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct, options: new JamServerOptions { Port = 0, MaxRooms = 1 });
        using var first = await WebSocketClient.JoinAsync(server.Port, Role.Viewer, "ana", ct, "one");
        using var second = await WebSocketClient.ConnectAsync(server.Port, ct, "two");
        await second.SayAsync(new Hello(), ct);
        Assert.That(await second.LastErrorAsync(ct), Is.EqualTo(ErrorCodes.ServerFull));
    }

    [Test]
    public async Task Bytes_that_are_no_http_do_not_bring_it_down(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        using (var tcp = new TcpClient())
        {
            await tcp.ConnectAsync(IPAddress.Loopback, server.Port, ct);
            await tcp.GetStream().WriteAsync(Encoding.ASCII.GetBytes("\0\0\0\u0001WHERE nonsense\r\n\r\n"), ct);
            var answer = new byte[64];
            Assert.That(await tcp.GetStream().ReadAsync(answer, ct), Is.GreaterThan(0));
        }

        using var client = await WebSocketClient.JoinAsync(server.Port, Role.Viewer, "ana", ct);
        Assert.That(client.Socket.State, Is.EqualTo(WebSocketState.Open));
    }
}
