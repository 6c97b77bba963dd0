using System.Text.Json.Serialization;

namespace Jam.Server.Contracts;

/// <summary>What a member may do.</summary>
public enum Role
{
    /// <summary>Listens and relays.</summary>
    [JsonStringEnumMemberName("viewer")] Viewer,

    /// <summary>Seeds and controls.</summary>
    [JsonStringEnumMemberName("host")] Host,
}

/// <summary>What a track holds.</summary>
public enum TrackKind
{
    /// <summary>Something that a decoder can play.</summary>
    [JsonStringEnumMemberName("audio")] Audio,

    /// <summary>Bytes only: a transfer test.</summary>
    [JsonStringEnumMemberName("data")] Data,
}

/// <summary>A track as the room knows it.</summary>
/// <param name="TrackId">SHA-256 of the manifest, 64 lower-case hexadecimal digits.</param>
/// <param name="Name">The file's name, without a folder.</param>
/// <param name="LengthBytes">Size of the file in bytes.</param>
/// <param name="ChunkSizeBytes">Size of every chunk but the last.</param>
/// <param name="Kind">Audio, or bytes for a transfer test.</param>
/// <param name="DurationUs">How long it plays, in microseconds; null where unknown.</param>
public sealed record TrackInfo(
    string TrackId, string Name, long LengthBytes, int ChunkSizeBytes, TrackKind Kind = TrackKind.Audio, long? DurationUs = null);

/// <summary>A member as others see it.</summary>
/// <param name="PeerId">Given by the server, or kept from an earlier connection of the same process.</param>
/// <param name="Name">What it calls itself.</param>
/// <param name="Role">Host or viewer.</param>
/// <param name="JoinSeq">Order of joining; lower is earlier.</param>
/// <param name="Addresses">Where its swarm port can be reached, as <c>ip:port</c> or <c>[ip]:port</c>.</param>
/// <param name="Stats">What it last reported of itself; null before the first report.</param>
public sealed record Member(
    string PeerId, string Name, Role Role, long JoinSeq, IReadOnlyList<string> Addresses, MemberStats? Stats = null);

/// <summary>What a member reports of itself.</summary>
/// <param name="RttUs">Round trip to the rendezvous, microseconds.</param>
/// <param name="OutputLeadUs">How soon a change can be heard, microseconds.</param>
/// <param name="BufferUs">Decodable track time ahead of the playhead, microseconds.</param>
/// <param name="SyncErrorUs">Distance of what is heard from the timeline, microseconds; null while silent.</param>
/// <param name="SyncUncertaintyUs">How far off <paramref name="SyncErrorUs"/> may be, microseconds.</param>
public sealed record MemberStats(
    long RttUs = 0, long OutputLeadUs = 0, long BufferUs = 0, double? SyncErrorUs = null, double? SyncUncertaintyUs = null);

/// <summary>What a resuming member remembers of the room's last authority, so that a successor can go on from there.</summary>
/// <param name="Timeline">The last accepted record, on the old clock.</param>
/// <param name="Track">The track it names.</param>
/// <param name="RoomTimeUs">The member's estimate of the old room clock at the moment of sending, microseconds.</param>
/// <param name="ErrorUs">How far off that estimate may be, microseconds.</param>
/// <param name="SuccessorUs">
/// The successor's clock at that same moment, from probes before HELLO, microseconds; null: the moment at which HELLO arrives, which
/// is later by its way and by whatever a server that has just started is busy with.
/// </param>
public sealed record Resume(Timeline Timeline, TrackInfo? Track, long RoomTimeUs, double ErrorUs, long? SuccessorUs = null);

/// <summary>What the room allows.</summary>
/// <param name="Control">Who may control: <c>host</c>.</param>
public sealed record RoomPolicy(string Control = "host");
