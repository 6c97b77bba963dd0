using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Jam.Server.Contracts;
using Jam.Server.Hosting;
using Jam.Tests.Fakes;
using NUnit.Framework;

namespace Jam.Tests.Server;

/// <summary>
/// What every listener keeps to, beside what <see cref="JamServerTests"/> and <see cref="JamServerLimitsTests"/> ask of each: who may come
/// in, order, slow readers, ends of all kinds, and many at once.
/// </summary>
[TestFixtureSource(typeof(JamServer), nameof(JamServer.Listeners))]
[CancelAfter(60_000)]
internal sealed class ListenerContractTests(ListenerKind listener)
{
    private ListenerUnderTest TestServer { get; } = new(listener);

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

    [TestCase("/ws/a/b", HttpStatusCode.BadRequest)]
    [TestCase("/ws/a%20b", HttpStatusCode.BadRequest)]
    [TestCase("/ws/", HttpStatusCode.BadRequest)]
    [TestCase("/nowhere", HttpStatusCode.NotFound)]
    public async Task A_socket_for_no_room_is_refused_in_http(string path, HttpStatusCode status, CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        using var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;
        Assert.That(async () => await socket.ConnectAsync(new Uri($"ws://127.0.0.1:{server.Port}{path}"), ct), Throws.InstanceOf<WebSocketException>());
        Assert.That(socket.HttpStatusCode, Is.EqualTo(status));
    }

    [Test]
    public async Task A_room_is_asked_for_by_its_name_escaped_or_not_and_with_a_query(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        using var plain = await WebSocketClient.JoinAsync(server.Port, Role.Host, "ana", ct, "my-room");
        using var escaped = await WebSocketClient.JoinAsync(server.Port, Role.Viewer, "bo", ct, "my%2Droom?from=page");
        Assert.That((await plain.NextAsync<PeerJoined>(ct)).Member.Name, Is.EqualTo("bo"));
    }

    [Test]
    public async Task The_page_and_the_health_are_at_the_web_port(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        using var host = await WebSocketClient.JoinAsync(server.Port, Role.Host, "ana", ct);
        using var there = await WebSocketClient.JoinAsync(server.WebPort, Role.Viewer, "bo", ct);
        Assert.That((await host.NextAsync<PeerJoined>(ct)).Member.Name, Is.EqualTo("bo"), "the page's sockets lead to the same rooms");
        using var http = new HttpClient();
        using var json = JsonDocument.Parse(await http.GetStringAsync(new Uri($"http://127.0.0.1:{server.WebPort}/healthz"), ct));
        Assert.That(json.RootElement.GetProperty("members").GetInt32(), Is.EqualTo(2));
        Assert.That(await http.GetStringAsync(new Uri($"http://127.0.0.1:{server.WebPort}/"), ct), Does.Contain("SwarmJam"));
        Assert.That(server.WebPort == server.Port, Is.EqualTo(listener == ListenerKind.Kestrel));
    }

    [Test]
    public async Task Who_comes_in_is_told_where_pages_come_from(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        using var client = await WebSocketClient.ConnectAsync(server.Port, ct);
        await client.SayAsync(new Hello(), ct);
        Assert.That((await client.NextAsync<Welcome>(ct)).WebPort ?? server.Port, Is.EqualTo(server.WebPort));
    }

    [Test]
    public async Task A_port_that_is_taken_is_named(CancellationToken ct)
    {
        await using var first = await TestServer.StartAsync(ct);
        Assert.That(
            async () => await TestServer.StartAsync(ct, options: new JamServerOptions { Port = first.Port }),
            Throws.InstanceOf<PortTakenException>().With.Property("Port").EqualTo(first.Port));
    }

    [Test]
    public async Task Answers_come_in_the_order_of_the_questions(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        using var client = await WebSocketClient.JoinAsync(server.Port, Role.Viewer, "ana", ct);
        for (var i = 0; i < 250; i++)
            await client.SayAsync(new Ping(i), ct);
        for (var i = 0; i < 250; i++)
            Assert.That((await client.NextAsync<Pong>(ct)).Nonce, Is.EqualTo(i));
    }

    [Test]
    public async Task A_message_in_pieces_is_one_message_and_one_of_binary_is_read_too(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        using var client = await WebSocketClient.ConnectAsync(server.Port, ct);
        var hello = Encoding.UTF8.GetBytes("""{"type":"HELLO","name":"ána"}""");
        for (var i = 0; i < hello.Length; i++)
            await client.Socket.SendAsync(hello.AsMemory(i, 1), WebSocketMessageType.Text, i == hello.Length - 1, ct);
        Assert.That(await client.NextAsync(ct), Is.InstanceOf<State>());
        await client.Socket.SendAsync(ControlCodec.Serialize(new Ping(9)), WebSocketMessageType.Binary, true, ct);
        Assert.That((await client.NextAsync<Pong>(ct)).Nonce, Is.EqualTo(9));
    }

    [Test]
    public async Task Pieces_that_come_to_more_than_the_cap_are_an_error_and_close(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        using var client = await WebSocketClient.JoinAsync(server.Port, Role.Viewer, "ana", ct);
        var closing = client.LastErrorAsync(ct);
        var piece = Encoding.UTF8.GetBytes(new string(' ', 30_000));
        for (var i = 0; i < 3; i++)
            await client.Socket.SendAsync(piece, WebSocketMessageType.Text, false, ct);
        Assert.That(await closing, Is.EqualTo(ErrorCodes.TooLarge));
    }

    [Test]
    public async Task A_frame_that_says_it_is_endless_is_refused_by_its_header(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        using var raw = await RawWebSocket.ConnectAsync(server.Port, ct);
        // Final, text, masked, 2^62 bytes; and not one of them.
        await raw.SendAsync([0x81, 0xFF, 0x40, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, .. new byte[Limits.MaxMessageBytes + 1]], ct);
        using var socket = raw.AsWebSocket();
        Assert.That(await RawWebSocket.LastErrorAsync(socket, ct), Is.EqualTo(ErrorCodes.TooLarge));
    }

    [Test]
    public async Task A_ping_is_answered(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        using var raw = await RawWebSocket.ConnectAsync(server.Port, ct);
        await raw.SendAsync([0x89, 0x82, 0, 0, 0, 0, (byte)'h', (byte)'i'], ct);
        Assert.That(await raw.ReadAsync(4, ct), Is.EqualTo(new byte[] { 0x8A, 2, (byte)'h', (byte)'i' }));
    }

    [Test]
    public async Task A_frame_that_means_nothing_ends_the_connection(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        using var host = await WebSocketClient.JoinAsync(server.Port, Role.Host, "ana", ct);
        using var raw = await RawWebSocket.ConnectAsync(server.Port, ct);
        // A reserved bit is set that nobody has agreed on.
        await raw.SendAsync([0xC1, 0x82, 0, 0, 0, 0, (byte)'h', (byte)'i'], ct);
        await raw.ReadToEndAsync(ct);
        await host.SayAsync(new Ping(1), ct);
        Assert.That((await host.NextAsync<Pong>(ct)).Nonce, Is.EqualTo(1), "nobody else is touched");
    }

    [Test]
    public async Task Who_reads_nothing_is_cut_off_and_the_others_go_on(CancellationToken ct)
    {
        var time = new ManualTimeProvider();
        await using var server = await TestServer.StartAsync(
            ct, time, new JamServerOptions { Port = 0, MessageBurst = 1_000_000, OutboundCapacity = 64 });
        using var host = await WebSocketClient.JoinAsync(server.Port, Role.Host, "ana", ct);
        using var raw = await RawWebSocket.ConnectAsync(server.Port, ct, receiveBufferBytes: 4_096);
        using var socket = raw.AsWebSocket();
        await socket.SendAsync(ControlCodec.Serialize(new Hello(Role.Viewer, "bo")), WebSocketMessageType.Text, true, ct);
        await host.NextAsync<PeerJoined>(ct);
        var left = host.NextAsync<PeerLeft>(ct);
        // The cut comes two seconds after the last word, which waits behind what is not read. What is asked for is long: the system alone takes
        // megabytes of what nobody reads, which would be tens of thousands of the shortest answers.
        for (var asks = true; !left.IsCompleted;)
        {
            asks = asks && await RawWebSocket.TrySayAsync(socket, new SnapshotRequest(), ct);
            time.Advance(TimeSpan.FromMilliseconds(100));
            if (!asks)
                await Task.Yield();
            ct.ThrowIfCancellationRequested();
        }

        Assert.That((await left).Name, Is.EqualTo("bo"));
        await host.SayAsync(new Ping(5), ct);
        Assert.That((await host.NextAsync<Pong>(ct)).Nonce, Is.EqualTo(5));
    }

    [Test]
    public async Task What_is_said_right_before_the_end_still_counts(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        using var host = await WebSocketClient.JoinAsync(server.Port, Role.Host, "ana", ct);
        using var viewer = await WebSocketClient.JoinAsync(server.Port, Role.Viewer, "bo", ct);
        for (var bpm = 90; bpm < 110; bpm++)
            await host.SayAsync(new SetTempo(bpm), ct);
        await host.Socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, ct);
        Assert.That(host.Socket.CloseStatus, Is.EqualTo(WebSocketCloseStatus.NormalClosure), "the end is answered");
        var tempo = 0.0;
        while (await viewer.NextAsync(ct) is var message and not PeerLeft)
            tempo = message is TempoState state ? state.Tempo.Bpm : tempo;
        Assert.That(tempo, Is.EqualTo(109));
    }

    [Test]
    public async Task A_server_that_stops_ends_every_connection_in_good_order(CancellationToken ct)
    {
        var server = await TestServer.StartAsync(ct);
        using var host = await WebSocketClient.JoinAsync(server.Port, Role.Host, "ana", ct);
        using var silent = await WebSocketClient.ConnectAsync(server.Port, ct);
        using var half = new TcpClient();
        await half.ConnectAsync(IPAddress.Loopback, server.Port, ct);
        await half.GetStream().WriteAsync(Encoding.ASCII.GetBytes("GET /ws/jam HTTP/1.1\r\nHost"), ct);
        var ends = Task.WhenAll(host.LastErrorAsync(ct), silent.LastErrorAsync(ct));
        await server.DisposeAsync();
        await ends;
        Assert.That(host.Socket.CloseStatus, Is.EqualTo(WebSocketCloseStatus.EndpointUnavailable));
        Assert.That(silent.Socket.CloseStatus, Is.EqualTo(WebSocketCloseStatus.EndpointUnavailable));
        Assert.That(async () => await WebSocketClient.ConnectAsync(server.Port, ct), Throws.InstanceOf<WebSocketException>());
    }

    [Test]
    public async Task Clients_that_are_gone_before_they_are_greeted_do_no_harm(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        for (var i = 0; i < 50; i++)
        {
            using var tcp = new TcpClient { LingerState = new LingerOption(true, 0) };
            await tcp.ConnectAsync(IPAddress.Loopback, server.Port, ct);
            if (i % 2 == 0)
                await tcp.GetStream().WriteAsync(Encoding.ASCII.GetBytes("GET /ws/jam HTTP/1.1\r\n"), ct);
        }

        using var client = await WebSocketClient.JoinAsync(server.Port, Role.Viewer, "ana", ct);
        Assert.That(client.Socket.State, Is.EqualTo(WebSocketState.Open));
    }

    [Test]
    public async Task A_thousand_connections_are_served_at_once(CancellationToken ct)
    {
        const int rooms = 20, perRoom = 50;
        await using var server = await TestServer.StartAsync(ct);
        var clients = new List<WebSocketClient>();
        try
        {
            for (var i = 0; i < perRoom; i++)
            {
                clients.AddRange(await Task.WhenAll(Enumerable.Range(0, rooms).Select(room => WebSocketClient.JoinAsync(
                    server.Port, i == 0 ? Role.Host : Role.Viewer, $"m{i}", ct, $"room{room}"))));
            }

            using var http = new HttpClient();
            using var json = JsonDocument.Parse(await http.GetStringAsync(new Uri($"http://127.0.0.1:{server.WebPort}/healthz"), ct));
            Assert.That(json.RootElement.GetProperty("members").GetInt32(), Is.EqualTo(rooms * perRoom));
            await Task.WhenAll(clients.Take(rooms).Select(host => host.SayAsync(new Play(), ct)));
            var states = await Task.WhenAll(clients.Select(client => client.NextAsync<State>(ct)));
            Assert.That(states.Count(state => state.Status == PlaybackStatus.Play), Is.EqualTo(rooms * perRoom));
        }
        finally
        {
            clients.ForEach(client => client.Dispose());
        }
    }
}
