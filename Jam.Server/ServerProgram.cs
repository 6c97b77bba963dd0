using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using CommandLine;
using Jam.Server.Doors;
using Jam.Server.Hosting;
using Jam.Server.Observing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Jam.Server;

/// <summary>The rendezvous as a program; the peer's command line runs it in its own process too.</summary>
public static class ServerProgram
{
    /// <summary>Serves until SIGINT or SIGTERM.</summary>
    /// <returns>0 after a clean end, 1 where it cannot listen, 2 for wrong options.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        using var parser = new Parser(settings =>
        {
            settings.HelpWriter = null;
            settings.ParsingCulture = CultureInfo.InvariantCulture;
        });
        var parsed = parser.ParseArguments<ServerArguments>(args);
        if (parsed.Errors.FirstOrDefault() is { } error)
            return Explain(error);
        var arguments = parsed.Value;
        if ((ServerArguments.Dangling(args) ?? arguments.Problem()) is { } problem)
            return Refuse(problem);
        return arguments.IsHealthy ? await HealthQuestion.AskAsync(arguments.Address, arguments.Port, Console.Out) : await ServeAsync(arguments);
    }

    private static async Task<int> ServeAsync(ServerArguments arguments)
    {
        await using var file = await OpenLogAsync(arguments);
        var onConsole = arguments.Verbose ? LogLevel.Debug : LogLevel.Warning;
        await using var console = arguments.Format == LogFormat.Json ? FileLog.OnConsole(Console.Out, onConsole, TimeProvider.System, LogFormat.Json) : null;
        using var loggers = LoggerFactory.Create(logging =>
        {
            logging.SetMinimumLevel(LogLevel.Trace);
            if (console is not null)
                logging.AddProvider(console);
            else
                logging.AddFilter<ConsoleLoggerProvider>(level => level >= onConsole).AddSimpleConsole(simple => simple.SingleLine = true);
            if (file is not null)
                logging.AddProvider(file);
        });
        using var ending = new CancellationTokenSource();
        using var onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
        using var onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
        try
        {
            var options = new JamServerOptions
            {
                Port = arguments.Port, Address = arguments.Address, DataFolder = arguments.Data, Listener = arguments.Listener,
                WebPort = arguments.WebPort, ListsRooms = !arguments.Unlisted, HasClockPort = !arguments.NoClockPort, Metrics = arguments.Metrics, Fleet = arguments.Fleet,
                PerAddress = arguments.PerAddress, TlsCertFile = arguments.TlsCert, TlsKeyFile = arguments.TlsKey,
            };
            using var telemetry = Telemetry.Start(arguments.Otlp, "swarmjam-server");
            await using var server = await JamServer.StartAsync(options, TimeProvider.System, loggers, ending.Token);
            var greeting = new ServerGreeting(server, arguments, file?.Path);
            if (console is null)
                greeting.Lines().ToList().ForEach(Console.WriteLine);
            else
                await Console.Out.WriteLineAsync(greeting.Json(TimeProvider.System.GetUtcNow()));
            await ending.Token.WhenCanceledAsync();
            var closing = options.Fleet is null ? "Closing." : "Handing the rooms over, then closing.";
            await Console.Out.WriteLineAsync(console is null ? closing : ServerGreeting.Closing(TimeProvider.System.GetUtcNow()));
            await server.DrainAsync(CancellationToken.None);
            return 0;
        }
        catch (PortTakenException e)
        {
            await Console.Error.WriteLineAsync($"Port {e.Port} is in use: stop what listens there, or choose another with --{(e.Port == arguments.Port ? "port" : "web-port")}.");
            return 1;
        }
        catch (TlsException e)
        {
            await Console.Error.WriteLineAsync($"No TLS: {e.Message}");
            return 1;
        }
        catch (StoreException e)
        {
            await Console.Error.WriteLineAsync(arguments.Data is { } data ? $"Cannot keep rooms in {data}: {e.Message}" : e.Message);
            return 1;
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            await Console.Error.WriteLineAsync($"Cannot listen on {arguments.Bind ?? "every address"}, port {arguments.Port}: {e.Message}");
            return 1;
        }
        catch (OperationCanceledException)
        {
            return 0;
        }

        void End(PosixSignalContext signal)
        {
            signal.Cancel = true;
            ending.Cancel();
        }
    }

    /// <summary>A log that cannot be written is no reason not to serve.</summary>
    private static async Task<FileLog?> OpenLogAsync(ServerArguments arguments)
    {
        if (arguments.LogFile is "none")
            return null;
        var path = arguments.LogFile ?? FileLog.DefaultPath("server.log");
        try
        {
            return FileLog.Open(path, arguments.Level, TimeProvider.System, format: arguments.Format);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            await Console.Error.WriteLineAsync($"No log: {path} cannot be written ({e.Message})");
            return null;
        }
    }

    private static int Explain(CommandLine.Error error)
    {
        switch (error)
        {
            case HelpRequestedError or HelpVerbRequestedError:
                Console.WriteLine(ServerArguments.Help);
                return 0;
            case VersionRequestedError:
                Console.WriteLine($"SwarmJam {ProgramVersion.Text}");
                return 0;
            case UnknownOptionError unknown:
                return Refuse($"There is no option {unknown.Token}.");
            case BadFormatConversionError bad:
                return Refuse($"--{bad.NameInfo.LongName} does not take that value.");
            case MissingValueOptionError missing:
                return Refuse($"--{missing.NameInfo.LongName} needs a value.");
            case RepeatedOptionError repeated:
                return Refuse($"--{repeated.NameInfo.LongName} may be given once.");
            default:
                return Refuse("These options make no sense together.");
        }
    }

    private static int Refuse(string problem)
    {
        Console.Error.WriteLine($"{problem} --help lists the options.");
        return 2;
    }

    private static async Task WhenCanceledAsync(this CancellationToken token)
    {
        var canceled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = token.Register(canceled.SetResult);
        await canceled.Task;
    }
}
