using System.Net;

namespace Jam.Peer.Session.Check;

/// <summary>What a check is asked to do.</summary>
/// <param name="Peer">Whom to check.</param>
/// <param name="Chunks">Chunks of test data, each way.</param>
/// <param name="ChunkSizeBytes">Size of each, 1 to 1 MiB.</param>
/// <param name="ListenPort">Where the other side dials back to; 0 takes any free port.</param>
/// <param name="Name">What the room sees while it lasts.</param>
public sealed record CheckRequest(DnsEndPoint Peer, int Chunks, int ChunkSizeBytes, int ListenPort, string Name)
{
    /// <summary>What opens the room's door.</summary>
    public DoorOptions Door { get; init; } = new();
}

/// <summary>What a check found out, in one word.</summary>
public enum CheckOutcome
{
    /// <summary>Both ways work, at least over a connection that this machine opens.</summary>
    Ok,

    /// <summary>The name is unknown.</summary>
    NoSuchHost,

    /// <summary>The machine answers, but nothing listens on that port.</summary>
    Refused,

    /// <summary>No answer at all.</summary>
    NoAnswer,

    /// <summary>There is no way to that address.</summary>
    Unreachable,

    /// <summary>Something else listens there.</summary>
    NotAPeer,

    /// <summary>A web server listens there, such as a rendezvous.</summary>
    WebServer,

    /// <summary>A peer that is in no room yet, or says no.</summary>
    SaysNo,

    /// <summary>The peer's port works, its rendezvous cannot be reached.</summary>
    RendezvousBlocked,

    /// <summary>The connection broke, or data were lost or damaged, while it was measured.</summary>
    Broken,
}

/// <summary>How several attempts to connect went.</summary>
/// <param name="Tries">How many.</param>
/// <param name="Failed">How many of them failed.</param>
/// <param name="MedianUs">Time to connect, microseconds; null where none succeeded.</param>
public sealed record ConnectFigures(int Tries, int Failed, long? MedianUs);

/// <summary>Round trips over a connection that stands.</summary>
/// <param name="Sent">Probes sent.</param>
/// <param name="Lost">Probes that were not answered within 2 s.</param>
/// <param name="MinUs">Shortest, microseconds.</param>
/// <param name="MedianUs">Median, microseconds.</param>
/// <param name="P95Us">95 of 100 were shorter, microseconds.</param>
/// <param name="JitterUs">Mean difference between one and the next, microseconds.</param>
public sealed record RttFigures(int Sent, int Lost, long MinUs, long MedianUs, long P95Us, long JitterUs);

/// <summary>Test data one way.</summary>
/// <param name="Chunks">Chunks asked for or sent.</param>
/// <param name="ChunkSizeBytes">Size of each.</param>
/// <param name="Good">Chunks that arrived byte for byte.</param>
/// <param name="Bad">Chunks that arrived otherwise.</param>
/// <param name="Declined">Chunks that the other side did not give or take: it has its limits.</param>
/// <param name="BytesPerSecond">Of the good ones; 0 where there are none.</param>
public sealed record TransferFigures(int Chunks, int ChunkSizeBytes, int Good, int Bad, int Declined, double BytesPerSecond);

/// <summary>Whether the other side can dial this machine.</summary>
public enum ReverseReach
{
    /// <summary>Not tried, or the other side would not.</summary>
    Unknown,

    /// <summary>It can.</summary>
    Reached,

    /// <summary>This machine's port refused it.</summary>
    Refused,

    /// <summary>It got no answer.</summary>
    NoAnswer,

    /// <summary>It knows no way here.</summary>
    Unreachable,

    /// <summary>Something else answered it.</summary>
    NotAPeer,
}

/// <summary>How the other machine's address lies to this machine's own.</summary>
public enum Proximity
{
    /// <summary>Nothing is known.</summary>
    Unknown,

    /// <summary>This machine itself.</summary>
    SameMachine,

    /// <summary>The same subnet.</summary>
    SameNetwork,

    /// <summary>A private address of a network that this machine is not in.</summary>
    OtherPrivateNetwork,

    /// <summary>A public address.</summary>
    Internet,
}

/// <summary>What a check measured. What was not reached is null.</summary>
public sealed record CheckReport
{
    /// <summary>Whom, as typed.</summary>
    public required string Peer { get; init; }

    /// <summary>Whether <see cref="Outcome"/> is <see cref="CheckOutcome.Ok"/>.</summary>
    public bool Ok => Outcome == CheckOutcome.Ok;

    /// <summary>In one word.</summary>
    public CheckOutcome Outcome { get; init; }

    /// <summary>What exactly went wrong; null where nothing did.</summary>
    public string? Detail { get; init; }

    /// <summary>How near the address is.</summary>
    public Proximity Proximity { get; init; }

    /// <summary>Attempts to connect.</summary>
    public ConnectFigures? Connects { get; init; }

    /// <summary>The room that the peer is in.</summary>
    public string? Room { get; init; }

    /// <summary>Where that room's rendezvous is.</summary>
    public string? Rendezvous { get; init; }

    /// <summary>Round trips.</summary>
    public RttFigures? Rtt { get; init; }

    /// <summary>From the peer to here.</summary>
    public TransferFigures? Down { get; init; }

    /// <summary>From here to the peer.</summary>
    public TransferFigures? Up { get; init; }

    /// <summary>Whether the peer can dial this machine.</summary>
    public ReverseReach Reverse { get; init; }

    /// <summary>Packets that TCP had to send again from here during the round trips, when nothing else was sent; null where the system does not tell.</summary>
    public long? Retransmits { get; init; }
}
