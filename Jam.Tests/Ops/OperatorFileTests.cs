using System.Text.Json;
using System.Text.RegularExpressions;
using CommandLine;
using Jam.Peer.Session;
using Jam.Server;
using Jam.Server.Hosting;
using Jam.Server.Observing;
using Jam.Tests.EndToEnd;
using Jam.Tests.Storage;
using NUnit.Framework;

namespace Jam.Tests.Ops;

/// <summary>The files for operators, held to the program.</summary>
[CancelAfter(60_000)]
internal sealed partial class OperatorFileTests
{
    private static readonly string s_ops = Path.Combine(Root(), "tools", "ops");

    [GeneratedRegex(@"\b(?:jam|dotnet)_[a-z0-9_]+")]
    private static partial Regex MetricName();

    [Test]
    public async Task Every_metric_that_the_dashboard_names_exists_and_none_of_ours_is_left_out(CancellationToken ct)
    {
        using var folder = new TempFolder();
        await using var host = await TestPeer.StartHostAsync(TestPeer.Options("host", folder.Path) with { TestPattern = new TestPattern(8, 1024), MetricsPort = 0 }, ct);
        await using var viewer = await TestPeer.StartViewerAsync(TestPeer.Options("viewer", folder.Path), host, ct);
        await viewer.CompletedAsync(1, ct);
        var there = AllNames();
        using var dashboard = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(s_ops, "grafana", "swarmjam.json"), ct));
        var named = dashboard.RootElement.GetProperty("panels").EnumerateArray().Where(p => p.TryGetProperty("targets", out _))
            .SelectMany(p => p.GetProperty("targets").EnumerateArray()).Select(t => t.GetProperty("expr").GetString()!)
            .SelectMany(e => MetricName().Matches(LabelMatchers().Replace(e, "")).Select(m => m.Value)).Where(n => !IsLabel(n)).Distinct().ToArray();
        Assert.That(named.Select(Family).Except(there), Is.Empty, "the dashboard shows what is not there");
        string[] notShown = ["jam_build_info", "jam_peer_clock_drift_ratio", "jam_peer_room_members", "jam_peer_sounding"];
        Assert.That(there.Where(n => n.StartsWith("jam_", StringComparison.Ordinal) && !n.StartsWith("jam_peer_swarm", StringComparison.Ordinal))
            .Except(named.Select(Family)).Except(notShown), Is.Empty, "the dashboard shows all of what is there");

        static string Family(string name) => name.EndsWith("_bucket", StringComparison.Ordinal) ? name[..^"_bucket".Length] : name;
        static bool IsLabel(string name) => name is "jam_room" or "jam_role" or "jam_message_type" or "jam_chunk_source";
    }

    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex LabelMatchers();

    [Test]
    public void The_dashboard_has_panels_that_do_not_cover_each_other()
    {
        using var dashboard = JsonDocument.Parse(File.ReadAllText(Path.Combine(s_ops, "grafana", "swarmjam.json")));
        var cells = from panel in dashboard.RootElement.GetProperty("panels").EnumerateArray()
                    let place = panel.GetProperty("gridPos")
                    from x in Enumerable.Range(place.GetProperty("x").GetInt32(), place.GetProperty("w").GetInt32())
                    from y in Enumerable.Range(place.GetProperty("y").GetInt32(), place.GetProperty("h").GetInt32())
                    select (x, y);
        Assert.That(cells, Is.Unique.And.All.Matches<(int X, int Y)>(c => c.X is >= 0 and < 24));
        Assert.That(dashboard.RootElement.GetProperty("panels").EnumerateArray().Select(p => p.GetProperty("id").GetInt32()), Is.Unique);
    }

    [TestCase("systemd/swarmjam.service", @"^ExecStart=\S*/jam server (?<args>.*)$")]
    [TestCase("Dockerfile", @"^CMD \[""server"", (?<args>.*)\]$")]
    public void What_starts_the_server_starts_it_with_options_that_it_has(string file, string pattern)
    {
        var line = File.ReadLines(Path.Combine(s_ops, file)).Select(l => Regex.Match(l, pattern)).Single(m => m.Success).Groups["args"].Value;
        var args = line.Replace("\"", "", StringComparison.Ordinal).Replace(", ", " ", StringComparison.Ordinal).Split(' ');
        using var parser = new Parser(settings => settings.HelpWriter = null);
        var parsed = parser.ParseArguments<ServerArguments>(args);
        Assert.That(parsed.Errors, Is.Empty);
        Assert.That(parsed.Value.Problem() ?? ServerArguments.Dangling(args), Is.Null);
    }

    [Test]
    public void The_image_is_made_of_files_that_are_there()
    {
        var copied = File.ReadLines(Path.Combine(s_ops, "Dockerfile"))
            .Where(line => line.StartsWith("COPY ", StringComparison.Ordinal) && !line.Contains("--from", StringComparison.Ordinal))
            .SelectMany(line => line.Split(' ')[1..^1]).ToArray();
        Assert.That(copied, Is.Not.Empty);
        Assert.That(copied.Where(path => !Path.Exists(Path.Combine(Root(), path))), Is.Empty);
    }

    [Test]
    public async Task A_carried_library_is_loaded_from_the_first_folder_that_allows_it_and_leaves_nothing_behind()
    {
        using var folder = new TempFolder();
        var library = Directory.EnumerateFiles(AppContext.BaseDirectory, "libe_sqlite3.so", SearchOption.AllDirectories)
            .First(f => f.Contains($"linux-{System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}", StringComparison.Ordinal));
        await using var bytes = File.OpenRead(library);
        Assert.That(CarriedSqlite.Load(bytes, [folder["not there"], folder.Path]), Is.Not.Zero);
        Assert.That(Directory.EnumerateFileSystemEntries(folder.Path), Is.Empty);
        await using var junk = new MemoryStream([1, 2, 3]);
        Assert.That(() => CarriedSqlite.Load(junk, [folder.Path]), Throws.InstanceOf<StoreException>());
        Assert.That(Directory.EnumerateFileSystemEntries(folder.Path), Is.Empty);
    }

    [TestCase("/usr/bin/dotnet", "tools/jam")]
    [TestCase("/opt/jam", "jam")]
    [TestCase("/opt/jam-linux-x64", "jam-linux-x64")]
    [TestCase(null, "tools/jam")]
    public void The_program_is_called_as_it_is_typed(string? path, string typed) => Assert.That(ProgramName.Of(path), Is.EqualTo(typed));

    /// <summary>All names that our instruments can have, whether or not they have something to say at the moment.</summary>
    private static HashSet<string> AllNames()
    {
        var all = new HashSet<string>();
        using var listener = new System.Diagnostics.Metrics.MeterListener();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (instrument.Meter.Name.StartsWith("SwarmJam.", StringComparison.Ordinal) || instrument.Meter.Name == MetricCollector.Runtime)
                all.Add(PrometheusText.NameOf(new MetricSeries(instrument)));
        };
        listener.Start();
        return all;
    }

    private static string Root()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "SwarmJam.sln")))
                return folder.FullName;
        }

        throw new InvalidOperationException("The tests do not lie inside the repository.");
    }
}
