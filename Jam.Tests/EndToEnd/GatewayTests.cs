using System.Net;
using System.Net.Http.Headers;
using Jam.Peer.Session;
using Jam.Server.Contracts;
using Jam.Server.Hosting;
using Jam.Tests.Audio;
using Jam.Tests.Storage;
using NUnit.Framework;

namespace Jam.Tests.EndToEnd;

/// <summary>Whole peers that pass their track on over HTTP.</summary>
[CancelAfter(90_000)]
internal sealed class GatewayTests
{
    private readonly HttpClient _http = new();
    private TempFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TempFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [OneTimeTearDown]
    public void CloseClient() => _http.Dispose();

    [Test]
    public async Task A_hosts_embedded_server_serves_its_track_and_the_room_is_told(CancellationToken ct)
    {
        await using var host = await HostAsync(Options("host"), ct);
        var (port, track) = await TrackAsync(host, ct);
        using var answer = await _http.GetAsync(At(port, track), ct);
        Assert.That(await answer.Content.ReadAsByteArrayAsync(ct), Is.EqualTo(await File.ReadAllBytesAsync(SampleTrack.Path, ct)));
        Assert.That(answer.Content.Headers.ContentType!.MediaType, Is.EqualTo("audio/mpeg"));
        Assert.That(await _http.GetByteArrayAsync(At(port, track, "/index"), ct), Is.Not.Empty);
        Assert.That(await _http.GetStringAsync(At(port, track, "/tags"), ct), Does.Contain("duration_us"));

        await using var viewer = await TestPeer.StartViewerAsync(Options("viewer"), host, ct);
        await viewer.UntilAsync(r => r.Members.Any(m => m.Role == Role.Host && m.GatewayPort == port), ct);
        Assert.That(viewer.Report.Members.Single(m => m.Name == "viewer").GatewayPort, Is.Null);
    }

    [Test]
    public async Task A_host_that_is_told_not_to_serves_nothing(CancellationToken ct)
    {
        await using var host = await HostAsync(Options("host") with { Gateway = false }, ct);
        var (port, track) = await TrackAsync(host, ct);
        using var answer = await _http.GetAsync(At(port, track), ct);
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.NotFound));
    }

    [Test]
    public async Task A_viewer_with_a_gateway_serves_what_it_fetches_while_it_fetches_it(CancellationToken ct)
    {
        await using var host = await HostAsync(Options("host") with { UpLimitBytesPerSecond = 400_000 }, ct);
        var (_, track) = await TrackAsync(host, ct);
        await using var viewer = await TestPeer.StartViewerAsync(Options("viewer") with { Gateway = true, GatewayPort = 0 }, host, ct);
        await host.UntilAsync(r => r.Members.Any(m => m.Name == "viewer" && m.GatewayPort is not null), ct);
        var port = host.Report.Members.Single(m => m.Name == "viewer").GatewayPort!.Value;
        await viewer.UntilAsync(r => r.Track is not null, ct);
        var whole = await File.ReadAllBytesAsync(SampleTrack.Path, ct);
        var from = whole.Length / 2;
        using var request = new HttpRequestMessage(HttpMethod.Get, At(port, track)) { Headers = { Range = new RangeHeaderValue(from, null) } };
        request.Headers.Add("Origin", viewer.Report.Server!.Replace("ws://", "http://", StringComparison.Ordinal).Replace("/ws/jam", "", StringComparison.Ordinal));
        using var answer = await AnsweredAsync(request, ct);
        Assert.That(await answer.Content.ReadAsByteArrayAsync(ct), Is.EqualTo(whole[from..]));
        Assert.That(answer.Headers.Contains("Access-Control-Allow-Origin"), Is.True);
    }

    [TestCaseSource(typeof(JamServer), nameof(JamServer.Listeners))]
    public async Task A_viewers_gateway_lets_in_the_pages_of_the_rooms_server_on_whichever_port_they_are(ListenerKind listener, CancellationToken ct)
    {
        await using var host = await HostAsync(Options("host") with { Listener = listener }, ct);
        var (server, track) = await TrackAsync(host, ct);
        await using var viewer = await TestPeer.StartViewerAsync(Options("viewer") with { Gateway = true, GatewayPort = 0 }, host, ct);
        await host.UntilAsync(r => r.Members.Any(m => m.Name == "viewer" && m.GatewayPort is not null), ct);
        var port = host.Report.Members.Single(m => m.Name == "viewer").GatewayPort!.Value;
        await viewer.UntilAsync(r => r.Track is not null && r.Members.Any(m => m.Role == Role.Host && m.GatewayPort is not null), ct);
        var pages = viewer.Report.Members.Single(m => m.Role == Role.Host).GatewayPort!.Value;
        Assert.That(pages == server, Is.EqualTo(listener == ListenerKind.Kestrel));
        foreach (var (origin, isWelcome) in new[] { (pages, true), (1, false) })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, At(port, track));
            request.Headers.Add("Origin", $"http://127.0.0.1:{origin}");
            using var answer = await AnsweredAsync(request, ct);
            Assert.That(answer.Headers.Contains("Access-Control-Allow-Origin"), Is.EqualTo(isWelcome));
        }
    }

    /// <summary>A peer that has just joined asks to be asked again until it knows what the track is made of.</summary>
    private async Task<HttpResponseMessage> AnsweredAsync(HttpRequestMessage request, CancellationToken ct)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (true)
        {
            using var copy = new HttpRequestMessage(request.Method, request.RequestUri) { Headers = { Range = request.Headers.Range } };
            copy.Headers.Add("Origin", request.Headers.GetValues("Origin"));
            var answer = await _http.SendAsync(copy, ct);
            if (answer.StatusCode is not (HttpStatusCode.ServiceUnavailable or HttpStatusCode.NotFound))
                return answer;
            answer.Dispose();
            await timer.WaitForNextTickAsync(ct);
        }
    }

    private SessionOptions Options(string name) => TestPeer.Options(name, _folder.Path);

    private static Task<TestPeer> HostAsync(SessionOptions options, CancellationToken ct) =>
        TestPeer.StartHostAsync(options with { SeedFiles = [SampleTrack.Path] }, ct);

    private static async Task<(int Port, string Track)> TrackAsync(TestPeer host, CancellationToken ct)
    {
        await host.UntilAsync(r => r.Track is not null, ct);
        return (new Uri(host.Report.Server!).Port, host.Report.Track!.TrackId);
    }

    private static Uri At(int port, string track, string rest = "") => new($"http://127.0.0.1:{port}/track/{track}{rest}");
}
