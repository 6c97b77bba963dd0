using CommandLine;

namespace Jam.Peer.Cli.Options;

/// <summary>
/// The options as they were typed. Values stay text here: the checks that follow say better than a parser what is wrong with one.
/// </summary>
internal sealed class RawOptions
{
    [Option("seed")] public IEnumerable<string> Seed { get; set; } = [];

    /// <summary>Stands in for a bare <c>--seed</c>, which the parser would refuse; see <see cref="SeedArguments"/>.</summary>
    [Option(SeedArguments.BareSeed, Hidden = true)] public bool BareSeed { get; set; }

    [Option("num-chunks")] public string? NumChunks { get; set; }
    [Option("chunk-size")] public string? ChunkSize { get; set; }
    [Option("role")] public string? Role { get; set; }
    [Option("connect")] public IEnumerable<string> Connect { get; set; } = [];
    [Option("server")] public string? Server { get; set; }
    [Option("room")] public string? Room { get; set; }
    [Option("name")] public string? Name { get; set; }
    [Option("listen-port")] public string? ListenPort { get; set; }
    [Option("p2p-port")] public string? P2pPort { get; set; }
    [Option("server-port")] public string? ServerPort { get; set; }
    [Option("data")] public string? Data { get; set; }
    [Option("cache")] public string? Cache { get; set; }
    [Option("save")] public string? Save { get; set; }
    [Option("up-limit")] public string? UpLimit { get; set; }
    [Option("down-limit")] public string? DownLimit { get; set; }
    [Option("cache-limit")] public string? CacheLimit { get; set; }
    [Option("no-discovery")] public bool NoDiscovery { get; set; }
    [Option("no-clock-port")] public bool NoClockPort { get; set; }
    [Option("gateway")] public bool Gateway { get; set; }
    [Option("no-gateway")] public bool NoGateway { get; set; }
    [Option("gateway-port")] public string? GatewayPort { get; set; }
    [Option("gateway-listeners")] public string? GatewayListeners { get; set; }
    [Option("gateway-limit")] public string? GatewayLimit { get; set; }
    [Option("password")] public string? Password { get; set; }
    [Option("password-file")] public string? PasswordFile { get; set; }
    [Option("invite")] public string? Invite { get; set; }
    [Option("invite-only")] public bool InviteOnly { get; set; }
    [Option("host-token")] public string? HostToken { get; set; }
    [Option("encrypt")] public bool Encrypt { get; set; }
    [Option("tls-cert")] public string? TlsCert { get; set; }
    [Option("tls-key")] public string? TlsKey { get; set; }
    [Option("tls-ca")] public string? TlsCa { get; set; }
    [Option("tls-fingerprint")] public IEnumerable<string> TlsFingerprint { get; set; } = [];
    [Option("bind")] public string? Bind { get; set; }
    [Option("server-bind")] public string? ServerBind { get; set; }
    [Option("gateway-bind")] public string? GatewayBind { get; set; }
    [Option("unlisted")] public bool Unlisted { get; set; }
    [Option("output")] public string? Output { get; set; }
    [Option("decoder")] public string? Decoder { get; set; }
    [Option("listener")] public string? Listener { get; set; }
    [Option("device")] public string? Device { get; set; }
    [Option("list-devices")] public bool ListDevices { get; set; }
    [Option("channel")] public string? Channel { get; set; }
    [Option("calibrate-with")] public string? CalibrateWith { get; set; }
    [Option("latency-ms")] public string? LatencyMs { get; set; }
    [Option("volume")] public string? Volume { get; set; }
    [Option("no-replaygain")] public bool NoReplayGain { get; set; }
    [Option("autoplay")] public bool Autoplay { get; set; }
    [Option("headless")] public bool Headless { get; set; }
    [Option("duration")] public string? Duration { get; set; }
    [Option("json")] public bool Json { get; set; }
    [Option("status-every")] public string? StatusEvery { get; set; }
    [Option("end-with-stdin")] public bool EndWithStdin { get; set; }

    /// <summary>For tools/lab/sync: what a room sounds like whose clocks are not followed.</summary>
    [Option("lab-keep-first-clock", Hidden = true)] public bool KeepsFirstClock { get; set; }

    [Option("no-identity")] public bool NoIdentity { get; set; }
    [Option("log-file")] public string? LogFile { get; set; }
    [Option("log-level")] public string? LogLevel { get; set; }
    [Option("log-format")] public string? LogFormat { get; set; }
    [Option("metrics")] public string? Metrics { get; set; }
    [Option("otlp")] public string? Otlp { get; set; }

    /// <summary>For tools/lab/sync: a file for what clock and output measure.</summary>
    [Option("lab-trace", Hidden = true)] public string? TracePath { get; set; }

    [Option("version")] public bool Version { get; set; }
    [Option('h', "help")] public bool Help { get; set; }

    /// <summary>Words that belong to no option.</summary>
    [Value(0)] public IEnumerable<string> Stray { get; set; } = [];
}
