using System.Text.Json;
using Jam.Tests.Audio;
using Jam.Tests.EndToEnd;
using Jam.Tests.Storage;
using NUnit.Framework;

namespace Jam.Tests.Page;

/// <summary>
/// From the click on "Listen here" to the sound, in the middle of a track that plays. How soon depends on the machine: it is printed, and judged where
/// JAM_MEASURE is set; JAM_LISTEN names other tracks than the demo's, with colons between them (tools/lab/page --listen does).
/// </summary>
[TestFixture]
[CancelAfter(120_000)]
internal sealed class ListenSpeedTests
{
    private const int MostMs = 1_000;

    private static string[] Files => Environment.GetEnvironmentVariable("JAM_LISTEN")?.Split(':', StringSplitOptions.RemoveEmptyEntries) ?? [SampleTrack.Path];

    [TestCaseSource(nameof(Files))]
    public async Task A_click_is_heard_soon_and_holds_the_page_up_but_shortly(string file, CancellationToken ct)
    {
        using var folder = new TempFolder();
        await using var host = await TestPeer.StartHostAsync(TestPeer.Options("ana", folder.Path) with { SeedFiles = [file], Gateway = true }, ct);
        await host.UntilAsync(r => r.Track?.DurationUs is not null, ct);
        await using var tab = await RoomTab.OpenAsync(new Uri(host.Report.Server!).Port, "bo");
        await host.Session.PlayAsync(host.Report.Track!.DurationUs / 2, ct);
        await tab.IsPlayingAsync();
        await tab.Page.Locator("#listen .listen-button").WaitForAsync();
        var told = await tab.Page.EvaluateAsync<JsonElement>(
            """
            () => new Promise((done) => {
              const long = [];
              new PerformanceObserver((list) => list.getEntries().forEach((e) => long.push(e.duration))).observe({ type: 'longtask' });
              const section = document.getElementById('listen');
              const began = performance.now();
              let soundMs = null;
              new MutationObserver(() => {
                if (soundMs !== null || section.dataset.state !== 'playing') return;
                soundMs = performance.now() - began;
                // What follows the start counts, too: a page that stands still for a moment is seen to.
                setTimeout(() => done({ soundMs, long, jumps: Number(section.dataset.figures.split(' ')[3]) }), 3_000);
              }).observe(section, { attributes: true });
              section.querySelector('.listen-button').click();
            })
            """);
        var (sound, tasks) = (told.GetProperty("soundMs").GetDouble(), told.GetProperty("long").EnumerateArray().Select(e => e.GetDouble()).ToArray());
        TestContext.Out.WriteLine(
            $"click to sound {sound:0} ms, {tasks.Length} long tasks, the longest {tasks.DefaultIfEmpty().Max():0} ms, {tasks.Sum():0} in all: {Path.GetFileName(file)}");
        Assert.That(tab.Errors, Is.Empty);
        if (Environment.GetEnvironmentVariable("JAM_MEASURE") is not null)
            Assert.That(sound, Is.LessThan(MostMs), "from the click to the sound, ms");
    }
}
