using CommandLine;
using Jam.Peer.Cli.Options;
using Jam.Peer.Session;

namespace Jam.Peer.Cli.Demo;

/// <summary>The demo's options as they were typed.</summary>
internal sealed class RawDemoOptions
{
    [Option("duration")] public string? Duration { get; set; }
    [Option("json")] public bool Json { get; set; }
    [Option("viewers")] public string? Viewers { get; set; }
    [Option("file")] public string? File { get; set; }
    [Option("output")] public string? Output { get; set; }
    [Option("decoder")] public string? Decoder { get; set; }
    [Option("listener")] public string? Listener { get; set; }
    [Option("keep")] public bool Keep { get; set; }
    [Option('h', "help")] public bool Help { get; set; }

    /// <summary>Words that belong to no option.</summary>
    [Value(0)] public IEnumerable<string> Stray { get; set; } = [];
}

/// <summary>What the demo is asked to do, checked.</summary>
/// <param name="Duration">How long to listen, from the moment the music starts.</param>
/// <param name="Json">Whether standard output carries one JSON object and nothing else.</param>
/// <param name="Viewers">How many viewers.</param>
/// <param name="File">The track; null: the one that comes with the program.</param>
/// <param name="Output">Where sound goes, as typed.</param>
/// <param name="Keep">Whether the temporary folders stay.</param>
internal sealed record DemoOptions(TimeSpan Duration, bool Json, int Viewers, string? File, string Output, bool Keep)
{
    /// <summary>What decodes, as typed.</summary>
    public string Decoder { get; init; } = "auto";

    /// <summary>What the host's server listens with, as typed.</summary>
    public string Listener { get; init; } = "kestrel";

    public const string HelpText =
        """
        jam demo: a host and viewers, each a process of its own, play one track together on this machine.

        The host may upload no more than 1.2 times the track's bitrate, so the viewers have to get the rest from each other.

          --duration TIME   how long to listen, from the moment the music starts: 15, or 1m (15)
          --viewers N       how many viewers, 1 to 8 (2)
          --file MP3        another track than the one that comes with SwarmJam
          --output WHERE    auto, pulse, alsa, naudio, null, or wav:PATH, where each peer's name is put into its own file (auto)
          --decoder WHICH   what decodes in each peer, as for jam (auto)
          --listener WHICH  what the host's server listens with, as for jam (kestrel)
          --json            one JSON object on standard output instead of the table
          --keep            keep the temporary folders
          -h, --help        this text

        Exit code: 0 all went well, 1 it did not (it says what), 2 an option is wrong.
        """;

    /// <summary>The options, or what to say and the exit code. Pure.</summary>
    public static (DemoOptions? Options, string? Text, int ExitCode) Read(IReadOnlyList<string> args, CliFacts facts)
    {
        var (raw, wrong) = ArgumentParser.Parse<RawDemoOptions>(args, "jam demo");
        if (raw is null)
            return (null, wrong, PeerProgram.UsageError);
        if (raw.Help)
            return (null, HelpText, 0);
        var checks = new OptionChecks(facts);
        if (raw.Stray.FirstOrDefault() is { } stray)
            checks.Fail($"'{stray}' belongs to no option; another track is named by --file MP3");
        if (raw.File is not null && !facts.FileExists(raw.File))
            checks.Fail($"--file {raw.File}: there is no such file");
        var viewers = checks.Number("--viewers", raw.Viewers, 2, 1, 8, "viewers");
        if (viewers % 1 != 0)
            checks.Fail($"--viewers {raw.Viewers}: it is a whole number");
        checks.Output(raw.Output, null);
        checks.Decoder(raw.Decoder);
        checks.Listener(raw.Listener);
        var options = new DemoOptions(
            checks.Duration("--duration", raw.Duration, atLeastSeconds: 1) ?? TimeSpan.FromSeconds(15), raw.Json, (int)viewers, raw.File,
            raw.Output ?? "auto", raw.Keep) { Decoder = raw.Decoder ?? "auto", Listener = raw.Listener ?? "kestrel" };
        return checks.Problem is { } problem ? (null, $"jam demo: {problem}", PeerProgram.UsageError) : (options, null, 0);
    }

    /// <summary>The track that comes with the program: found beside the solution, above wherever the program was built to.</summary>
    /// <exception cref="JamException">It is not there.</exception>
    public static string TrackOfThisProgram(string from, Func<string, bool> exists)
    {
        for (var folder = from; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            var track = Path.Combine(folder, "tools", "assets", "track.mp3");
            if (exists(Path.Combine(folder, "SwarmJam.sln")) && exists(track))
                return track;
        }
        throw new JamException("the demo's own track is not beside this program; name one: jam demo --file song.mp3");
    }
}
