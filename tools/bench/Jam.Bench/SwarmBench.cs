using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Jam.Peer.Storage;

namespace Jam.Bench;

/// <summary>A transfer and what it is compared with.</summary>
/// <param name="Viewers">How many receive it.</param>
/// <param name="Swarm">SwarmJam.</param>
/// <param name="Plain">Plain sockets with SHA-256.</param>
/// <param name="Ratio">SwarmJam's speed by that of the other, the median of those of each turn.</param>
internal sealed record TransferResult(int Viewers, Speed Swarm, Speed Plain, double Ratio);

/// <summary>All that was measured.</summary>
/// <param name="SizeMib">What each transfer brought.</param>
/// <param name="Transfers">One viewer, and four.</param>
/// <param name="IdleBytes">Managed memory per idle connection; null where it was not measured.</param>
/// <param name="FirstJoinMs">The first join of the process.</param>
/// <param name="JoinMs">The median of all later ones.</param>
/// <param name="SlowestJoinMs">The slowest of those.</param>
internal sealed record BenchResult(
    int SizeMib, IReadOnlyList<TransferResult> Transfers, double? IdleBytes, double? FirstJoinMs, double? JoinMs, double? SlowestJoinMs);

/// <summary>How results are written.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(BenchResult))]
internal sealed partial class BenchJson : JsonSerializerContext;

/// <summary>Measures what <c>tools/bench/swarm</c> promises and says it.</summary>
internal static class SwarmBench
{
    private const string SharedMemory = "/dev/shm";
    private const int IdleTrackMib = 10;

    public static async Task<int> RunAsync(SwarmArguments a, CancellationToken cancellationToken)
    {
        if (a.TimeoutSeconds is not (> 0 and < 86_400) || a.Runs < 1 || a.Viewers.Any(v => v < 1))
        {
            Console.Error.WriteLine("--timeout-s is more than 0 and less than a day, --runs and --viewers are 1 and more");
            return 2;
        }

        var root = a.Folder ?? (Directory.Exists(SharedMemory) ? SharedMemory : Path.GetTempPath());
        var folder = Directory.CreateDirectory(Path.Combine(root, $"swarmjam-bench-{Environment.ProcessId}")).FullName;
        try
        {
            var transfers = new List<TransferResult>();
            foreach (var viewers in a.Viewers)
                transfers.Add(await CompareAsync(a, viewers, folder, cancellationToken));
            double? idle = a.Idle > 0 ? await IdlePeers.MeasureAsync(a.Idle, MakeFile(folder, IdleTrackMib), cancellationToken) : null;
            var joins = a.Joins > 0 ? await Joins.MeasureAsync(a.Joins, a.Track, folder, cancellationToken) : [];
            var later = joins.Skip(1).ToArray();
            var result = new BenchResult(
                a.SizeMib, transfers, idle, joins.Length > 0 ? joins[0] : null, later.Length > 0 ? Speed.Median(later) : null,
                later.Length > 0 ? later.Max() : null);
            if (a.Json)
                Console.Out.WriteLine(JsonSerializer.Serialize(result, BenchJson.Default.BenchResult));
            else
                Tell(result);
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<TransferResult> CompareAsync(SwarmArguments a, int viewers, string folder, CancellationToken cancellationToken)
    {
        var path = MakeFile(folder, Math.Max(1, a.SizeMib / viewers));
        var bytes = new FileInfo(path).Length * viewers;
        using var storage = SeedStorage.Open(path, cancellationToken);
        var watch = new StallWatch($"1 -> {viewers}", TimeSpan.FromSeconds(a.TimeoutSeconds));
        var plain = new List<Speed>();
        var swarm = new List<Speed>();
        // In turn, so that whatever else the machine does meets both. The first turn compiles and does not count.
        for (var run = 0; run <= a.Runs; run++)
        {
            var plainly = new PlainTransfer(path, storage.Manifest, viewers);
            var thePlain = await Speed.OfAsync(bytes, () => watch.RunAsync(plainly.RunAsync, () => plainly.HereBytes, plainly.ToString, cancellationToken));
            TouchMemory(folder, bytes);
            await using var transfer = await watch.ConnectAsync(SwarmTransfer.ConnectAsync(path, viewers, folder, a.Encrypt, cancellationToken));
            var theSwarm = await Speed.OfAsync(bytes, () => watch.RunAsync(transfer.RunAsync, () => transfer.HereBytes, transfer.ToString, cancellationToken));
            Console.Error.WriteLine(
                $"1 -> {viewers}{(run == 0 ? " (warming up)" : "")}: plain {Text(thePlain)}; SwarmJam {Text(theSwarm)}");
            if (run == 0)
                continue;
            plain.Add(thePlain);
            swarm.Add(theSwarm);
        }

        var ratio = Speed.Median(swarm.Zip(plain, (s, p) => s.MbPerSecond / p.MbPerSecond));
        return new TransferResult(viewers, Speed.MedianOf(swarm), Speed.MedianOf(plain), ratio);
    }

    private static void Tell(BenchResult result)
    {
        foreach (var t in result.Transfers)
        {
            Console.Out.WriteLine($"loopback 1 -> {t.Viewers}, {result.SizeMib} MiB in sum: {t.Ratio:F2} of plain sockets with SHA-256");
            Console.Out.WriteLine($"  SwarmJam       {Text(t.Swarm)}");
            Console.Out.WriteLine($"  plain sockets  {Text(t.Plain)}");
        }
        if (result.IdleBytes is { } idle)
            Console.Out.WriteLine($"idle connection: {idle / 1024:F1} KiB managed");
        if (result.JoinMs is { } join)
            Console.Out.WriteLine($"join to a second that could play: median {join:F0} ms, slowest {result.SlowestJoinMs:F0} ms; the first of a process {result.FirstJoinMs:F0} ms");
    }

    private static string Text(Speed speed) => $"{speed.MbPerSecond,6:F0} MB/s, {speed.CpuPerGib:F2} CPU s/GiB";

    // What viewers keep lies in memory. In a virtual machine a page that was never touched costs several times what it is to be filled with,
    // once: that is the machine's, and plain sockets, which keep nothing, never meet it.
    private static void TouchMemory(string folder, long bytes)
    {
        if (!folder.StartsWith(SharedMemory, StringComparison.Ordinal))
            return;
        var path = Path.Combine(folder, "touched.bin");
        using (var file = File.Create(path))
        {
            var block = new byte[1 << 20];
            for (long done = 0; done < bytes; done += block.Length)
                file.Write(block);
        }

        File.Delete(path);
    }

    private static string MakeFile(string folder, int mib)
    {
        var path = Path.Combine(folder, $"{mib}.bin");
        if (File.Exists(path))
            return path;
        using (var file = File.Create(path))
        {
            var block = new byte[1 << 20];
            for (var i = 0; i < mib; i++)
            {
                RandomNumberGenerator.Fill(block);
                file.Write(block);
            }
        }

        // As a file that has lain there for a while: one that was only just written is read with more care.
        File.SetLastWriteTimeUtc(path, TimeProvider.System.GetUtcNow().UtcDateTime.AddDays(-1));
        return path;
    }
}
