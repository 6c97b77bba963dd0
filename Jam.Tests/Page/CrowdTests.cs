using Jam.Server.Contracts;
using Jam.Tests.Server;
using Microsoft.Playwright;
using NUnit.Framework;
using static Microsoft.Playwright.Assertions;

namespace Jam.Tests.Page;

/// <summary>
/// Fifty peers and a track of 100 MB, as the page sees them. Figures that depend on the machine are printed, and judged where
/// JAM_MEASURE is set (tools/lab/page does).
/// </summary>
[TestFixture]
[CancelAfter(120_000)]
internal sealed class CrowdTests
{
    private const int Peers = 50;
    private const int Chunks = 1526;
    private const string TrackId = "44442233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    [Test]
    public async Task Fifty_peers_are_drawn_without_an_element_a_chunk(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var crowd = await Task.WhenAll(Enumerable.Range(0, Peers).Select(i => WebSocketClient.ConnectAsync(server.Port, ct)));
        var ids = new string[Peers];
        foreach (var (client, i) in crowd.Select((client, i) => (client, i)))
        {
            await client.SayAsync(new Hello(i == 0 ? Role.Host : Role.Viewer, i == 0 ? "ana" : $"peer {i}", ListenPort: 9000 + i), ct);
            ids[i] = (await client.NextAsync<Welcome>(ct)).PeerId;
        }

        await crowd[0].SayAsync(new SetTrack(TrackId, "A Very Long Night.wav", Chunks * 65_536L, 65_536, TrackKind.Audio, 600_000_000), ct);
        await crowd[0].SayAsync(new Play(), ct);
        var telling = crowd.Select((client, i) => TellAsync(client, i, ids, stop.Token)).ToArray();

        await using var tab = await RoomTab.OpenAsync(server.Port, "eve");
        var paint = await tab.Page.EvaluateAsync<double>("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? -1");
        await tab.ShowAsync("Swarm");
        await Expect(tab.Page.GetByRole(AriaRole.Img, new() { Name = $"Chunks of {Peers} peers" })).ToBeVisibleAsync();
        await Expect(tab.Page.Locator(".legend li").First).ToBeVisibleAsync();
        await tab.Page.EvaluateAsync("() => { window.long = []; new PerformanceObserver((l) => l.getEntries().forEach((e) => window.long.push(e.duration))).observe({ type: 'longtask' }); }");
        // As long as it takes until every frame of five seconds was counted.
        var frames = await tab.Page.EvaluateAsync<double[]>(
            "() => new Promise((done) => { const t = []; const f = (now) => { t.push(now); if (now - t[0] < 5000) requestAnimationFrame(f); else done(t.slice(1).map((x, i) => x - t[i])); }; requestAnimationFrame(f); })");
        var elements = await tab.Page.EvaluateAsync<int>("document.querySelectorAll('#view-swarm *').length");
        var rate = 1000 * frames.Length / frames.Sum();
        var tasks = await tab.Page.EvaluateAsync<double[]>("window.long");
        TestContext.Out.WriteLine($"first paint {paint:0} ms; {rate:0.0} frames a second, 99 % of them within {frames.Order().ElementAt(frames.Length * 99 / 100):0.0} ms; {elements} elements; {tasks.Length} long tasks, the longest {tasks.DefaultIfEmpty().Max():0} ms");
        Assert.That(elements, Is.LessThan(1000));
        if (Environment.GetEnvironmentVariable("JAM_SHOTS") is { } folder)
            await tab.Page.ScreenshotAsync(new() { Path = Path.Combine(folder, "swarm-50.png"), FullPage = true });
        if (Environment.GetEnvironmentVariable("JAM_MEASURE") is not null)
        {
            Assert.That(paint, Is.LessThan(500), "first paint, ms");
            Assert.That(rate, Is.GreaterThan(58), "frames a second");
        }

        await stop.CancelAsync();
        await Task.WhenAll(telling);
        foreach (var client in crowd)
            client.Dispose();
    }

    /// <summary>A peer that gets a chunk every 50 ms or so, from whoever, and tells of it as often as it is asked to.</summary>
    private static async Task TellAsync(WebSocketClient client, int place, string[] all, CancellationToken ct)
    {
        var random = new Random(place);
        var have = place == 0 ? Chunks : random.Next(200, 600);
        var ids = Enumerable.Range(0, 8).Select(i => all[(place + (i * 7)) % Peers]).ToArray();
        try
        {
            var watched = await client.NextAsync<Watched>(ct);
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(watched.EveryMs));
            for (var told = 0; ; have = Math.Min(Chunks, have + (watched.EveryMs / 50)))
            {
                int[] runs = place == 0
                    ? [0, Chunks, 0]
                    : [.. Enumerable.Range(told, have - told).SelectMany(chunk => new[] { chunk == told ? told : 0, 1, random.Next(1, 9) })];
                var links = ids.Select(id => new SwarmLink(id, random.Next(20_000, 200_000), random.Next(20_000, 200_000)));
                await client.SayAsync(
                    new SwarmTold(new SwarmReport(
                        TrackId, Chunks, watched.Round, told == 0 || place == 0, ids, runs, [.. links],
                        new MemberStats(900, 20_000, 8_000_000, (random.NextDouble() - 0.5) * 120, 20), 1_000_000L * have / 20, null, 2_000_000)),
                    ct);
                told = have;
                await timer.WaitForNextTickAsync(ct);
            }
        }
        catch (OperationCanceledException)
        {
            // The test has seen enough.
            return;
        }
    }
}
