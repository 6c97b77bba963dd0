using System.Text.Json;
using CommandLine;
using Jam.Peer.Cli.Options;
using Jam.Peer.Session;
using static System.FormattableString;

namespace Jam.Peer.Cli.Calibrate;

/// <summary>The options of <c>calibrate --microphone</c> as they were typed.</summary>
internal sealed class RawCalibrateOptions
{
    [Option("microphone")] public bool Microphone { get; set; }
    [Option("source")] public string? Source { get; set; }
    [Option("device")] public string? Device { get; set; }
    [Option("no-save")] public bool NoSave { get; set; }
    [Option("json")] public bool Json { get; set; }
    [Option('h', "help")] public bool Help { get; set; }

    /// <summary>Words that belong to no option.</summary>
    [Value(0)] public IEnumerable<string> Stray { get; set; } = [];
}

/// <summary>The <c>calibrate</c> command: how much later than it reports does this machine's sound device sound?</summary>
internal static class CalibrateProgram
{
    public const string HelpText =
        """
        jam calibrate: how much later than it reports does this machine's sound device sound?

          jam calibrate --connect IP:PORT [options]   by ear, against another peer of a room
          jam calibrate --microphone                  by a microphone in front of the loudspeaker, in ten seconds

        By ear: start this beside the peer to compare with, the room's host. That one is asked to click instead of playing (its screen
        says so) until this ends; while the room plays it wants --calibrate-with anyone. In every bar of four beats the host clicks on
        the first, this peer on the second, both on the third. LEFT and RIGHT move this peer's click by 1 ms, UP and DOWN by 10, until the
        third is one click; ENTER saves that for the device. It takes the options of a viewer (jam --help). In a room already, type
        'calibrate' or 'calibrate NAME'.

        By microphone (PulseAudio or PipeWire): it plays short sweeps, records them, and says how late they came. What the microphone
        itself is late by counts in; a wired one is early enough.
          --microphone    measure so, rather than by ear
          --source NAME   which microphone, or a sink's monitor (the default one)
          --device NAME   which sound device (the default one)
          --no-save       only say it
          --json          one JSON object on standard output

          -h, --help      this text

        Exit code: 0 well, 1 it could not be measured, 2 an option is wrong.
        """;

    public static async Task<int> RunAsync(string[] args, ProgramParts parts, CliIo io, CliFacts facts, CancellationToken stop)
    {
        if (args is [] or ["-h" or "--help" or "help", ..])
        {
            io.Out.WriteLine(HelpText);
            return args is [] ? PeerProgram.UsageError : 0;
        }
        return args.Contains("--microphone") ? await MeasureAsync(args, parts, io, stop) : await ListenAsync(args, parts, io, facts, stop);
    }

    private static async Task<int> ListenAsync(string[] args, ProgramParts parts, CliIo io, CliFacts facts, CancellationToken stop)
    {
        switch (CommandLineReader.Read(args, facts))
        {
            case CommandLineResult.Run { Peer: var peer }:
                // Beside a peer of the same machine, which has the usual port.
                var session = args.Contains("--listen-port") ? peer.Session : peer.Session with { ListenPort = 0 };
                return await new PeerRunner(peer with { Session = session, Calibrate = true }, parts.CreateSession(session), io, parts.Time).RunAsync(stop);
            case CommandLineResult.Wrong wrong:
                io.Error.WriteLine(wrong.Text);
                return PeerProgram.UsageError;
            default:
                io.Out.WriteLine(HelpText);
                return 0;
        }
    }

    private static async Task<int> MeasureAsync(string[] args, ProgramParts parts, CliIo io, CancellationToken stop)
    {
        var (raw, wrong) = ArgumentParser.Parse<RawCalibrateOptions>(args, "jam calibrate");
        if (raw?.Stray.FirstOrDefault() is { } stray)
            wrong = $"jam calibrate: '{stray}' belongs to no option (see jam calibrate --help)";
        if (raw is null || wrong is not null)
        {
            io.Error.WriteLine(wrong);
            return PeerProgram.UsageError;
        }
        if (!raw.Json)
            io.Out.WriteLine("playing short sweeps; keep the microphone close to the loudspeaker ...");
        try
        {
            var result = await parts.Measure(new MicrophoneRequest(raw.Device, raw.Source, !raw.NoSave), parts.Time, stop);
            io.Out.WriteLine(raw.Json ? JsonSerializer.Serialize(result, CliJson.Default.MicrophoneResult) : Words(result));
            return 0;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            io.Error.WriteLine("interrupted");
            return 130;
        }
    }

    private static string Words(MicrophoneResult result) =>
        Invariant($"{result.Device} sounds {result.LatencyMs:0.#} ms later than it reports (±{Math.Max(0.1, result.SpreadMs):0.#} ms, {result.Heard} of {result.Played} sweeps heard)") +
        (result.IsSaved ? "; saved for it" : "");
}
