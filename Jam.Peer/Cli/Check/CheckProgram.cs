using System.Text.Json;
using System.Text.Json.Serialization;
using Jam.Peer.Cli.Options;
using Jam.Peer.Session.Check;

namespace Jam.Peer.Cli.Check;

/// <summary>The <c>check</c> command: can this machine and a peer reach each other, and what to do where they cannot.</summary>
internal static class CheckProgram
{
    /// <summary>Exit code 0 where the peer can be reached, 1 where it cannot, 2 for wrong options.</summary>
    public static async Task<int> RunAsync(string[] args, ProgramParts parts, CliIo io, CliFacts facts, CancellationToken stop)
    {
        var (options, text, exitCode) = CheckOptions.Read(args, facts);
        if (options is null)
        {
            (exitCode == 0 ? io.Out : io.Error).WriteLine(text);
            return exitCode;
        }

        io.Error.WriteLine("checking; this takes some seconds");
        CheckReport report;
        try
        {
            report = await parts.Check(options.Request, parts.Time, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            io.Error.WriteLine("interrupted");
            return 130;
        }

        if (options.Json)
        {
            io.Out.WriteLine(JsonSerializer.Serialize(
                new CheckAnswer(report, CheckWords.Verdict(report), [.. CheckWords.Advice(report)]), CheckJson.Default.CheckAnswer));
        }
        else
        {
            foreach (var line in CheckWords.Figures(report))
                io.Out.WriteLine(line);
            io.Out.WriteLine(CheckWords.Verdict(report));
            foreach (var line in CheckWords.Advice(report))
                io.Out.WriteLine($"  - {line}");
        }

        io.Out.Flush();
        return report.Ok ? 0 : 1;
    }
}

/// <summary>What <c>check --json</c> prints.</summary>
/// <param name="Report">The figures.</param>
/// <param name="Verdict">What they come to, for people.</param>
/// <param name="Advice">What to do, for people.</param>
internal sealed record CheckAnswer(CheckReport Report, string Verdict, IReadOnlyList<string> Advice);

/// <summary>The JSON that other programs read: snake_case, one line, names that stay.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, Converters = [typeof(OutcomeNames), typeof(ReverseNames), typeof(ProximityNames)])]
[JsonSerializable(typeof(CheckAnswer))]
internal sealed partial class CheckJson : JsonSerializerContext;

internal sealed class OutcomeNames() : JsonStringEnumConverter<CheckOutcome>(JsonNamingPolicy.SnakeCaseLower);

internal sealed class ReverseNames() : JsonStringEnumConverter<ReverseReach>(JsonNamingPolicy.SnakeCaseLower);

internal sealed class ProximityNames() : JsonStringEnumConverter<Proximity>(JsonNamingPolicy.SnakeCaseLower);
