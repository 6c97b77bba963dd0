using Jam.Peer.Cli.Calibrate;
using Jam.Peer.Cli.Check;
using Jam.Peer.Cli.Demo;
using Jam.Peer.Cli.Discover;
using Jam.Peer.Cli.Options;
using Jam.Peer.Cli.Shell;
using Jam.Peer.Session;
using Jam.Peer.Session.Check;

namespace Jam.Peer.Cli;

/// <summary>What the command line needs from the rest of the program; put together in one place, Program.cs.</summary>
internal sealed record ProgramParts
{
    /// <summary>Makes a peer.</summary>
    public required Func<SessionOptions, IJamSession> CreateSession { get; init; }

    /// <summary>The <c>server</c> command: its arguments to its exit code.</summary>
    public required Func<string[], Task<int>> RunServer { get; init; }

    /// <summary>The help of the server, and what its arguments are parsed into.</summary>
    public string ServerHelp { get; init; } = "";

    /// <inheritdoc cref="ServerHelp"/>
    public Type ServerOptions { get; init; } = typeof(RawShellOptions);

    /// <summary>How long a file plays, in microseconds; throws <see cref="JamException"/> where that cannot be told.</summary>
    public required Func<string, long> ProbeDurationUs { get; init; }

    /// <summary>Starts this program again, in a process of its own.</summary>
    public Func<IReadOnlyList<string>, IPeerProcess> StartPeer { get; init; } = PeerProcess.Start;

    /// <summary>Checks the way to a peer.</summary>
    public Func<CheckRequest, TimeProvider, CancellationToken, Task<CheckReport>> Check { get; init; } = ConnectionCheck.RunAsync;

    /// <summary>Finds the rooms on this network.</summary>
    public Func<TimeSpan, TimeProvider, CancellationToken, Task<IReadOnlyList<FoundRoom>>> Discover { get; init; } = Discovery.FindAsync;

    /// <summary>Lists the sound devices of this machine.</summary>
    public Func<TimeProvider, CancellationToken, Task<SoundDeviceList>> Devices { get; init; } = SoundTools.ListAsync;

    /// <summary>Measures a sound device with a microphone.</summary>
    public Func<MicrophoneRequest, TimeProvider, CancellationToken, Task<MicrophoneResult>> Measure { get; init; } = SoundTools.MeasureAsync;

    /// <summary>Prepares a peer that runs for its first track, in its first idle moment.</summary>
    public Func<IJamSession, TimeProvider, CancellationToken, Task> Rehearse { get; init; } = (_, _, _) => Task.CompletedTask;

    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>The program: verbs, options, exit codes.</summary>
internal static class PeerProgram
{
    /// <summary>Exit code of options that are wrong.</summary>
    public const int UsageError = 2;

    /// <summary>Runs whatever the arguments ask for, on this process's streams and signals.</summary>
    public static async Task<int> MainAsync(string[] args, ProgramParts parts)
    {
        if (args is ["server", ..])
            return await RunAsync(args, parts, CliIo.OfThisProcess(), CliFacts.OfThisMachine(), CancellationToken.None);
        using var signals = new StopSignals();
        return await RunAsync(args, parts, CliIo.OfThisProcess(), CliFacts.OfThisMachine(), signals.Token);
    }

    /// <summary>Runs on other streams; <c>server</c> alone looks after its signals itself and never hears <paramref name="stop"/>.</summary>
    public static async Task<int> RunAsync(string[] args, ProgramParts parts, CliIo io, CliFacts facts, CancellationToken stop)
    {
        try
        {
            if (args is ["server", .. var forServer])
                return await parts.RunServer(forServer);
            if (args is ["demo", .. var forDemo])
                return await DemoProgram.RunAsync(forDemo, parts, io, facts, stop);
            if (args is ["check", .. var forCheck])
                return await CheckProgram.RunAsync(forCheck, parts, io, facts, stop);
            if (args is ["calibrate", .. var forCalibrate])
                return await CalibrateProgram.RunAsync(forCalibrate, parts, io, facts, stop);
            if (args is ["completions" or "man", .. var forShell])
                return ShellProgram.Run(args[0], forShell, Verbs.All(parts.ServerHelp, parts.ServerOptions), io);
            if (args is ["discover", .. var forDiscover])
                return await DiscoverProgram.RunAsync(forDiscover, parts, io, facts, stop);
            switch (CommandLineReader.Read(args, facts))
            {
                case CommandLineResult.Show show:
                    io.Out.WriteLine(show.Text);
                    return 0;
                case CommandLineResult.Wrong wrong:
                    io.Error.WriteLine(wrong.Text);
                    return UsageError;
                case CommandLineResult.ListDevices list:
                    return DeviceTexts.Print(await parts.Devices(parts.Time, stop), list.Json, io.Out);
                case CommandLineResult.Run { Peer: var peer }:
                    return await new PeerRunner(peer, parts.CreateSession(peer.Session), io, parts.Time, parts.Rehearse).RunAsync(stop);
                default:
                    throw new NotSupportedException("an outcome that nobody knows");
            }
        }
        catch (JamException problem)
        {
            io.Error.WriteLine($"jam: {problem.Message}");
            return 1;
        }
    }
}
