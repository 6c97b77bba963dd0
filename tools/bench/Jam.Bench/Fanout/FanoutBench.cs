using System.Text.Json;

namespace Jam.Bench.Fanout;

/// <summary>Measures what <c>tools/bench/fanout</c> promises and says it.</summary>
internal static class FanoutBench
{
    private const int OfFew = 5;
    private const int WarmUp = 50;
    private const int SpareFiles = 200;
    private static readonly TimeSpan s_settle = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_between = TimeSpan.FromMilliseconds(100);

    public static async Task<int> RunAsync(FanoutArguments a, CancellationToken cancellationToken)
    {
        var rooms = a.Rooms ?? 1;
        var perRoom = a.Rooms is null ? a.Members ?? a.Viewers + 1 : OfFew;
        if (Problem(a, rooms, perRoom) is { } problem)
        {
            await Console.Error.WriteLineAsync(problem);
            return 3;
        }

        Dialect[] all = [Dialect.SwarmJam, Dialect.Ws, Dialect.SocketIo];
        var dialects = all.Where(d => !a.Only.Any() || a.Only.Contains(d.Name)).ToArray();
        var figures = dialects.ToDictionary(d => d, _ => new List<FanoutFigures>());
        var folder = Directory.CreateTempSubdirectory("swarmjam-fanout-").FullName;
        try
        {
            for (var round = 0; round < a.Rounds; round++)
            {
                // In turn, and each time another first, so that whatever else the machine does meets all.
                foreach (var dialect in dialects.Skip(round % dialects.Length).Concat(dialects.Take(round % dialects.Length)))
                {
                    var one = await MeasureAsync(dialect, a, rooms, perRoom, folder, cancellationToken);
                    figures[dialect].Add(one);
                    await Console.Error.WriteLineAsync($"round {round + 1}  {Text(dialect.Name, one)}");
                }
            }
        }
        catch (Exception e) when (e is IOException or TimeoutException or System.ComponentModel.Win32Exception)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return 1;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        var result = new FanoutResult(rooms, perRoom, [.. dialects.Select(d => new FanoutServer(
            d.Name, FanoutFigures.MedianOf(figures[d]), RatioTo(d, figures), figures[d]))]);
        if (a.Json)
            Console.Out.WriteLine(JsonSerializer.Serialize(result, FanoutJson.Default.FanoutResult));
        else
            Tell(result);
        return 0;
    }

    private static async Task<FanoutFigures> MeasureAsync(
        Dialect dialect, FanoutArguments a, int rooms, int perRoom, string folder, CancellationToken cancellationToken)
    {
        using var server = await ServerProcess.StartAsync(dialect, a, folder, cancellationToken);
        // What all share (code that is compiled, tables, buffers) is there before anything is counted.
        using (var few = new Crowd(dialect, server.Port, "warm", WarmUp, WarmUp, 1_000_000))
        {
            few.Join();
            for (var i = 1; i <= a.Messages; i++)
                few.Send(0, i);
        }

        await Task.Delay(s_settle, cancellationToken);
        GC.Collect();
        var before = server.ResidentBytes;
        var cpuBefore = server.ProcessorTime;
        var count = rooms * perRoom;
        using var crowd = new Crowd(dialect, server.Port, "room", perRoom, count, 0);
        var joinSeconds = crowd.Join();
        crowd.Rest(s_settle);
        var joinCpu = server.ProcessorTime - cpuBefore;
        cancellationToken.ThrowIfCancellationRequested();

        // A few that do not count: compilers have a last look at what has become hot.
        for (var i = 1; i <= 3; i++)
            crowd.Send(0, i);
        crowd.Rest(s_between);
        cpuBefore = server.ProcessorTime;
        var delays = new List<double[]>();
        var number = 1000;
        for (var i = 0; i < (rooms == 1 ? a.Messages : 2); i++)
        {
            // In many rooms one after the other speaks; together they are one message to all.
            var together = new List<double>(count);
            for (var room = 0; room < rooms; room++)
                together.AddRange(crowd.Send(room, ++number));
            together.Sort();
            delays.Add([.. together]);
            crowd.Rest(s_between);
            cancellationToken.ThrowIfCancellationRequested();
        }

        var cpu = server.ProcessorTime - cpuBefore;
        var rss = server.ResidentBytes - before;
        return new FanoutFigures(
            count / joinSeconds, Speed.Median(delays.Select(d => d[(d.Length - 1) / 2])),
            Speed.Median(delays.Select(d => d[(int)Math.Ceiling(d.Length * 0.99) - 1])), Speed.Median(delays.Select(d => d[^1])),
            delays.Max(d => d[^1]), rss / 1024.0 / count, joinCpu.TotalMicroseconds / count, cpu.TotalMicroseconds / delays.Count / count);
    }

    private static string? Problem(FanoutArguments a, int rooms, int perRoom)
    {
        if (a.Rounds < 1 || a.Messages < 1 || perRoom < 2 || rooms < 1)
            return "--rounds, --messages, --rooms and --viewers must be at least 1, --members 2.";
        var files = File.ReadLines("/proc/self/limits").First(line => line.StartsWith("Max open files", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[3];
        var wanted = (rooms * perRoom) + SpareFiles;
        return files != "unlimited" && long.Parse(files, System.Globalization.CultureInfo.InvariantCulture) < wanted
            ? $"{rooms * perRoom} connections need {wanted} open files at either end, and {files} are allowed here: raise the hard limit (ulimit -Hn {wanted}), or ask for fewer."
            : null;
    }

    private static FanoutFigures? RatioTo(Dialect other, Dictionary<Dialect, List<FanoutFigures>> figures) =>
        other != Dialect.SwarmJam && figures.TryGetValue(Dialect.SwarmJam, out var ours)
            ? FanoutFigures.MedianOf([.. ours.Zip(figures[other], (us, it) => us.By(it))])
            : null;

    private static void Tell(FanoutResult result)
    {
        Console.Out.WriteLine(result.Rooms == 1
            ? $"one room of {result.MembersPerRoom}: the host and {result.MembersPerRoom - 1} viewers"
            : $"{result.Rooms} rooms of {result.MembersPerRoom}; their hosts speak one after the other");
        Console.Out.WriteLine("            joins/s  median ms     p99 ms    last ms   worst ms  RSS KiB/conn  CPU us/join  CPU us/member");
        foreach (var server in result.Servers)
            Console.Out.WriteLine(Text(server.Name, server.Median));
        foreach (var server in result.Servers)
        {
            if (server.Ratio is { } r)
                Console.Out.WriteLine($"by {server.Name,-9}{r.JoinsPerSecond,7:F2}{r.MedianMs,11:F2}{r.P99Ms,11:F2}{r.LastMs,11:F2}{r.WorstMs,11:F2}{r.RssKib,14:F2}{r.JoinCpuUs,13:F2}{r.CpuUs,15:F2}");
        }
    }

    private static string Text(string name, FanoutFigures f) =>
        $"{name,-10}{f.JoinsPerSecond,9:F0}{f.MedianMs,11:F2}{f.P99Ms,11:F2}{f.LastMs,11:F2}{f.WorstMs,11:F2}{f.RssKib,14:F1}{f.JoinCpuUs,13:F0}{f.CpuUs,15:F2}";
}
