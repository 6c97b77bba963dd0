using Jam.Peer.Session;
using Jam.Server.Contracts;
using Jam.Server.Observing;

namespace Jam.Peer.Cli.Options;

/// <summary>From arguments to what is to be done. Pure: the machine's facts come as an argument.</summary>
internal static class CommandLineReader
{
    /// <summary>Reads and checks all arguments; the first thing that is wrong is named.</summary>
    public static CommandLineResult Read(IReadOnlyList<string> args, CliFacts facts)
    {
        if (args.Count == 0)
            return new CommandLineResult.Wrong(HelpTexts.Usage);
        var (raw, wrong) = ArgumentParser.Parse<RawOptions>(SeedArguments.Prepare(args));
        if (raw is null)
            return new CommandLineResult.Wrong(wrong!);
        if (raw.Help || args[0] == "help")
            return new CommandLineResult.Show(HelpTexts.Peer);
        if (raw.Version)
            return new CommandLineResult.Show($"jam {ProgramVersion.Text}");

        if (raw.ListDevices)
            return new CommandLineResult.ListDevices(raw.Json);
        var checks = new OptionChecks(facts);
        var run = Check(raw, checks);
        return checks.Problem is { } problem ? new CommandLineResult.Wrong($"jam: {problem}") : new CommandLineResult.Run(run);
    }

    private static PeerRun Check(RawOptions raw, OptionChecks checks)
    {
        if (raw.Stray.FirstOrDefault() is { } stray)
            checks.Fail($"'{stray}' belongs to no option; to seed a file: --seed FILE, to join: --connect IP:PORT (see --help)");
        var (server, roomOfServer) = checks.Server(raw.Server);
        var (output, wavPath, device) = checks.Output(raw.Output, raw.Device);
        var files = checks.SeedFiles(raw.Seed);
        var pattern = checks.TestPattern(raw);
        var role = checks.RoleOf(raw.Role, seeds: files.Count > 0 || raw.BareSeed);
        var connect = checks.Connect(raw.Connect);
        checks.TogetherMakeSense(raw, role, output);
        if (roomOfServer is not null && raw.Room is not null && roomOfServer != raw.Room)
            checks.Fail($"--server names the room '{roomOfServer}' and --room the room '{raw.Room}'; leave one of them out");

        var session = new SessionOptions
        {
            Role = role,
            SeedFiles = files,
            TestPattern = pattern,
            Connect = connect,
            Server = server,
            Room = checks.Name("--room", raw.Room ?? roomOfServer ?? "jam", Limits.MaxRoomNameLength),
            Name = checks.Name("--name", raw.Name ?? checks.DefaultName, Limits.MaxMemberNameLength),
            IsNameChosen = raw.Name is not null,
            KeepsIdentity = !raw.NoIdentity,
            LogFile = checks.LogFile(raw.LogFile),
            LogLevel = checks.Level("--log-level", raw.LogLevel),
            LogFormat = checks.LogFormat(raw.LogFormat),
            MetricsPort = raw.Metrics is null ? null : checks.Port("--metrics", raw.Metrics, 0),
            Otlp = checks.Collector(raw.Otlp),
            ListenPort = checks.Port(raw.ListenPort is null && raw.P2pPort is not null ? "--p2p-port" : "--listen-port", raw.ListenPort ?? raw.P2pPort, 9003),
            ServerPort = checks.Port("--server-port", raw.ServerPort, 8000),
            DataFolder = checks.Folder("--data", raw.Data),
            CacheFolder = checks.Folder("--cache", raw.Cache),
            SaveFolder = checks.Folder("--save", raw.Save),
            UpLimitBytesPerSecond = checks.Rate("--up-limit", raw.UpLimit),
            DownLimitBytesPerSecond = checks.Rate("--down-limit", raw.DownLimit),
            CacheLimitBytes = checks.Size("--cache-limit", raw.CacheLimit),
            Discovery = !raw.NoDiscovery,
            HasClockPort = !raw.NoClockPort,
            Gateway = checks.Gateway(raw),
            GatewayPort = checks.Port("--gateway-port", raw.GatewayPort, 8010),
            GatewayListeners = (int)checks.Whole("--gateway-listeners", raw.GatewayListeners, 8, 1, 1000, "browsers at a time"),
            GatewayLimitBytesPerSecond = checks.Rate("--gateway-limit", raw.GatewayLimit),
            Door = checks.Door(raw, role),
            IsListed = !raw.Unlisted,
            Output = output,
            Decoder = checks.Decoder(raw.Decoder),
            Listener = checks.Listener(raw.Listener),
            WavPath = wavPath,
            Device = device,
            LatencyMs = raw.LatencyMs is null ? null : checks.Number("--latency-ms", raw.LatencyMs, 0, -2000, 5000, "milliseconds"),
            Volume = checks.Number("--volume", raw.Volume, 100, 0, 100, "percent") / 100,
            Channel = checks.Channel(raw.Channel),
            CalibrateWith = checks.CalibrateWith(raw.CalibrateWith),
            ReplayGain = !raw.NoReplayGain,
            Autoplay = raw.Autoplay,
            KeepsFirstClock = raw.KeepsFirstClock,
            TracePath = raw.TracePath,
        };
        return new PeerRun(
            session, raw.Headless, checks.Duration("--duration", raw.Duration), raw.Json,
            checks.Duration("--status-every", raw.StatusEvery, atLeastSeconds: 0.01), raw.EndWithStdin);
    }
}
