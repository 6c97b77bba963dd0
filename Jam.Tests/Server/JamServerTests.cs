using System.Net.WebSockets;
using System.Text.Json;
using Jam.Server.Contracts;
using Jam.Server.Hosting;
using Jam.Tests.Fakes;
using NUnit.Framework;

namespace Jam.Tests.Server;

[TestFixtureSource(typeof(JamServer), nameof(JamServer.Listeners))]
[CancelAfter(30_000)]
internal sealed class JamServerTests(ListenerKind listener)
{
    private ListenerUnderTest TestServer { get; } = new(listener);

    private const string TrackId = RoomHarness.TrackId;

    [Test]
    public async Task State_is_the_first_answer_by_hand(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        using var client = await WebSocketClient.ConnectAsync(server.Port, ct);
        await client.SayAsync("""{"type":"HELLO","role":"host"}""", ct);
        using var json = JsonDocument.Parse((await client.NextTextAsync(ct))!);
        var payload = json.RootElement.GetProperty("payload");
        Assert.That(json.RootElement.GetProperty("type").GetString(), Is.EqualTo("STATE"));
        Assert.That(payload.GetProperty("track_id").ValueKind, Is.EqualTo(JsonValueKind.Null));
        Assert.That(payload.GetProperty("status").GetString(), Is.EqualTo("PAUSE"));
        Assert.That(payload.GetProperty("offset_sec").GetRawText(), Is.EqualTo("0.0"));
        Assert.That(payload.GetProperty("timestamp").GetRawText(), Does.Match(@"^\d{10}\.\d+$"));
        Assert.That(payload.GetProperty("clock_id").GetGuid(), Is.EqualTo(server.ClockId));
    }

    [Test]
    public async Task What_the_host_commands_reaches_everyone_and_a_viewer_may_not(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        using var host = await WebSocketClient.JoinAsync(server.Port, Role.Host, "ana", ct);
        using var viewer = await WebSocketClient.JoinAsync(server.Port, Role.Viewer, "bo", ct);
        Assert.That((await host.NextAsync<PeerJoined>(ct)).Member.Name, Is.EqualTo("bo"));
        await viewer.SayAsync(new Play(), ct);
        Assert.That((await viewer.NextAsync<Error>(ct)).Code, Is.EqualTo(ErrorCodes.NotHost));
        await host.SayAsync(new SetTrack(TrackId, "a.mp3", 5, 1024), ct);
        await host.SayAsync(new Play(null, 1.5), ct);
        var (first, second) = (await viewer.NextAsync<State>(ct), await viewer.NextAsync<State>(ct));
        Assert.That((first.TrackId, first.Status), Is.EqualTo((TrackId, PlaybackStatus.Pause)));
        Assert.That((second.Status, second.OffsetSec), Is.EqualTo((PlaybackStatus.Play, 1.5)));
        await host.NextAsync<State>(ct);
        Assert.That(await host.NextAsync<State>(ct), Is.EqualTo(second));
    }

    [Test]
    public async Task Rooms_do_not_hear_each_other(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        using var here = await WebSocketClient.JoinAsync(server.Port, Role.Host, "ana", ct, "one");
        using var there = await WebSocketClient.JoinAsync(server.Port, Role.Host, "bo", ct, "two");
        await there.SayAsync(new Play(), ct);
        await here.SayAsync(new Ping(1), ct);
        await there.NextAsync<State>(ct);
        var seen = new List<ServerMessage?>();
        do
            seen.Add(await here.NextAsync(ct));
        while (seen[^1] is not Pong);
        Assert.That(seen.OfType<State>(), Is.Empty);
        Assert.That(seen.OfType<PeerJoined>(), Is.Empty);
    }

    [Test]
    public async Task A_probe_is_answered_in_room_time_with_the_position(CancellationToken ct)
    {
        var time = new ManualTimeProvider(5_000_000);
        await using var server = await TestServer.StartAsync(ct, time);
        using var host = await WebSocketClient.JoinAsync(server.Port, Role.Host, "ana", ct);
        await host.SayAsync(new Play(0), ct);
        var atUs = (await host.NextAsync<State>(ct)).AtUs;
        time.Advance(TimeSpan.FromSeconds(2));
        await host.SayAsync(new SyncRequest(-77), ct);
        var answer = await host.NextAsync<SyncResponse>(ct);
        Assert.That(answer, Is.EqualTo(new SyncResponse(
            -77, 7_000_000, 7_000_000, server.ClockId, PlaybackStatus.Play, null, 7_000_000 - atUs, (7_000_000 - atUs) / 1e6, answer.Tempo, answer.Revisions)));
    }

    [Test]
    public async Task Probes_overtake_nothing_before_state(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        using var client = await WebSocketClient.ConnectAsync(server.Port, ct);
        await client.SayAsync(new Hello(), ct);
        await client.SayAsync(new SyncRequest(1), ct);
        Assert.That(await client.NextAsync(ct), Is.InstanceOf<State>());
        Assert.That((await client.NextAsync<SyncResponse>(ct)).T1Us, Is.EqualTo(1));
    }

    [Test]
    public async Task Bye_ends_the_connection_in_good_order(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        using var host = await WebSocketClient.JoinAsync(server.Port, Role.Host, "ana", ct);
        using var viewer = await WebSocketClient.JoinAsync(server.Port, Role.Viewer, "bo", ct);
        await host.SayAsync(new Bye(), ct);
        Assert.That(await host.LastErrorAsync(ct), Is.Null);
        Assert.That(host.Socket.CloseStatus, Is.EqualTo(WebSocketCloseStatus.NormalClosure));
        Assert.That(await viewer.NextAsync<PeerLeft>(ct), Has.Property("Name").EqualTo("ana").And.Property("Reason").EqualTo("bye"));
    }

    [Test]
    public async Task A_connection_that_breaks_off_is_told_to_the_others(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        using var host = await WebSocketClient.JoinAsync(server.Port, Role.Host, "ana", ct);
        var viewer = await WebSocketClient.JoinAsync(server.Port, Role.Viewer, "bo", ct);
        viewer.Socket.Abort();
        viewer.Dispose();
        Assert.That((await host.NextAsync<PeerLeft>(ct)).Name, Is.EqualTo("bo"));
    }

    [Test]
    public async Task Room_stats_come_by_the_rooms_own_timer(CancellationToken ct)
    {
        var time = new ManualTimeProvider();
        await using var server = await TestServer.StartAsync(ct, time);
        using var host = await WebSocketClient.JoinAsync(server.Port, Role.Host, "ana", ct);
        Assert.That((await host.NextAsync<RoomStats>(ct)).Members, Is.EqualTo(1));
        using var viewer = await WebSocketClient.JoinAsync(server.Port, Role.Viewer, "bo", ct);
        while (time.NextTimerUs is not { } due || due > time.GetTimestamp() + 500_000)
            await Task.Yield();
        time.Advance(TimeSpan.FromSeconds(0.5));
        Assert.That((await host.NextAsync<RoomStats>(ct)).Members, Is.EqualTo(2));
    }

    [Test]
    public async Task A_room_is_forgotten_a_minute_after_the_last_has_left(CancellationToken ct)
    {
        var time = new ManualTimeProvider();
        await using var server = await TestServer.StartAsync(ct, time);
        using var client = await WebSocketClient.JoinAsync(server.Port, Role.Host, "ana", ct);
        await client.SayAsync(new Play(), ct);
        await client.NextAsync<State>(ct);
        await client.SayAsync(new Bye(), ct);
        await client.LastErrorAsync(ct);
        using var http = new HttpClient();
        for (var rooms = 1; rooms > 0;)
        {
            time.Advance(TimeSpan.FromSeconds(61));
            using var json = JsonDocument.Parse(await http.GetStringAsync(new Uri($"http://127.0.0.1:{server.WebPort}/healthz"), ct));
            rooms = json.RootElement.GetProperty("rooms").GetInt32();
        }

        using var next = await WebSocketClient.ConnectAsync(server.Port, ct);
        await next.SayAsync(new Hello(), ct);
        Assert.That((await next.NextAsync<State>(ct)).Status, Is.EqualTo(PlaybackStatus.Pause));
    }

    [Test]
    public async Task A_port_that_is_taken_is_said_so(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        Assert.That(
            async () => await TestServer.StartAsync(ct, options: new JamServerOptions { Port = server.Port }),
            Throws.InstanceOf<PortTakenException>().With.Property("Port").EqualTo(server.Port));
    }

    [Test]
    public async Task A_server_that_closes_says_so_to_everyone(CancellationToken ct)
    {
        var server = await TestServer.StartAsync(ct);
        using var client = await WebSocketClient.JoinAsync(server.Port, Role.Viewer, "ana", ct);
        var closing = client.LastErrorAsync(ct);
        await server.DisposeAsync();
        Assert.That(await closing, Is.Null);
        Assert.That(client.Socket.CloseStatus, Is.EqualTo(WebSocketCloseStatus.EndpointUnavailable));
    }

    [Test]
    public async Task A_successor_on_the_same_port_goes_on_from_what_a_member_remembers(CancellationToken ct)
    {
        var time = new ManualTimeProvider();
        State playing;
        int port;
        await using (var first = await TestServer.StartAsync(ct, time))
        {
            port = first.Port;
            using var host = await WebSocketClient.JoinAsync(port, Role.Host, "ana", ct);
            await host.SayAsync(new SetTrack(TrackId, "a.mp3", 5, 1024), ct);
            await host.SayAsync(new Play(10_000_000), ct);
            await host.NextAsync<State>(ct);
            playing = await host.NextAsync<State>(ct);
        }

        time.Advance(TimeSpan.FromSeconds(5));
        await using var second = await TestServer.StartAsync(ct, time, new JamServerOptions { Port = port });
        using var resumed = await WebSocketClient.ConnectAsync(port, ct);
        await resumed.SayAsync(new Hello(Role.Host, "ana", Resume: new Resume(playing.ToTimeline(), playing.Track, time.NowUs(), 50)), ct);
        var state = (State)(await resumed.NextAsync(ct))!;
        Assert.That(state.Epoch, Is.EqualTo(2));
        Assert.That(state.ClockId, Is.Not.EqualTo(playing.ClockId));
        Assert.That(state.ToTimeline().PositionAtUs(time.NowUs()), Is.EqualTo(14_950_000));
    }
}
