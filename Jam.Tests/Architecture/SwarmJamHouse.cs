namespace Jam.Tests.Architecture;

/// <summary>
/// The arrows of SwarmJam. Tests know the peer, the peer knows the server, never back; inside each, the command line knows the
/// session, the session puts the shell together, the shell knows the pure core, and all know the records.
/// </summary>
internal static class SwarmJamHouse
{
    public const string Contracts = "Jam.Server.Contracts";
    public const string Rooms = "Jam.Server.Rooms";
    public const string Web = "Jam.Server.Web";
    public const string Observing = "Jam.Server.Observing";
    public const string Doors = "Jam.Server.Doors";
    public const string Fleet = "Jam.Server.Fleet";
    public const string FleetPostgres = "Jam.Server.Fleet.Postgres";
    public const string Hosting = "Jam.Server.Hosting";
    public const string ServerProgram = "Jam.Server";

    public const string Wire = "Jam.Peer.Wire";
    public const string Swarm = "Jam.Peer.Swarm";
    public const string Takeover = "Jam.Peer.Takeover";
    public const string Clock = "Jam.Peer.Clock";
    public const string Playback = "Jam.Peer.Playback";
    public const string Storage = "Jam.Peer.Storage";
    public const string Network = "Jam.Peer.Network";
    public const string Gateway = "Jam.Peer.Gateway";
    public const string Audio = "Jam.Peer.Audio";
    public const string Session = "Jam.Peer.Session";
    public const string Cli = "Jam.Peer.Cli";
    public const string PeerProgram = "Jam.Peer";

    /// <summary>
    /// The session stands above the shell, so the shell knows only what crosses between them as data: the options that a peer was
    /// started with, the records of a report, and the exception that carries a line for the user. None of these does anything.
    /// </summary>
    private static readonly string[] SessionData =
    [
        .. new[]
        {
            "SessionOptions", "OutputKind", "DecoderKind", "ChannelChoice", "SoundDevice", "SoundDeviceList", "MicrophoneRequest", "MicrophoneResult", "TestPattern", "PeerReport", "TrackReport", "LinkReport", "PlaybackReport", "ClockReport",
            "JamException",
        }.Select(name => $"{Session}.{name}"),
    ];

    /// <summary>Both ends of the control protocol read its WebSocket messages, and cap them, with the same reader.</summary>
    private static readonly string[] WebSocketReader = [$"{Hosting}.FrameReader", $"{Hosting}.FrameKind"];

    /// <summary>Both ends of a clock's probe as a datagram ask when one came.</summary>
    private static readonly string[] Arrivals = [$"{Hosting}.ArrivalClock"];

    /// <summary>Both listen to strangers, and keep them from filling the log by the same rule.</summary>
    private static readonly string[] Accounts = [$"{Doors}.AddressBook", $"{Doors}.AddressAccount", $"{Doors}.AddressLimits"];

    /// <summary>
    /// Messages are records with JSON names, which brings the JSON source generator and its reflection; and one extension turns a
    /// TimeProvider that it is given into microseconds.
    /// </summary>
    private static readonly Purity OfRecords = new(
        "System.Text.Json", "System.Text.Json.Serialization", "System.Text.Json.Serialization.Metadata", "System.Reflection",
        "System.Text.Encodings.Web", "System.TimeProvider", "System.CodeDom.Compiler");

    /// <summary>
    /// The decoder's own thread reads a track through ITrackReader, whose wait can be cancelled; and the render path takes what
    /// other threads publish without a lock.
    /// </summary>
    private static readonly Purity OfPlayback = new(
        "System.Threading.CancellationToken", "System.Threading.Volatile", "System.Threading.Interlocked");

    public static House Server { get; } = new(
    [
        new Place(Contracts, [], OfRecords),
        new Place(Rooms, [Contracts], new Purity()),
        new Place(Web, [Contracts]),
        new Place(Doors, [Contracts]),
        new Place(Observing, [Contracts]),
        new Place(Fleet, [Contracts], new Purity()),
        new Place(FleetPostgres, [Fleet, Contracts]),
        new Place(Hosting, [Rooms, Web, Observing, Fleet, FleetPostgres, Contracts, Doors]),
        new Place(ServerProgram, [Hosting, Web, Observing, Fleet, Contracts, Doors]),
    ]);

    public static House Peer { get; } = new(
    [
        .. Server.Places,
        new Place(Wire, [Contracts], new Purity()),
        new Place(Swarm, [Wire, Contracts], new Purity()),
        new Place(Takeover, [Contracts], new Purity()),
        new Place(Clock, [Contracts], new Purity()),
        new Place(Playback, [Clock, Contracts], OfPlayback),
        Shell(Storage),
        Shell(Network, Storage) with { MayKnowTypes = [.. SessionData, .. WebSocketReader, .. Arrivals, .. Accounts] },
        Shell(Audio),
        Shell(Gateway, Storage),
        new Place(Session, [Storage, Network, Audio, Gateway, Wire, Swarm, Takeover, Clock, Playback, Contracts, Hosting, Observing, Doors]),
        new Place(Cli, [Session, Contracts])
        {
            MayKnowTypes = [$"{Hosting}.ListenerKind", $"{Hosting}.LogFormat", $"{Hosting}.JsonLogLine", $"{Observing}.ProgramVersion", $"{Observing}.Telemetry"],
        },
        new Place(PeerProgram, [Cli, Session, Audio, ServerProgram]),
    ]);

    /// <summary>
    /// The session joins the parts of the shell; they do not know each other, but for the network, which serves chunks from where
    /// they are stored and writes them there.
    /// </summary>
    private static Place Shell(string ns, params string[] also) =>
        new(ns, [Wire, Swarm, Clock, Playback, Contracts, .. also]) { MayKnowTypes = SessionData };
}
