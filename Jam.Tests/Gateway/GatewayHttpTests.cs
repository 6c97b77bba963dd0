using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Jam.Peer.Gateway;
using Jam.Tests.Fakes;
using Jam.Tests.Network;
using Jam.Tests.Storage;
using NUnit.Framework;

namespace Jam.Tests.Gateway;

/// <summary>A gateway over loopback, as a browser meets it.</summary>
[CancelAfter(30_000)]
internal sealed class GatewayHttpTests
{
    private readonly TestTrack _track = new(200_300, 16 * 1024);
    private readonly HttpClient _http = new();

    [OneTimeTearDown]
    public void CloseClient() => _http.Dispose();

    [Test]
    public async Task A_track_comes_bit_by_bit_with_its_type_and_a_tag_that_spares_a_second_time(CancellationToken ct)
    {
        await using var door = await OpenAsync(Full(), ct);
        using var answer = await _http.GetAsync(Uri(door), ct);
        Assert.That(await answer.Content.ReadAsByteArrayAsync(ct), Is.EqualTo(_track.Bytes));
        Assert.That(answer.Content.Headers.ContentType!.MediaType, Is.EqualTo("audio/mpeg"));
        Assert.That(answer.Headers.ETag!.Tag, Is.EqualTo($"\"{_track.Id}\""));
        Assert.That(answer.Headers.GetValues("X-Content-Type-Options"), Is.EqualTo(new[] { "nosniff" }));

        using var again = new HttpRequestMessage(HttpMethod.Get, Uri(door));
        again.Headers.IfNoneMatch.Add(answer.Headers.ETag);
        using var unchanged = await _http.SendAsync(again, ct);
        Assert.That(unchanged.StatusCode, Is.EqualTo(HttpStatusCode.NotModified));
    }

    [TestCase(0, 0)]
    [TestCase(16_383, 16_384)]
    [TestCase(100, 150_000)]
    [TestCase(200_299, 400_000)]
    public async Task A_range_is_that_part_of_the_track(int from, int to, CancellationToken ct)
    {
        await using var door = await OpenAsync(Full(), ct);
        using var request = new HttpRequestMessage(HttpMethod.Get, Uri(door)) { Headers = { Range = new RangeHeaderValue(from, to) } };
        using var answer = await _http.SendAsync(request, ct);
        var last = Math.Min(to, _track.Bytes.Length - 1);
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.PartialContent));
        Assert.That(answer.Content.Headers.ContentRange!.ToString(), Is.EqualTo($"bytes {from}-{last}/{_track.Bytes.Length}"));
        Assert.That(await answer.Content.ReadAsByteArrayAsync(ct), Is.EqualTo(_track.Bytes[from..(last + 1)]));
    }

    [Test]
    public async Task What_begins_beyond_the_end_is_refused(CancellationToken ct)
    {
        await using var door = await OpenAsync(Full(), ct);
        using var request = new HttpRequestMessage(HttpMethod.Get, Uri(door)) { Headers = { Range = new RangeHeaderValue(200_300, null) } };
        using var answer = await _http.SendAsync(request, ct);
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.RequestedRangeNotSatisfiable));
        Assert.That(answer.Content.Headers.ContentRange!.ToString(), Is.EqualTo("bytes */200300"));
    }

    [Test]
    public async Task A_chunk_that_is_on_its_way_is_asked_for_and_waited_for(CancellationToken ct)
    {
        var storage = new MemoryStorage(_track.Manifest);
        var source = new FakeGatewaySource(_track.Id, storage) { OnAwait = chunk => _track.Fill(storage, chunk) };
        await using var door = await OpenAsync(source, ct);
        Assert.That(await _http.GetByteArrayAsync(Uri(door), ct), Is.EqualTo(_track.Bytes));
        Assert.That(source.Awaited, Is.EqualTo(Enumerable.Range(0, _track.Chunks)));
    }

    [Test]
    public async Task What_does_not_come_in_time_is_said_and_nothing_unverified_takes_its_place(CancellationToken ct)
    {
        var time = new ManualTimeProvider();
        var source = new FakeGatewaySource(_track.Id, new MemoryStorage(_track.Manifest));
        await using var door = await OpenAsync(source, ct, time: time);
        var asking = _http.GetAsync(Uri(door), ct);
        await Until.TrueAsync(() => !source.Awaited.IsEmpty && time.NextTimerUs is not null, ct);
        time.Advance(TimeSpan.FromSeconds(8));
        using var answer = await asking;
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.ServiceUnavailable));
        Assert.That(answer.Headers.RetryAfter!.Delta, Is.EqualTo(TimeSpan.FromSeconds(1)));
    }

    [Test]
    public async Task A_track_that_breaks_off_halfway_breaks_the_connection(CancellationToken ct)
    {
        var time = new ManualTimeProvider();
        var storage = new MemoryStorage(_track.Manifest);
        _track.Fill(storage, 0, 1, 2);
        var source = new FakeGatewaySource(_track.Id, storage);
        await using var door = await OpenAsync(source, ct, time: time);
        using var answer = await _http.GetAsync(Uri(door), HttpCompletionOption.ResponseHeadersRead, ct);
        var reading = answer.Content.ReadAsByteArrayAsync(ct);
        await Until.TrueAsync(() => !source.Awaited.IsEmpty && time.NextTimerUs is not null, ct);
        time.Advance(TimeSpan.FromSeconds(8));
        Assert.That(async () => await reading, Throws.InstanceOf<HttpRequestException>().Or.InstanceOf<IOException>());
    }

    [Test]
    public async Task A_track_whose_manifest_is_not_here_is_to_be_asked_for_again(CancellationToken ct)
    {
        await using var door = await OpenAsync(new FakeGatewaySource(_track.Id, null), ct);
        using var answer = await _http.GetAsync(Uri(door), ct);
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.ServiceUnavailable));
    }

    [Test]
    public async Task Index_tags_and_cover_are_served_where_they_are_here(CancellationToken ct)
    {
        var source = Full();
        source.Blobs[GatewayPart.Cover] = new GatewayBlob([1, 2, 3], "image/png");
        await using var door = await OpenAsync(source, ct);
        using var cover = await _http.GetAsync(Uri(door, "/cover"), ct);
        Assert.That((await cover.Content.ReadAsByteArrayAsync(ct), cover.Content.Headers.ContentType!.MediaType), Is.EqualTo((new byte[] { 1, 2, 3 }, "image/png")));
        using var tags = await _http.GetAsync(Uri(door, "/tags"), ct);
        Assert.That(tags.StatusCode, Is.EqualTo(HttpStatusCode.NotFound));
    }

    [TestCase("GET /track/../track/{id} HTTP/1.1", "200")]
    [TestCase("GET /track/../../etc/passwd HTTP/1.1", "404")]
    [TestCase("GET /track/%2e%2e/%2e%2e/etc/passwd HTTP/1.1", "404")]
    [TestCase("GET /track/..%2f..%2fetc%2fpasswd HTTP/1.1", "404")]
    [TestCase("GET /track/{id}/../../etc/passwd HTTP/1.1", "404")]
    [TestCase("GET /track/{id}%00 HTTP/1.1", "400")]
    [TestCase("GET /track/0000000000000000000000000000000000000000000000000000000000000000 HTTP/1.1", "404")]
    [TestCase("POST /track/{id} HTTP/1.1", "405")]
    [TestCase("DELETE /track/{id} HTTP/1.1", "405")]
    [TestCase("GET /healthz HTTP/1.1", "404")]
    public async Task No_path_leads_anywhere_but_to_a_track_of_the_room(string line, string status, CancellationToken ct)
    {
        await using var door = await OpenAsync(Full(), ct);
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, door.Port, ct);
        var request = line.Replace("{id}", _track.Id.ToString(), StringComparison.Ordinal) + "\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
        await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request), ct);
        using var reader = new StreamReader(socket.GetStream());
        Assert.That(await reader.ReadLineAsync(ct), Does.StartWith($"HTTP/1.1 {status}"));
    }

    [TestCase(null, true, null)]
    [TestCase("http://room.example:8000", true, "http://room.example:8000")]
    [TestCase("http://evil.example", false, null)]
    [TestCase("null", false, null)]
    public async Task Only_the_rooms_own_page_may_read(string? origin, bool isWelcome, string? allowed, CancellationToken ct)
    {
        await using var door = await OpenAsync(Full("http://room.example:8000"), ct);
        using var request = new HttpRequestMessage(HttpMethod.Get, Uri(door));
        if (origin is not null)
            request.Headers.Add("Origin", origin);
        using var answer = await _http.SendAsync(request, ct);
        Assert.That(answer.StatusCode, Is.EqualTo(isWelcome ? HttpStatusCode.OK : HttpStatusCode.Forbidden));
        Assert.That(answer.Headers.TryGetValues("Access-Control-Allow-Origin", out var values) ? values.Single() : null, Is.EqualTo(allowed));
    }

    [Test]
    public async Task A_page_of_another_port_may_ask_for_ranges(CancellationToken ct)
    {
        await using var door = await OpenAsync(Full("http://room.example:8000"), ct);
        using var request = new HttpRequestMessage(HttpMethod.Options, Uri(door));
        request.Headers.Add("Origin", "http://room.example:8000");
        request.Headers.Add("Access-Control-Request-Headers", "range");
        using var answer = await _http.SendAsync(request, ct);
        Assert.That(answer.IsSuccessStatusCode, Is.True);
        Assert.That(answer.Headers.GetValues("Access-Control-Allow-Headers").Single(), Is.EqualTo("Range"));
    }

    [Test]
    public async Task As_many_listen_as_may_and_a_member_of_the_room_counts_by_itself(CancellationToken ct)
    {
        await using var door = await OpenAsync(new FakeGatewaySource(_track.Id, MemoryStorage.Full(_track)) { Member = "ana" }, ct, places: 1);
        using var first = await _http.GetAsync(Uri(door, query: "?peer=ana"), ct);
        Assert.That(first.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        using var second = await _http.GetAsync(Uri(door, query: "?peer=bo"), ct);
        Assert.That(second.StatusCode, Is.EqualTo(HttpStatusCode.ServiceUnavailable), "bo is no member, so the address counts, and takes no place of a member");
        using var again = await _http.GetAsync(Uri(door, query: "?peer=ana"), ct);
        Assert.That(again.StatusCode, Is.EqualTo(HttpStatusCode.OK));
    }

    [Test]
    public async Task What_goes_out_is_counted_as_upload(CancellationToken ct)
    {
        var source = Full();
        await using var door = await OpenAsync(source, ct);
        await _http.GetByteArrayAsync(Uri(door), ct);
        Assert.That(source.Spent, Is.InRange(_track.Bytes.Length, _track.Bytes.Length + 64 * 1024));
    }

    [Test]
    public async Task Nothing_goes_out_while_another_peer_is_about_to_run_dry_and_a_listener_is_not_starved_for_ever(CancellationToken ct)
    {
        var time = new ManualTimeProvider();
        var source = Full();
        source.IsPressed = true;
        await using var door = await OpenAsync(source, ct, time: time);
        var asking = _http.GetAsync(Uri(door), ct);
        await Until.TrueAsync(() => time.NextTimerUs is not null, ct);
        Assert.That((source.Spent, asking.IsCompleted), Is.EqualTo((0L, false)));
        source.IsPressed = false;
        await Until.TrueAsync(() => Advanced(time, asking), ct);
        using var answer = await asking;
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.OK));
    }

    [Test]
    public async Task The_gateway_tells_what_it_has_and_how_many_places_are_free(CancellationToken ct)
    {
        await using var door = await OpenAsync(Full(), ct, places: 3);
        Assert.That(
            await _http.GetStringAsync(new Uri($"http://127.0.0.1:{door.Port}/track/"), ct), Is.EqualTo($$"""{"tracks":["{{_track.Id}}"],"free":3,"server":null}"""));
    }

    private static bool Advanced(ManualTimeProvider time, Task asking)
    {
        time.Advance(TimeSpan.FromMilliseconds(20));
        return asking.IsCompleted;
    }

    private FakeGatewaySource Full(string? allowed = null) => new(_track.Id, MemoryStorage.Full(_track)) { AllowedOrigin = allowed };

    private static Task<GatewayServer> OpenAsync(
        FakeGatewaySource source, CancellationToken ct, int places = 8, TimeProvider? time = null) => GatewayServer.StartAsync(
        new TrackGateway(source, new GatewayOptions { Listeners = places }, time ?? TimeProvider.System), 0, IPAddress.Loopback, ct);

    private Uri Uri(GatewayServer door, string rest = "", string query = "") => new($"http://127.0.0.1:{door.Port}/track/{_track.Id}{rest}{query}");
}
