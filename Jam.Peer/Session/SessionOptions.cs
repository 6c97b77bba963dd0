using System.Net;
using Jam.Server.Contracts;
using Jam.Server.Hosting;
using Microsoft.Extensions.Logging;

namespace Jam.Peer.Session;

/// <summary>Where sound goes.</summary>
public enum OutputKind
{
    /// <summary>The sound device where there is one, else silence on a real-time clock.</summary>
    Auto,

    /// <summary>PulseAudio, or what serves its protocol.</summary>
    Pulse,

    /// <summary>ALSA, without a sound server.</summary>
    Alsa,

    /// <summary>NAudio: WASAPI on Windows, ALSA on Linux. Where it is built in.</summary>
    NAudio,

    /// <summary>A WAV file, written in real time.</summary>
    Wav,

    /// <summary>Silence, in real time.</summary>
    Null,
}

/// <summary>What decodes tracks.</summary>
public enum DecoderKind
{
    /// <summary>What this machine has: the native libraries, on Windows NLayer and NAudio.</summary>
    Auto,

    /// <summary>libmpg123 and libsndfile.</summary>
    Native,

    /// <summary>MP3 by NLayer, the rest as <see cref="Auto"/>. Where it is built in.</summary>
    NLayer,

    /// <summary>MP3 by NLayer, the rest by NAudio.SoundFile. Where it is built in.</summary>
    NAudio,
}

/// <summary>What goes to both loudspeakers of a peer, so that two machines can make a stereo pair.</summary>
public enum ChannelChoice
{
    /// <summary>To each its own channel.</summary>
    Stereo,

    /// <summary>The left one.</summary>
    Left,

    /// <summary>The right one.</summary>
    Right,

    /// <summary>The mean of both.</summary>
    Mono,
}

/// <summary>Pseudo-random chunks for a transfer test without audio.</summary>
/// <param name="Chunks">How many, 1 to 131,072.</param>
/// <param name="ChunkSizeBytes">Size of each, 1 KiB to 1 MiB.</param>
public sealed record TestPattern(int Chunks, int ChunkSizeBytes)
{
    /// <summary>Most chunks of a track.</summary>
    public const int MaxChunks = 131_072;
}

/// <summary>What one peer is asked to do, checked and complete.</summary>
public sealed record SessionOptions
{
    /// <summary>Host or viewer.</summary>
    public Role Role { get; init; } = Role.Viewer;

    /// <summary>Files to seed; only a host has any.</summary>
    public IReadOnlyList<string> SeedFiles { get; init; } = [];

    /// <summary>Test data to seed instead of a file.</summary>
    public TestPattern? TestPattern { get; init; }

    /// <summary>Peers to join through.</summary>
    public IReadOnlyList<DnsEndPoint> Connect { get; init; } = [];

    /// <summary>
    /// The rendezvous as <c>ws://host:port</c> or <c>wss://...</c>, without <c>/ws/{room}</c>, which the session adds; null: ask a
    /// peer, or, as a host without one to ask, embed one.
    /// </summary>
    public Uri? Server { get; init; }

    /// <summary>The room's name.</summary>
    public string Room { get; init; } = "jam";

    /// <summary>What this peer calls itself.</summary>
    public required string Name { get; init; }

    /// <summary>Whether somebody chose that name; else one that was kept from an earlier run goes before it.</summary>
    public bool IsNameChosen { get; init; }

    /// <summary>Whether this peer's id and a chosen name are kept in the user's settings, for the next run.</summary>
    public bool KeepsIdentity { get; init; }

    /// <summary>The log; null: none.</summary>
    public string? LogFile { get; init; }

    /// <summary>What is logged at first.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.Information;

    /// <summary>How the log looks.</summary>
    public LogFormat LogFormat { get; init; }

    /// <summary>Port of this peer's metrics on the loopback address, 0 for any free one; null: none.</summary>
    public int? MetricsPort { get; init; }

    /// <summary>The collector that metrics and traces are sent to; null: the one that the standard variable names, or none.</summary>
    public Uri? Otlp { get; init; }

    /// <summary>Swarm port; 0 takes any free one.</summary>
    public int ListenPort { get; init; } = 9003;

    /// <summary>First port to try for an embedded server; 0 takes any free one.</summary>
    public int ServerPort { get; init; } = 8000;

    /// <summary>Folder in which the rooms of a server of this process outlive it; null: they do not.</summary>
    public string? DataFolder { get; init; }

    /// <summary>Cache folder; null: the user's own (XDG).</summary>
    public string? CacheFolder { get; init; }

    /// <summary>Folder for finished tracks; null: none.</summary>
    public string? SaveFolder { get; init; }

    /// <summary>Upload cap in bytes per second; null: none.</summary>
    public long? UpLimitBytesPerSecond { get; init; }

    /// <summary>Download cap in bytes per second; null: none.</summary>
    public long? DownLimitBytesPerSecond { get; init; }

    /// <summary>What the cache's tracks may come to in bytes; null: any amount. Tracks in use stay even beyond it.</summary>
    public long? CacheLimitBytes { get; init; }

    /// <summary>Where sound goes.</summary>
    public OutputKind Output { get; init; } = OutputKind.Auto;

    /// <summary>What decodes.</summary>
    public DecoderKind Decoder { get; init; }

    /// <summary>What an embedded server listens with.</summary>
    public ListenerKind Listener { get; init; }

    /// <summary>The file of <see cref="OutputKind.Wav"/>.</summary>
    public string? WavPath { get; init; }

    /// <summary>Name of the sound device; null: the default one.</summary>
    public string? Device { get; init; }

    /// <summary>
    /// The device sounds this much later than it reports, milliseconds; null: what is saved for the device, or nothing.
    /// </summary>
    public double? LatencyMs { get; init; }

    /// <summary>0 to 1.</summary>
    public double Volume { get; init; } = 1;

    /// <summary>Which of the track's channels sounds.</summary>
    public ChannelChoice Channel { get; init; }

    /// <summary>Whose wish to compare loudspeakers this peer answers by clicking.</summary>
    public ClickConsent CalibrateWith { get; init; }

    /// <summary>Folder of the user's settings; null: the user's own (XDG).</summary>
    public string? ConfigFolder { get; init; }

    /// <summary>Whether tracks that say how loud they are sound as loud as others.</summary>
    public bool ReplayGain { get; init; } = true;

    /// <summary>Whether a host plays as soon as it has something to play.</summary>
    public bool Autoplay { get; init; }

    /// <summary>Whether a host tells its own network which room there is (<c>jam discover</c>).</summary>
    public bool Discovery { get; init; }

    /// <summary>Whether browsers may listen through this peer; null: where it embeds a server.</summary>
    public bool? Gateway { get; init; }

    /// <summary>First port to try for a gateway without an embedded server; 0 takes any free one.</summary>
    public int GatewayPort { get; init; } = 8010;

    /// <summary>How many browsers may listen through this peer at a time.</summary>
    public int GatewayListeners { get; init; } = 8;

    /// <summary>What they may take together in bytes per second; null: half of <see cref="UpLimitBytesPerSecond"/>, or any amount.</summary>
    public long? GatewayLimitBytesPerSecond { get; init; }

    /// <summary>What opens doors, and what locks this peer's own.</summary>
    public DoorOptions Door { get; init; } = new();

    /// <summary>Whether a room that begins with this peer is listed on its server's page.</summary>
    public bool IsListed { get; init; } = true;

    /// <summary>Whether this peer probes the room clock by datagrams, and a rendezvous of its own answers those.</summary>
    public bool HasClockPort { get; init; }

    /// <summary>Whether the first estimate of the room clock is kept for good: the control run of a measurement, which must fail.</summary>
    public bool KeepsFirstClock { get; init; }

    /// <summary>A file for what clock and output measure; null: none.</summary>
    public string? TracePath { get; init; }
}
