using CommandLine;
using Jam.Peer.Cli.Options;
using Jam.Peer.Session.Check;
using Jam.Server.Contracts;

namespace Jam.Peer.Cli.Check;

/// <summary>The options of a check as they were typed.</summary>
internal sealed class RawCheckOptions
{
    [Option("chunks")] public string? Chunks { get; set; }

    /// <summary>As seeding test data calls it.</summary>
    [Option("num-chunks", Hidden = true)] public string? NumChunks { get; set; }

    [Option("chunk-size")] public string? ChunkSize { get; set; }
    [Option("listen-port")] public string? ListenPort { get; set; }
    [Option("name")] public string? Name { get; set; }
    [Option("password")] public string? Password { get; set; }
    [Option("password-file")] public string? PasswordFile { get; set; }
    [Option("invite")] public string? Invite { get; set; }
    [Option("tls-ca")] public string? TlsCa { get; set; }
    [Option("tls-fingerprint")] public IEnumerable<string> TlsFingerprint { get; set; } = [];
    [Option("json")] public bool Json { get; set; }
    [Option('h', "help")] public bool Help { get; set; }

    /// <summary>Whom.</summary>
    [Value(0)] public IEnumerable<string> Peer { get; set; } = [];
}

/// <summary>What a check is asked to do, and how it answers.</summary>
/// <param name="Request">What to do.</param>
/// <param name="Json">Whether standard output carries one JSON object and nothing else.</param>
internal sealed record CheckOptions(CheckRequest Request, bool Json)
{
    /// <summary>What a peer gives to one link, see TestQuota.</summary>
    private const long MaxBytes = 16 * 1024 * 1024;

    public const string HelpText =
        """
        jam check IP:PORT: can this machine and that peer reach each other, and how well?

        It connects, asks for the room, joins it for a few seconds as a viewer named 'check', measures the round trip, sends and
        fetches test data that are verified byte by byte, and asks the peer to dial back. Nobody's music is disturbed. A result
        that is bad comes with what it means and what to do.

          --chunks N           chunks of test data, each way (64)
          --chunk-size BYTES   size of each, 1024 to 1048576; 16 MiB in all at most (16384)
          --listen-port PORT   where the peer dials back to, as a peer here would listen: 9003; 0 takes any free port (0)
          --name NAME          what others see while it lasts (check)
          --password WORD      of a locked room
          --password-file FILE its first line is the password
          --invite TOKEN       come in with an invite
          --tls-ca FILE        believe servers whose certificate this authority has signed, too
          --tls-fingerprint SHA256 believe the server that has this very certificate
          --json               one JSON object on standard output
          -h, --help           this text

        Exit code: 0 it can be reached, 1 it cannot, 2 an option is wrong.
        """;

    /// <summary>The options, or what to say and the exit code. Pure.</summary>
    public static (CheckOptions? Options, string? Text, int ExitCode) Read(IReadOnlyList<string> args, CliFacts facts)
    {
        var (raw, wrong) = ArgumentParser.Parse<RawCheckOptions>(args, "jam check");
        if (raw is null)
            return (null, wrong, PeerProgram.UsageError);
        if (raw.Help)
            return (null, HelpText, 0);
        var checks = new OptionChecks(facts);
        var peers = raw.Peer.ToArray();
        if (peers.Length != 1)
            checks.Fail(peers.Length == 0 ? "say whom to check, as the host prints it: jam check 192.168.1.5:9003" : "one address at a time");
        var (address, bad) = peers.Length == 1 ? PeerAddress.Parse(peers[0]) : (null, null);
        if (bad is not null)
            checks.Fail(bad);
        var chunks = Whole(checks, "--chunks", raw.Chunks ?? raw.NumChunks, 64, 1, 16_384, "chunks");
        var size = Whole(checks, "--chunk-size", raw.ChunkSize, 16 * 1024, 1024, 1024 * 1024, "bytes");
        if ((long)chunks * size > MaxBytes)
            checks.Fail($"{chunks} chunks of {size} bytes are more than 16 MiB, which is what a peer gives for a test; ask for less");
        var port = checks.Port("--listen-port", raw.ListenPort, 0);
        var name = checks.Name("--name", raw.Name ?? "check", Limits.MaxMemberNameLength);
        var door = checks.Door(
            new RawOptions { Password = raw.Password, PasswordFile = raw.PasswordFile, Invite = raw.Invite, TlsCa = raw.TlsCa, TlsFingerprint = raw.TlsFingerprint }, Role.Viewer);
        return checks.Problem is { } problem
            ? (null, $"jam check: {problem}", PeerProgram.UsageError)
            : (new CheckOptions(new CheckRequest(address!, chunks, size, port, name) { Door = door }, raw.Json), null, 0);
    }

    private static int Whole(OptionChecks checks, string option, string? text, int otherwise, int from, int to, string unit)
    {
        var value = checks.Number(option, text, otherwise, from, to, unit);
        if (value % 1 != 0)
            checks.Fail($"{option} {text}: it is a whole number");
        return (int)value;
    }
}
