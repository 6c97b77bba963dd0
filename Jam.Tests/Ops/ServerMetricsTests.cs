using System.Net;
using System.Text.Json;
using Jam.Server.Contracts;
using Jam.Server.Hosting;
using Jam.Server.Observing;
using Jam.Server.Rooms;
using Jam.Tests.Server;
using NUnit.Framework;

namespace Jam.Tests.Ops;

/// <summary>A server's /metrics, /healthz and /readyz, over HTTP.</summary>
[TestFixture]
[CancelAfter(30_000)]
internal sealed class ServerMetricsTests
{
    private HttpClient _http = null!;

    [SetUp]
    public void Open() => _http = new HttpClient();

    [TearDown]
    public void Close() => _http.Dispose();

    private async Task<PrometheusPage> PageAsync(JamServer server, CancellationToken ct) =>
        PrometheusPage.Read(await _http.GetStringAsync(At(server, "metrics"), ct));

    private static Uri At(JamServer server, string path) => new($"http://127.0.0.1:{server.WebPort}/{path}");

    [Test]
    public async Task Rooms_members_messages_and_what_a_message_takes_are_counted(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        using var host = await WebSocketClient.JoinAsync(server.Port, Role.Host, "ana", ct);
        using var viewer = await WebSocketClient.JoinAsync(server.Port, Role.Viewer, "bo", ct);
        await host.SayAsync(new Play(), ct);
        await viewer.NextAsync<State>(ct);
        await host.SayAsync("nonsense", ct);
        await host.NextAsync<Error>(ct);
        var page = await PageAsync(server, ct);
        Assert.Multiple(() =>
        {
            Assert.That(page.Find("jam_server_rooms"), Is.EqualTo(1));
            Assert.That(page.Find("jam_server_members"), Is.EqualTo(2));
            Assert.That(page.Find("jam_server_connections"), Is.EqualTo(2));
            Assert.That(page.Find("jam_server_messages_received_total", ("jam_message_type", "HELLO")), Is.EqualTo(2));
            Assert.That(page.Find("jam_server_messages_received_total", ("jam_message_type", "PLAY")), Is.EqualTo(1));
            Assert.That(page.Find("jam_server_messages_received_total", ("jam_message_type", "invalid")), Is.EqualTo(1));
            Assert.That(page.Find("jam_server_messages_sent_total", ("jam_message_type", "STATE")), Is.EqualTo(4), "one to each newcomer, one to each for PLAY");
            Assert.That(page.Find("jam_server_messages_sent_total", ("jam_message_type", "PEER_JOINED")), Is.EqualTo(1), "not to the newcomer");
            Assert.That(page.Find("jam_server_io_bytes_total", ("network_io_direction", "receive")), Is.GreaterThan(100));
            Assert.That(page.Find("jam_server_io_bytes_total", ("network_io_direction", "transmit")), Is.GreaterThan(1000));
            Assert.That(page.Find("jam_server_state_delay_seconds_count"), Is.EqualTo(3));
            Assert.That(page.Find("jam_room_members", ("jam_room", "jam")), Is.EqualTo(2));
            Assert.That(page.Find("dotnet_process_memory_working_set_bytes"), Is.GreaterThan(1e6), "the runtime's own");
        });
    }

    [Test]
    public async Task What_members_report_is_summed_without_naming_them(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        using var host = await WebSocketClient.JoinAsync(server.Port, Role.Host, "ana", ct);
        using var viewer = await WebSocketClient.JoinAsync(server.Port, Role.Viewer, "bo-the-viewer", ct);
        for (var i = 0; i < 2; i++)
        {
            await host.SayAsync(new Stats(new MemberStats(500, SyncErrorUs: -30, SyncUncertaintyUs: 10, ClockErrorUs: 7, Totals: new MemberTotals(0, 0, 2_000_000 * i, 0, 1.05 * i))), ct);
            await viewer.SayAsync(new Stats(new MemberStats(900, BufferUs: 4_000_000, SyncErrorUs: 70, Totals: new MemberTotals(1_000_000 * i, 980_000 * i, 0, i))), ct);
        }

        await viewer.SayAsync(new Ping(1), ct);
        await viewer.NextAsync<Pong>(ct);
        PrometheusPage page = null!;
        await UntilAsync(async () => (page = await PageAsync(server, ct)).Find("jam_swarm_received_bytes_total") > 0
            && page.Find("jam_swarm_sent_bytes_total", ("jam_role", "host")) > 0 && page.Find("jam_room_host_copies") > 1, ct);
        Assert.Multiple(() =>
        {
            Assert.That(page.Find("jam_swarm_received_bytes_total"), Is.EqualTo(1_000_000));
            Assert.That(page.Find("jam_swarm_useful_bytes_total"), Is.EqualTo(980_000));
            Assert.That(page.Find("jam_swarm_sent_bytes_total", ("jam_role", "host")), Is.EqualTo(2_000_000));
            Assert.That(page.Find("jam_swarm_efficiency_ratio"), Is.EqualTo(0.98).Within(1e-9));
            Assert.That(page.Find("jam_member_stalls_total"), Is.EqualTo(1));
            Assert.That(page.Find("jam_member_sync_error_seconds_count"), Is.EqualTo(4));
            Assert.That(page.Find("jam_member_sync_error_seconds_sum"), Is.EqualTo(200e-6).Within(1e-9));
            Assert.That(page.Find("jam_room_sync_error_seconds", ("jam_room", "jam"), ("statistic", "max")), Is.EqualTo(70e-6).Within(1e-9));
            Assert.That(page.Find("jam_room_host_copies", ("jam_room", "jam")), Is.EqualTo(1.05).Within(1e-9));
            Assert.That(page.Samples.SelectMany(s => s.Labels.Values), Has.None.Contains("bo-the-viewer"));
        });
    }

    [Test]
    public async Task A_reader_that_is_dropped_is_counted_by_why(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct, options: new JamServerOptions { Port = 0, MessageBurst = 3, MessagesPerSecond = 1 });
        using var client = await WebSocketClient.JoinAsync(server.Port, Role.Viewer, "ana", ct);
        for (var i = 0; i < 6; i++)
            await client.SayAsync(new Ping(i), ct);
        await client.LastErrorAsync(ct);
        Assert.That((await PageAsync(server, ct)).Find("jam_server_connections_dropped_total", ("error_type", ErrorCodes.Rate)), Is.EqualTo(1));
    }

    [TestCase(MetricsAccess.Local, null, null, HttpStatusCode.OK)]
    [TestCase(MetricsAccess.Local, "localhost:80", null, HttpStatusCode.OK)]
    [TestCase(MetricsAccess.Local, "[::1]:80", null, HttpStatusCode.OK)]
    [TestCase(MetricsAccess.Local, "jam.example", null, HttpStatusCode.Forbidden, Description = "a site whose name points to this machine")]
    [TestCase(MetricsAccess.Local, null, "X-Forwarded-For", HttpStatusCode.Forbidden, Description = "a proxy of this machine")]
    [TestCase(MetricsAccess.Local, null, "Forwarded", HttpStatusCode.Forbidden)]
    [TestCase(MetricsAccess.Any, "jam.example", "X-Forwarded-For", HttpStatusCode.OK)]
    [TestCase(MetricsAccess.Off, null, null, HttpStatusCode.NotFound)]
    public async Task Metrics_are_for_whom_they_are_meant(MetricsAccess access, string? host, string? mark, HttpStatusCode status, CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct, options: new JamServerOptions { Port = 0, Metrics = access });
        using var request = new HttpRequestMessage(HttpMethod.Get, At(server, "metrics"));
        request.Headers.Host = host;
        if (mark is not null)
            request.Headers.Add(mark, "192.0.2.7");
        using var response = await _http.SendAsync(request, ct);
        Assert.That(response.StatusCode, Is.EqualTo(status));
        Assert.That(response.Content.Headers.ContentType?.MediaType, Is.EqualTo("text/plain"));
    }

    [Test]
    public async Task Metrics_are_only_read(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        using var response = await _http.PostAsync(At(server, "metrics"), null, ct);
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.MethodNotAllowed));
    }

    [Test]
    public async Task A_server_that_keeps_nothing_is_ready_and_says_that_it_keeps_nothing(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        using var ready = JsonDocument.Parse(await _http.GetStringAsync(At(server, "readyz"), ct));
        Assert.That(ready.RootElement.GetProperty("status").GetString(), Is.EqualTo("ready"));
        Assert.That(
            ready.RootElement.GetProperty("checks").EnumerateArray().Select(c => c.GetProperty("name").GetString()),
            Is.EqualTo(new[] { "rooms", "listeners", "store", "draining", "places" }));
        using var health = JsonDocument.Parse(await _http.GetStringAsync(At(server, "healthz"), ct));
        Assert.That(health.RootElement.GetProperty("durable").GetBoolean(), Is.False);
        Assert.That(health.RootElement.GetProperty("commit").GetString(), Is.EqualTo(ProgramVersion.Commit));
    }

    [Test]
    public async Task A_store_that_takes_nothing_makes_a_server_live_but_not_ready_until_it_takes_something_again(CancellationToken ct)
    {
        var store = new MoodyStore();
        await using var server = await TestServer.StartAsync(ct, options: new JamServerOptions { Port = 0, OpenStore = () => store });
        store.IsBroken = true;
        using var client = await WebSocketClient.JoinAsync(server.Port, Role.Host, "ana", ct);
        await client.SayAsync(new Play(), ct);
        await UntilAsync(async () => (await _http.GetAsync(At(server, "readyz"), ct)).StatusCode == HttpStatusCode.ServiceUnavailable, ct);
        using (var alive = await _http.GetAsync(At(server, "healthz"), ct))
        {
            Assert.That(alive.StatusCode, Is.EqualTo(HttpStatusCode.OK));
            Assert.That(await alive.Content.ReadAsStringAsync(ct), Does.Contain("\"durable\":false").And.Contain("not kept"));
        }

        Assert.That((await PageAsync(server, ct)).Find("jam_server_store_failures_total"), Is.GreaterThanOrEqualTo(1));
        store.IsBroken = false;
        await client.SayAsync(new Pause(), ct);
        await UntilAsync(async () => (await _http.GetAsync(At(server, "readyz"), ct)).StatusCode == HttpStatusCode.OK, ct);
        Assert.That((await PageAsync(server, ct)).Find("jam_server_store_lag_seconds"), Is.Zero);
    }

    [Test]
    public async Task A_server_without_a_place_is_not_ready(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct, options: new JamServerOptions { Port = 0, MaxRooms = 1 });
        using var client = await WebSocketClient.JoinAsync(server.Port, Role.Host, "ana", ct);
        using var response = await _http.GetAsync(At(server, "readyz"), ct);
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.ServiceUnavailable));
        Assert.That(await response.Content.ReadAsStringAsync(ct), Does.Contain("1 of 1 rooms"));
    }

    [Test]
    public async Task What_members_count_is_told_to_nobody(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        using var host = await WebSocketClient.JoinAsync(server.Port, Role.Host, "ana", ct);
        await host.SayAsync(new Stats(new MemberStats(500, Totals: new MemberTotals(77_777))), ct);
        string? text;
        do
            text = await host.NextTextAsync(ct);
        while (!text!.Contains("rtt_us\":500", StringComparison.Ordinal));
        Assert.That(text, Does.Not.Contain("totals").And.Not.Contain("77777"));
    }

    [TestCase("""{"received_bytes":-1}""")]
    [TestCase("""{"received_bytes":1000000000000001}""")]
    [TestCase("""{"stalls":"many"}""")]
    [TestCase("""{"copies":-0.5}""")]
    [TestCase("[1]")]
    public void Totals_that_make_no_sense_are_refused(string totals) =>
        Assert.That(ControlCodec.ParseClient(System.Text.Encoding.UTF8.GetBytes($$"""{"type":"STATS","totals":{{totals}}}""")).Error, Is.Not.Null);

    [Test]
    public void Totals_come_back_as_they_went_out()
    {
        var stats = new Stats(new MemberStats(500, Totals: new MemberTotals(3, 2, 1, 4, 1.25)));
        Assert.That(ControlCodec.ParseClient(ControlCodec.Serialize(stats)).Message, Is.EqualTo(stats));
    }

    private static async Task UntilAsync(Func<Task<bool>> condition, CancellationToken ct)
    {
        while (!await condition())
            ct.ThrowIfCancellationRequested();
    }

    private sealed class MoodyStore : IRoomStore
    {
        public volatile bool IsBroken;

        public IReadOnlyList<StoredRoom> Load(Action<string> tell) => [];

        public void Save(StoredRoom room)
        {
            if (IsBroken)
                throw new IOException("the disk is full");
        }

        public void Remove(string name) => Save(null!);

        public void Dispose()
        {
        }
    }
}
