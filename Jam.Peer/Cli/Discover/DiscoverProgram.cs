using System.Text.Json;
using System.Text.Json.Serialization;
using CommandLine;
using Jam.Peer.Cli.Options;
using Jam.Peer.Session;

namespace Jam.Peer.Cli.Discover;

/// <summary>The options of <c>discover</c> as they were typed.</summary>
internal sealed class RawDiscoverOptions
{
    [Option("wait")] public string? Wait { get; set; }
    [Option("json")] public bool Json { get; set; }
    [Option('h', "help")] public bool Help { get; set; }

    /// <summary>Words that belong to no option.</summary>
    [Value(0)] public IEnumerable<string> Stray { get; set; } = [];
}

/// <summary>The <c>discover</c> command: which rooms are on this network, and the line that joins each.</summary>
internal static class DiscoverProgram
{
    public const string HelpText =
        """
        jam discover: which rooms are there on this network?

        Hosts tell their own network every two seconds which room they have (multicast, not beyond the next router; a host that was
        started with --no-discovery does not). Networks that keep their clients apart do not carry it.

          --wait TIME   how long to listen (3)
          --json        one JSON array on standard output
          -h, --help    this text

        Exit code: 0 there are some, 1 there are none, 2 an option is wrong.
        """;

    /// <summary>Listens, and prints what was found.</summary>
    public static async Task<int> RunAsync(string[] args, ProgramParts parts, CliIo io, CliFacts facts, CancellationToken stop)
    {
        var (raw, wrong) = ArgumentParser.Parse<RawDiscoverOptions>(args, "jam discover");
        if (raw is { Help: true })
        {
            io.Out.WriteLine(HelpText);
            return 0;
        }

        var checks = new OptionChecks(facts);
        if (raw?.Stray.FirstOrDefault() is { } stray)
            checks.Fail($"'{stray}' belongs to no option; to look at one peer: jam check {stray}");
        var wait = checks.Duration("--wait", raw?.Wait, atLeastSeconds: 0.05) ?? TimeSpan.FromSeconds(3);
        if (wrong is not null || checks.Problem is not null)
        {
            io.Error.WriteLine(wrong ?? $"jam discover: {checks.Problem}");
            return PeerProgram.UsageError;
        }

        IReadOnlyList<FoundRoom> rooms;
        try
        {
            rooms = await parts.Discover(wait, parts.Time, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            io.Error.WriteLine("interrupted");
            return 130;
        }

        if (raw!.Json)
            io.Out.WriteLine(JsonSerializer.Serialize(rooms, DiscoverJson.Default.IReadOnlyListFoundRoom));
        else if (rooms.Count == 0)
            io.Error.WriteLine("no room found on this network. It may keep its clients apart: join by address then, as the host prints it");
        else
            Print(rooms, io.Out);
        io.Out.Flush();
        return rooms.Count > 0 ? 0 : 1;
    }

    private static void Print(IReadOnlyList<FoundRoom> rooms, TextWriter to)
    {
        foreach (var room in rooms)
        {
            to.WriteLine($"{room.Room}: {(room.Track.Length > 0 ? room.Track : "no track yet")}, hosted by {room.Host}");
            to.WriteLine($"  {ProgramName.Typed} --connect {room.Address}");
        }
    }
}

/// <summary>The JSON that other programs read: snake_case, one line, names that stay.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(IReadOnlyList<FoundRoom>))]
internal sealed partial class DiscoverJson : JsonSerializerContext;
