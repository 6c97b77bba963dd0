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

/// <summary>Who may do something in a room.</summary>
public enum Control
{
    /// <summary>The host alone.</summary>
    [JsonStringEnumMemberName("host")] Host,

    /// <summary>Any member.</summary>
    [JsonStringEnumMemberName("everyone")] Everyone,
}

/// <summary>What happens to a host's place once it is clear that the host does not come back.</summary>
public enum HostLoss
{
    /// <summary>The first to have joined among those who hold the track gets it, else the first among all.</summary>
    [JsonStringEnumMemberName("promote")] Promote,

    /// <summary>Whoever asks first gets it.</summary>
    [JsonStringEnumMemberName("free")] Free,

    /// <summary>The music pauses, and whoever asks first gets it.</summary>
    [JsonStringEnumMemberName("pause")] Pause,

    /// <summary>Nobody gets it but the one who has the host's token; the music plays on.</summary>
    [JsonStringEnumMemberName("keep")] Keep,
}

/// <summary>What peers of a room speak to each other.</summary>
public enum LinkSecurity
{
    /// <summary>What they say can be read on its way. Who says it is proved.</summary>
    [JsonStringEnumMemberName("plain")] Plain,

    /// <summary>TLS 1.3, each end by the key that the rendezvous names for it.</summary>
    [JsonStringEnumMemberName("tls")] Tls,
}

/// <summary>What follows a track of the list.</summary>
public enum Repeat
{
    /// <summary>The next; after the last, silence.</summary>
    [JsonStringEnumMemberName("off")] Off,

    /// <summary>The same again.</summary>
    [JsonStringEnumMemberName("one")] One,

    /// <summary>The next; after the last, the first.</summary>
    [JsonStringEnumMemberName("all")] All,
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
/// <param name="Sidecars">What peers can fetch beside it; null where nothing.</param>
public sealed record TrackInfo(
    string TrackId, string Name, long LengthBytes, int ChunkSizeBytes, TrackKind Kind = TrackKind.Audio, long? DurationUs = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Sidecars? Sidecars = null);

/// <summary>What travels beside a track, each by the SHA-256 of its bytes in 64 lower-case hexadecimal digits.</summary>
/// <param name="Index">Where its frames stand in its bytes, at most 64 KiB; null where there is none.</param>
/// <param name="Tags">Title, artist and the like as JSON, at most 16 KiB; null where there are none.</param>
/// <param name="Cover">A picture, at most 512 KiB; null where there is none.</param>
public sealed record Sidecars(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Index = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Tags = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Cover = null);

/// <summary>A member as others see it.</summary>
/// <param name="PeerId">Given by the server, or kept from an earlier connection of the same process.</param>
/// <param name="Name">What it calls itself.</param>
/// <param name="Role">Host or viewer.</param>
/// <param name="JoinSeq">Order of joining; lower is earlier.</param>
/// <param name="Addresses">Where its swarm port can be reached, as <c>ip:port</c> or <c>[ip]:port</c>.</param>
/// <param name="Stats">What it last reported of itself; null before the first report.</param>
/// <param name="GatewayPort">Where browsers can fetch the room's tracks from it over HTTP; null: nowhere.</param>
/// <param name="IsMuted">Whether the host keeps it from commanding, queueing, playing in the loop and sending BLOBs.</param>
/// <param name="TokenHash">Of its resume token (<see cref="Tokens.HashOf"/>), so that a successor of the authority knows it again.</param>
/// <param name="LinkKey">SHA-256 of the certificate of its encrypted links, 64 hexadecimal digits; null: it has none.</param>
public sealed record Member(
    string PeerId, string Name, Role Role, long JoinSeq, IReadOnlyList<string> Addresses, MemberStats? Stats = null,
    bool IsMuted = false, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? GatewayPort = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? TokenHash = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? LinkKey = null);

/// <summary>What a member reports of itself.</summary>
/// <param name="RttUs">Round trip to the rendezvous, microseconds.</param>
/// <param name="OutputLeadUs">How soon a change can be heard, microseconds.</param>
/// <param name="BufferUs">Decodable track time ahead of the playhead, microseconds.</param>
/// <param name="SyncErrorUs">Distance of what is heard from the timeline, microseconds; null while silent.</param>
/// <param name="SyncUncertaintyUs">How far off <paramref name="SyncErrorUs"/> may be, microseconds.</param>
/// <param name="JitterUs">How much the round trip varies, microseconds.</param>
/// <param name="Loss">Share of probes that no answer came to in time, 0 to 1.</param>
/// <param name="ClockErrorUs">How far off its estimate of the room clock may be, microseconds; null before the first.</param>
/// <param name="Totals">What it has counted; the server keeps that for its metrics and tells nobody. Null: it says nothing of it.</param>
public sealed record MemberStats(
    long RttUs = 0, long OutputLeadUs = 0, long BufferUs = 0, double? SyncErrorUs = null, double? SyncUncertaintyUs = null,
    long JitterUs = 0, double Loss = 0, double? ClockErrorUs = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] MemberTotals? Totals = null);

/// <summary>What a member has counted since it started.</summary>
/// <param name="ReceivedBytes">Chunk bytes that arrived.</param>
/// <param name="UsefulBytes">Of those, bytes that were new and verified.</param>
/// <param name="SentBytes">Chunk bytes that it sent.</param>
/// <param name="Stalls">How often its sound ran dry.</param>
/// <param name="Copies">How often it has sent the room's track, as a whole; null without one.</param>
public sealed record MemberTotals(
    long ReceivedBytes = 0, long UsefulBytes = 0, long SentBytes = 0, int Stalls = 0,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? Copies = null);

/// <summary>What a member last reported.</summary>
public sealed record MemberQuality(string PeerId, MemberStats Stats);

/// <summary>What a resuming member remembers of the room's last authority, so that a successor can go on from there.</summary>
/// <param name="Timeline">The last accepted record, on the old clock.</param>
/// <param name="Track">The track it names.</param>
/// <param name="RoomTimeUs">
/// The member's estimate of the old room clock at the moment of sending, microseconds; null where it has none that is worth anything.
/// </param>
/// <param name="ErrorUs">How far off that estimate may be, microseconds.</param>
/// <param name="SuccessorUs">
/// The successor's clock at that same moment, from probes before HELLO, microseconds; null: the moment at which HELLO arrives, which
/// is later by its way and by whatever a server that has just started is busy with.
/// </param>
/// <param name="Tempo">The last accepted beat, on the old clock.</param>
/// <param name="Policy">What the room allowed.</param>
/// <param name="Queue">The room's list.</param>
/// <param name="Repeat">What followed a track of it.</param>
/// <param name="Loop">The loop's shape; lanes are brought by their owners.</param>
/// <param name="PolicyRevision">Of <paramref name="Policy"/>, under the old authority; null: unknown.</param>
/// <param name="QueueRevision">Of <paramref name="Queue"/>; null: unknown, or the list is not whole.</param>
/// <param name="Door">What the room's door was kept with; null: unknown.</param>
public sealed record Resume(
    Timeline Timeline, TrackInfo? Track, long? RoomTimeUs, double ErrorUs, long? SuccessorUs = null, Tempo? Tempo = null,
    RoomPolicy? Policy = null, IReadOnlyList<TrackInfo>? Queue = null, Repeat Repeat = Repeat.Off, LoopShape? Loop = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? PolicyRevision = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? QueueRevision = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DoorSeal? Door = null);

/// <summary>What the room allows.</summary>
/// <param name="Control">Who may command playback, tempo and the loop's shape.</param>
/// <param name="Queue">Who may add tracks to the list; whoever controls may in any case.</param>
/// <param name="OnHostLoss">What happens when the host is gone for good.</param>
/// <param name="IsListed">Whether the server's page lists the room; by its name it can be entered in any case.</param>
/// <param name="Links">What its peers speak to each other.</param>
public sealed record RoomPolicy(
    Control Control = Control.Host, Control Queue = Control.Host, HostLoss OnHostLoss = HostLoss.Promote, bool IsListed = true,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] LinkSecurity Links = LinkSecurity.Plain);
