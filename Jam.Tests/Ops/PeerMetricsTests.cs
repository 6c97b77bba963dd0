using System.Net;
using Jam.Peer.Session;
using Jam.Tests.EndToEnd;
using Jam.Tests.Storage;
using NUnit.Framework;

namespace Jam.Tests.Ops;

/// <summary>A peer's own /metrics, and what its server hears of it, from a transfer between real peers.</summary>
[CancelAfter(90_000)]
internal sealed class PeerMetricsTests
{
    private static readonly TestPattern Pattern = new(60, 4096);
    private const double Bytes = 60 * 4096;

    private TempFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TempFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public async Task A_transfer_shows_on_both_sides_and_on_the_server(CancellationToken ct)
    {
        await using var host = await TestPeer.StartHostAsync(TestPeer.Options("host", _folder.Path) with { TestPattern = Pattern, MetricsPort = 0 }, ct);
        await using var viewer = await TestPeer.StartViewerAsync(TestPeer.Options("viewer", _folder.Path) with { MetricsPort = 0 }, host, ct);
        await viewer.CompletedAsync(1, ct);
        using var http = new HttpClient();
        var ofHost = await PageAsync(http, AddressOf(host), p => p.Find("jam_swarm_useful_bytes_total") >= 0 && p.Find("jam_peer_copies") >= 1, ct);
        var ofViewer = await PageAsync(http, AddressOf(viewer), p => p.Find("jam_peer_chunks_total", ("jam_chunk_source", "host")) == Pattern.Chunks, ct);
        Assert.Multiple(() =>
        {
            Assert.That(ofViewer.Find("jam_peer_swarm_useful_bytes_total"), Is.EqualTo(Bytes));
            Assert.That(ofViewer.Find("jam_peer_swarm_received_bytes_total"), Is.GreaterThanOrEqualTo(Bytes));
            Assert.That(ofViewer.Find("jam_peer_swarm_efficiency_ratio"), Is.GreaterThan(0.5).And.LessThanOrEqualTo(1));
            Assert.That(ofViewer.Find("jam_peer_connected"), Is.EqualTo(1));
            Assert.That(ofViewer.Find("jam_peer_links"), Is.EqualTo(1));
            Assert.That(ofViewer.Families, Has.None.StartsWith("jam_server"), "the server is in the host's process");
            Assert.That(ofHost.Find("jam_peer_copies"), Is.EqualTo(1).Within(0.2), "one viewer, so once");
            Assert.That(ofHost.Find("jam_server_members"), Is.EqualTo(2), "a host's page has its server's metrics, too");
        });
        foreach (var peer in new[] { host, viewer })
        {
            var ids = peer.Report.Members.Select(m => m.PeerId).ToArray();
            Assert.That(ids, Is.Not.Empty);
            var text = await http.GetStringAsync(new Uri(AddressOf(peer), "/metrics"), ct);
            Assert.That(ids.Where(text.Contains), Is.Empty, "no peer's id is a label");
        }
    }

    [Test]
    public async Task A_peer_is_ready_once_it_knows_its_room_and_tells_how_it_is(CancellationToken ct)
    {
        await using var host = await TestPeer.StartHostAsync(TestPeer.Options("host", _folder.Path) with { TestPattern = Pattern, MetricsPort = 0 }, ct);
        await host.UntilAsync(r => r.Clock.IsReady, ct);
        using var http = new HttpClient();
        Assert.That(await http.GetStringAsync(new Uri(AddressOf(host), "/readyz"), ct), Does.StartWith("{\"status\":\"ready\",\"connected\":true"));
        Assert.That(await http.GetStringAsync(new Uri(AddressOf(host), "/healthz"), ct), Does.Contain("\"members\":1"));
        using var nothing = await http.GetAsync(new Uri(AddressOf(host), "/"), ct);
        Assert.That(nothing.StatusCode, Is.EqualTo(HttpStatusCode.NotFound));
        using var foreign = new HttpRequestMessage(HttpMethod.Get, new Uri(AddressOf(host), "/metrics"));
        foreign.Headers.Host = "music.example";
        using var refused = await http.SendAsync(foreign, ct);
        Assert.That(refused.StatusCode, Is.EqualTo(HttpStatusCode.Forbidden));
    }

    [Test]
    public async Task A_port_that_is_taken_is_said_so(CancellationToken ct)
    {
        await using var host = await TestPeer.StartHostAsync(TestPeer.Options("host", _folder.Path) with { TestPattern = Pattern, MetricsPort = 0 }, ct);
        var second = TestPeer.Options("second", _folder.Path) with { TestPattern = Pattern, Role = Jam.Server.Contracts.Role.Host, MetricsPort = AddressOf(host).Port };
        Assert.That(async () => await TestPeer.StartAsync(second, ct), Throws.InstanceOf<JamException>().With.Message.Contains("--metrics"));
    }

    private static Uri AddressOf(TestPeer peer) => new(peer.Notices.Single(n => n.StartsWith("metrics: ", StringComparison.Ordinal))["metrics: ".Length..]);

    private static async Task<PrometheusPage> PageAsync(HttpClient http, Uri at, Func<PrometheusPage, bool> until, CancellationToken ct)
    {
        while (true)
        {
            var page = PrometheusPage.Read(await http.GetStringAsync(new Uri(at, "/metrics"), ct));
            if (until(page))
                return page;
        }
    }
}
