using Jam.Server.Contracts;

namespace Jam.Peer.Session;

/// <summary>What a peer knows of itself at one moment: for the live view, for <c>stats</c>, for <c>--json</c>.</summary>
/// <param name="PeerId">This peer's id in the room; null before WELCOME.</param>
/// <param name="Name">What it calls itself.</param>
/// <param name="Role">Its role.</param>
/// <param name="Room">The room's name; null before it is known.</param>
/// <param name="Server">The rendezvous in use; null before one is known.</param>
/// <param name="ServerConnected">Whether the rendezvous answers at the moment.</param>
/// <param name="ListenPort">The swarm port that is bound.</param>
/// <param name="MembersInRoom">Members of the room, this one included.</param>
/// <param name="Track">The room's track as far as this peer has it; null without one.</param>
/// <param name="Playlist">All tracks of the room's list, as far as this peer has each.</param>
/// <param name="Links">Connections to other peers.</param>
/// <param name="Playback">What it plays.</param>
/// <param name="Clock">How well it knows the room clock.</param>
/// <param name="UptimeUs">Since this peer started, microseconds.</param>
public sealed record PeerReport(
    string? PeerId, string Name, Role Role, string? Room, string? Server, bool ServerConnected, int ListenPort, int MembersInRoom,
    TrackReport? Track, IReadOnlyList<TrackReport> Playlist, IReadOnlyList<LinkReport> Links, PlaybackReport Playback, ClockReport Clock,
    long UptimeUs)
{
    /// <summary>
    /// Local monotonic instant at which the rest was true, microseconds. Its origin is arbitrary, but the same for all processes
    /// of one machine, so that a program that started several peers can compare their positions.
    /// </summary>
    public long AtUs { get; init; }

    /// <summary>The members of the room as far as they are known, this one included; at most the first hundred.</summary>
    public IReadOnlyList<Member> Members { get; init; } = [];
}

/// <summary>How far a track has come.</summary>
/// <param name="TrackId">Its id.</param>
/// <param name="Name">File name.</param>
/// <param name="Kind">Audio or data.</param>
/// <param name="LengthBytes">Size.</param>
/// <param name="DurationUs">How long it plays; null where unknown.</param>
/// <param name="Chunks">How many chunks it has.</param>
/// <param name="ChunksHave">How many are here and verified.</param>
/// <param name="ChunksFromCache">How many of those were on disk at the start.</param>
/// <param name="ChunksFromHost">How many came from a host in this run.</param>
/// <param name="ChunksFromPeers">How many came from other viewers in this run.</param>
/// <param name="BytesUp">Chunk payload sent, bytes.</param>
/// <param name="BytesDown">Chunk payload received and verified, bytes.</param>
/// <param name="BadChunks">Chunks that failed their hash.</param>
/// <param name="SavedAs">Where <c>--save</c> put it; null before.</param>
public sealed record TrackReport(
    string TrackId, string Name, TrackKind Kind, long LengthBytes, long? DurationUs, int Chunks, int ChunksHave, int ChunksFromCache,
    int ChunksFromHost, int ChunksFromPeers, long BytesUp, long BytesDown, int BadChunks, string? SavedAs)
{
    /// <summary>By its tags; null where they do not say, or are not here.</summary>
    public string? Title { get; init; }

    /// <summary>By its tags; null where they do not say, or are not here.</summary>
    public string? Artist { get; init; }

    /// <summary>By its tags; null where they do not say, or are not here.</summary>
    public string? Album { get; init; }

    /// <summary>ReplayGain by its tags, decibels; null where they do not say, or are not here.</summary>
    public double? GainDb { get; init; }

    /// <summary>Type and size of its picture, for people; null where it has none, or it is not here.</summary>
    public string? Cover { get; init; }

    /// <summary>Whether every chunk is here.</summary>
    public bool IsComplete => ChunksHave == Chunks;
}

/// <summary>One connection to another peer.</summary>
/// <param name="PeerId">Who is at the other end.</param>
/// <param name="Name">What it calls itself.</param>
/// <param name="Role">Its role in the room, as far as it is known.</param>
/// <param name="Address">Remote address.</param>
/// <param name="Outgoing">Whether this side dialled.</param>
/// <param name="RttUs">Round trip of the last PING; null before the first.</param>
/// <param name="ChunksHave">Chunks of the current track that it says it has.</param>
/// <param name="ChunksFrom">Chunks received from it.</param>
/// <param name="ChunksTo">Chunks sent to it.</param>
/// <param name="DownBytesPerSecond">Recent rate from it.</param>
/// <param name="UpBytesPerSecond">Recent rate to it.</param>
public sealed record LinkReport(
    string PeerId, string Name, Role Role, string Address, bool Outgoing, long? RttUs, int ChunksHave, int ChunksFrom, int ChunksTo,
    double DownBytesPerSecond, double UpBytesPerSecond);

/// <summary>What a peer plays at the moment.</summary>
/// <param name="Status">What the room does.</param>
/// <param name="PositionUs">Position by the timeline, microseconds.</param>
/// <param name="BufferUs">Track time ahead of the playhead that is here, microseconds.</param>
/// <param name="Sounding">Whether sound of the track leaves the output now.</param>
/// <param name="SyncErrorUs">What is heard minus what should be, microseconds; null while silent.</param>
/// <param name="SyncUncertaintyUs">
/// How far off that figure may be, from the clock (two standard deviations) and the output; null while unknown.
/// </param>
/// <param name="OutputLeadUs">How soon a change can be heard, microseconds.</param>
/// <param name="Output">What it plays to, for people.</param>
/// <param name="OutputIsAudible">Whether that is a sound device.</param>
/// <param name="Underruns">How often it ran dry.</param>
/// <param name="Volume">0 to 1.</param>
public sealed record PlaybackReport(
    PlaybackStatus Status, long PositionUs, long BufferUs, bool Sounding, double? SyncErrorUs, double? SyncUncertaintyUs,
    long OutputLeadUs, string Output, bool OutputIsAudible, int Underruns, double Volume)
{
    /// <summary>How much later than it reports the output's device sounds, milliseconds, as set or saved.</summary>
    public double LatencyMs { get; init; }

    /// <summary>How often damaged bytes of the track that is open were replaced by silence.</summary>
    public int Concealed { get; init; }
}

/// <summary>How well the room clock is known.</summary>
/// <param name="IsReady">Good enough to play by.</param>
/// <param name="ErrorUs">One standard deviation; null before the first estimate.</param>
/// <param name="RttUs">Round trip to the rendezvous.</param>
/// <param name="DriftPpm">Room clock against this machine's.</param>
/// <param name="ByDatagrams">Whether it is probed by datagrams at the moment, rather than over the connection.</param>
public sealed record ClockReport(bool IsReady, double? ErrorUs, long RttUs, double DriftPpm, bool ByDatagrams = false);
