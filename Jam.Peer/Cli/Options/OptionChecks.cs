using System.Globalization;
using System.Net;
using Jam.Peer.Session;
using Jam.Server.Contracts;
using Microsoft.Extensions.Logging;

namespace Jam.Peer.Cli.Options;

/// <summary>One check per kind of value; the first that fails is kept, as one line that says what to do.</summary>
internal sealed class OptionChecks(CliFacts facts)
{
    /// <summary>What is wrong; null while nothing is.</summary>
    public string? Problem { get; private set; }

    /// <summary>What is to be known of the machine.</summary>
    public CliFacts Facts => facts;

    /// <summary>What was built in.</summary>
    public BuiltParts Parts => facts.Parts;

    public string DefaultName => Shortened(facts.DefaultName, Limits.MaxMemberNameLength);

    public void Fail(string line) => Problem ??= line;

    public IReadOnlyList<string> SeedFiles(IEnumerable<string> paths)
    {
        var files = paths.ToArray();
        foreach (var file in files.Where(file => !facts.FileExists(file)))
            Fail(facts.FolderExists(file)
                ? $"--seed {file}: that is a folder; name the files in it"
                : $"--seed {file}: there is no such file (a name with spaces needs quotes)");
        return files;
    }

    public TestPattern? TestPattern(RawOptions raw)
    {
        var wanted = raw.NumChunks is not null || raw.ChunkSize is not null;
        if (raw.Seed.Any() && (wanted || raw.BareSeed))
            Fail("--seed takes either files or, bare, --num-chunks N [--chunk-size BYTES]; not both");
        else if (wanted && !raw.BareSeed)
            Fail("--num-chunks and --chunk-size go with a bare --seed, which makes test data");
        else if (raw.BareSeed && raw.NumChunks is null)
            Fail("--seed needs a file, or --num-chunks N for test data without sound");
        if (!raw.BareSeed)
            return null;
        return new TestPattern(
            (int)Whole("--num-chunks", raw.NumChunks, 1, 1, Session.TestPattern.MaxChunks, "chunks"),
            (int)Whole("--chunk-size", raw.ChunkSize, 16 * 1024, 1024, 1024 * 1024, "bytes"));
    }

    public Role RoleOf(string? text, bool seeds)
    {
        switch (text)
        {
            case null:
                return seeds ? Role.Host : Role.Viewer;
            case "host":
                return Role.Host;
            case "viewer" when seeds:
                Fail("a viewer does not seed; leave out --role viewer to host, or --seed to listen");
                break;
            case "viewer":
                break;
            default:
                Fail($"--role {text}: it is host or viewer");
                break;
        }
        return Role.Viewer;
    }

    public IReadOnlyList<DnsEndPoint> Connect(IEnumerable<string> texts)
    {
        var peers = new List<DnsEndPoint>();
        foreach (var text in texts.SelectMany(text => text.Split(',', StringSplitOptions.RemoveEmptyEntries)))
        {
            var (address, wrong) = PeerAddress.Parse(text);
            if (address is null)
                Fail($"--connect {wrong}");
            else
                peers.Add(address);
        }
        return peers;
    }

    /// <summary>The rendezvous without its path, and the room that the path named.</summary>
    public (Uri? Server, string? Room) Server(string? text)
    {
        if (text is null)
            return (null, null);
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme is not ("ws" or "wss") || uri.Host.Length == 0)
        {
            Fail($"--server {text}: write it as ws://HOST:PORT, like ws://10.0.0.5:8000");
            return (null, null);
        }
        var path = uri.AbsolutePath;
        var at = path.LastIndexOf("/ws/", StringComparison.Ordinal);
        var room = at >= 0 ? Uri.UnescapeDataString(path[(at + 4)..].TrimEnd('/')) : "";
        var prefix = at >= 0 ? path[..at] : path.TrimEnd('/') is var whole && whole.EndsWith("/ws", StringComparison.Ordinal) ? whole[..^3] : whole;
        return (new UriBuilder(uri) { Path = prefix, Query = "", Fragment = "" }.Uri, room.Length > 0 ? room : null);
    }

    /// <summary>Where sound goes, the file of a WAV, and the device; <paramref name="device"/> may come with the output or alone.</summary>
    public (OutputKind Kind, string? WavPath, string? Device) Output(string? text, string? device)
    {
        switch (text)
        {
            case null or "auto": return (OutputKind.Auto, null, device);
            case "pulse": return (OutputKind.Pulse, null, device);
            case "alsa": return (OutputKind.Alsa, null, device);
            case "naudio":
                this.NeedsNAudio("--output naudio");
                return (OutputKind.NAudio, null, device);
            case "null": return (OutputKind.Null, null, null);
            case "wav" or "wav:":
                Fail("--output wav needs a file: --output wav:PATH");
                return (OutputKind.Wav, null, null);
        }
        if (text.StartsWith("alsa:", StringComparison.Ordinal) && text.Length > 5)
        {
            if (device is not null)
                Fail($"--output {text} names a device and --device another; leave one of them out");
            return (OutputKind.Alsa, null, text[5..]);
        }
        if (!text.StartsWith("wav:", StringComparison.Ordinal))
            Fail($"--output {text}: it is auto, pulse, alsa, alsa:DEVICE, naudio, wav:PATH or null");
        else if (facts.FolderProblem(FolderOf(text[4..])) is { } problem)
            Fail($"--output {text}: cannot write there: {problem}");
        return (OutputKind.Wav, text[Math.Min(4, text.Length)..], null);
    }

    public ClickConsent CalibrateWith(string? text)
    {
        switch (text?.ToLowerInvariant())
        {
            case null or "host": return ClickConsent.Host;
            case "anyone": return ClickConsent.Anyone;
            case "nobody": return ClickConsent.Nobody;
        }
        Fail($"--calibrate-with {text}: it is host, anyone or nobody");
        return ClickConsent.Host;
    }

    public ChannelChoice Channel(string? text)
    {
        switch (text)
        {
            case null or "stereo": return ChannelChoice.Stereo;
            case "left": return ChannelChoice.Left;
            case "right": return ChannelChoice.Right;
            case "mono": return ChannelChoice.Mono;
        }
        Fail($"--channel {text}: it is left, right, mono or stereo");
        return ChannelChoice.Stereo;
    }

    /// <summary>Whether browsers may listen through this peer; null where it is left to the session.</summary>
    public bool? Gateway(RawOptions raw)
    {
        var details = raw.GatewayPort is not null || raw.GatewayListeners is not null || raw.GatewayLimit is not null;
        if (raw.NoGateway && (raw.Gateway || details))
            Fail("--no-gateway keeps browsers from listening through this peer; leave out the other --gateway options");
        return raw.NoGateway ? false : raw.Gateway || raw.GatewayPort is not null ? true : null;
    }

    /// <summary>What is wrong with no single option, but with several together.</summary>
    public void TogetherMakeSense(RawOptions raw, Role role, OutputKind output)
    {
        if (role == Role.Viewer && !raw.Connect.Any() && raw.Server is null)
            Fail("say whom to join (--connect IP:PORT, or --server ws://HOST:PORT) or what to play to others (--seed FILE)");
        if (role == Role.Viewer && raw.Autoplay)
            Fail("--autoplay is for the host, who controls the room; leave it out");
        if (raw.Device is not null && output is OutputKind.Wav or OutputKind.Null)
            Fail("--device names a sound device; it goes with --output auto, pulse, alsa or naudio only");
        if (raw.Json && raw.StatusEvery is not null)
            Fail("--json prints one object at the end and --status-every many; choose one of them");
    }

    public string? Folder(string option, string? path)
    {
        if (path is not null && facts.FolderProblem(path) is { } problem)
            Fail($"{option} {path}: cannot write to that folder: {problem}");
        return path;
    }

    public string Name(string option, string text, int longest)
    {
        if (text.Length == 0 || text.Length > longest || text.Any(char.IsControl) || text.Trim().Length != text.Length)
            Fail($"{option} takes 1 to {longest} characters, none of them a control character, without spaces at its ends");
        return text;
    }

    /// <summary>The file; null where none is wanted.</summary>
    public string? LogFile(string? path)
    {
        if (path is null or "none")
            return path is null ? facts.DefaultLogFile : null;
        if (facts.FolderProblem(FolderOf(path)) is { } problem)
            Fail($"--log-file {path}: cannot write there: {problem}");
        return path;
    }

    public LogLevel Level(string option, string? text)
    {
        if (text is null)
            return LogLevel.Information;
        if (LogWords.Parse(text) is { } level)
            return level;
        Fail($"{option} {text}: it is one of {string.Join(", ", LogWords.All)}");
        return LogLevel.Information;
    }

    public int Port(string option, string? text, int otherwise) => (int)Whole(option, text, otherwise, 0, 65535, "a port; 0 takes any free one");

    public long? Rate(string option, string? text)
    {
        if (text is null)
            return null;
        if (Units.BytesPerSecond(text) is { } rate)
            return rate;
        Fail($"{option} {text}: write bytes per second, like 500k or 2M, or bits per second, like 400kbit or 4Mbit");
        return null;
    }

    public long? Size(string option, string? text)
    {
        if (text is null)
            return null;
        if (Units.Bytes(text) is { } size)
            return size;
        Fail($"{option} {text}: write bytes, like 500M or 2G (k = 1000)");
        return null;
    }

    public TimeSpan? Duration(string option, string? text, double atLeastSeconds = 0.001)
    {
        if (text is null)
            return null;
        if (Units.Duration(text) is { } duration && duration.TotalSeconds >= atLeastSeconds)
            return duration;
        Fail($"{option} {text}: write seconds, like 15, or 1m30s" + (atLeastSeconds > 0.001 ? FormattableString.Invariant($"; {atLeastSeconds} or more") : ""));
        return null;
    }

    public double Number(string option, string? text, double otherwise, double from, double to, string unit)
    {
        if (text is null)
            return otherwise;
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value >= from && value <= to)
            return value;
        Fail(FormattableString.Invariant($"{option} {text}: it is a number from {from} to {to} ({unit})"));
        return otherwise;
    }

    public long Whole(string option, string? text, long otherwise, long from, long to, string unit)
    {
        if (text is null)
            return otherwise;
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= from && value <= to)
            return value;
        Fail(FormattableString.Invariant($"{option} {text}: it is a whole number from {from} to {to} ({unit})"));
        return otherwise;
    }

    private static string FolderOf(string file) => Path.GetDirectoryName(file) is { Length: > 0 } folder ? folder : ".";

    private static string Shortened(string text, int longest) => text.Length <= longest ? text : text[..longest];
}
