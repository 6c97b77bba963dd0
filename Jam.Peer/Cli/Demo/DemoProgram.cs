using System.Text.Json;
using Jam.Peer.Cli.Options;
using Jam.Peer.Session;

namespace Jam.Peer.Cli.Demo;

/// <summary>The <c>demo</c> command: the main job of SwarmJam in one line.</summary>
internal static class DemoProgram
{
    private const int Interrupted = 130;

    /// <summary>Runs the demo and prints its verdict. Exit code 0, 1 where something failed, 2 for wrong options, 130 when interrupted.</summary>
    public static async Task<int> RunAsync(string[] args, ProgramParts parts, CliIo io, CliFacts facts, CancellationToken stop)
    {
        var (options, text, exitCode) = DemoOptions.Read(args, facts);
        if (options is null)
        {
            (exitCode == 0 ? io.Out : io.Error).WriteLine(text);
            return exitCode;
        }
        var report = await PlayAsync(options, parts, io, stop);
        if (options.Json)
            io.Out.WriteLine(JsonSerializer.Serialize(report, CliJson.Default.DemoReport));
        else
            foreach (var line in DemoVerdict.InWords(report))
                io.Out.WriteLine(line);
        io.Out.Flush();
        return report.Ok ? 0 : stop.IsCancellationRequested ? Interrupted : 1;
    }

    private static async Task<DemoReport> PlayAsync(DemoOptions options, ProgramParts parts, CliIo io, CancellationToken stop)
    {
        var folder = Directory.CreateTempSubdirectory("jam-demo-");
        try
        {
            var track = Path.GetFullPath(options.File ?? CarriedTrack(folder) ?? DemoOptions.TrackOfThisProgram(AppContext.BaseDirectory, File.Exists));
            var plan = DemoPlan.For(options, track, new FileInfo(track).Length, parts.ProbeDurationUs(track), folder.FullName);
            using var view = new DemoView(plan, io, parts.Time);
            return await new DemoRun(plan, parts.StartPeer, view.Show, parts.Time).RunAsync(stop);
        }
        catch (JamException problem)
        {
            return new DemoReport(false, 0, options.File, 0, 0, 0, [], null, null, null, false, [problem.Message]);
        }
        finally
        {
            if (options.Keep)
                io.Error.WriteLine($"kept: {folder.FullName}");
            else
                Remove(folder, io);
        }
    }

    /// <summary>The track that a program in one file carries with it; null in a program that lies in its repository.</summary>
    private static string? CarriedTrack(DirectoryInfo folder)
    {
        using var carried = typeof(DemoProgram).Assembly.GetManifestResourceStream("demo/track.mp3");
        if (carried is null)
            return null;
        var path = Path.Combine(folder.FullName, "track.mp3");
        using var file = File.Create(path);
        carried.CopyTo(file);
        return path;
    }

    private static void Remove(DirectoryInfo folder, CliIo io)
    {
        try
        {
            folder.Delete(recursive: true);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            io.Error.WriteLine($"could not remove {folder.FullName}: {problem.Message}");
        }
    }
}
