using System.Text.Json.Serialization;

namespace Jam.Server.Contracts;

/// <summary>What a client may say. PROTOCOL.md has the wire form of each.</summary>
public abstract record ClientMessage
{
    private protected ClientMessage()
    {
    }
}

/// <summary>
/// A message that acts on the timeline. It may name the STATE that its sender had before its eyes, so that the authority can tell a
/// command that came too late from one that was meant so.
/// </summary>
public abstract record RoomCommand : ClientMessage
{
    private protected RoomCommand()
    {
    }

    /// <summary>Epoch of that STATE; null: this authority's.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Epoch { get; init; }

    /// <summary>Revision of that STATE; null: the command is meant whatever happened before it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Revision { get; init; }
}

/// <summary>The first message of every connection.</summary>
/// <param name="Role">Wanted role; a host role that is taken is answered with ERROR <c>host_taken</c>.</param>
/// <param name="Name">Shown to others.</param>
/// <param name="PeerId">The id to keep after a reconnect; needs <paramref name="ResumeToken"/>.</param>
/// <param name="Listen">Addresses of the swarm port, <c>ip:port</c>.</param>
/// <param name="ListenPort">Swarm port, for the address that the server sees this client come from.</param>
/// <param name="ResumeToken">From WELCOME; proves that <paramref name="PeerId"/> is one's own.</param>
/// <param name="Resume">What the member holds from the last authority.</param>
/// <param name="IsListed">Whether a room that begins with this message is listed; null: it is. In a room that is there it means nothing.</param>
/// <param name="GatewayPort">Where browsers can fetch the room's tracks from this member over HTTP; null: nowhere.</param>
public sealed record Hello(
    Role Role = Role.Viewer, string? Name = null, string? PeerId = null, IReadOnlyList<string>? Listen = null,
    int? ListenPort = null, string? ResumeToken = null, Resume? Resume = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] bool? IsListed = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? GatewayPort = null) : ClientMessage
{
    /// <summary>The room's password. Of the host that opens a room: what it is to be. Secret.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Password { get; init; }

    /// <summary>An invite's token, which admits without the password. Secret.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Invite { get; init; }

    /// <summary>What takes the host's place back, of whoever opened the room. Secret.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? HostToken { get; init; }

    /// <summary>Whether a room that begins with this host admits only who was invited, where it has no password.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? IsLocked { get; init; }

    /// <summary>Whether the peers of a room that begins with this host speak TLS to each other.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? IsEncrypted { get; init; }

    /// <summary>
    /// A secret of the sender's own, the same in each HELLO that it says at this address: whoever was taken in, and never heard of it, is known by
    /// it when it dials again. Null: none.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? RetryToken { get; init; }

    /// <summary>SHA-256 of the certificate of this member's links, 64 hexadecimal digits; null: it has none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? LinkKey { get; init; }
}

/// <summary>Takes a free host role, or gives it up, or hands it over.</summary>
/// <param name="Role">The role wanted.</param>
/// <param name="PeerId">For whom; null: for the sender. Only the host may name another, and only to make it the host.</param>
public sealed record SetRole(Role Role, string? PeerId = null) : ClientMessage
{
    /// <summary>What takes the host's place back, of whoever opened the room. Secret.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? HostToken { get; init; }
}

/// <summary>Changes what the room allows; what is null stays. The host's alone.</summary>
public sealed record SetPolicy(
    Control? Control = null, Control? Queue = null, HostLoss? OnHostLoss = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] bool? IsListed = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] LinkSecurity? Links = null) : ClientMessage;

/// <summary>Sends a member away for as long as the room lasts. The host's alone.</summary>
public sealed record Kick(string PeerId) : ClientMessage;

/// <summary>Keeps a member from commanding, queueing, playing in the loop and sending BLOBs, or lets it again. The host's alone.</summary>
public sealed record Mute(string PeerId, bool IsMuted = true) : ClientMessage;

/// <summary>Plays, from a position where one is given.</summary>
public sealed record Play(long? PositionUs = null, double? OffsetSec = null) : RoomCommand;

/// <summary>Pauses where the room is.</summary>
public sealed record Pause : RoomCommand;

/// <summary>Stops and returns to the start.</summary>
public sealed record Stop : RoomCommand;

/// <summary>Moves the position; what played goes on playing.</summary>
public sealed record Seek(long? PositionUs = null, double? OffsetSec = null) : RoomCommand;

/// <summary>Makes a track the room's, paused at its start; a null id leaves the room without one.</summary>
public sealed record SetTrack(
    string? TrackId = null, string? Name = null, long LengthBytes = 0, int ChunkSizeBytes = 0, TrackKind Kind = TrackKind.Audio,
    long? DurationUs = null, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Sidecars? Sidecars = null) : RoomCommand;

/// <summary>Changes the room's list of tracks, or goes along it.</summary>
/// <param name="Action">One of <see cref="QueueActions"/>.</param>
/// <param name="Track">For <c>add</c>, <c>remove</c> and <c>move</c>; the last two need its id alone.</param>
/// <param name="Place">For <c>move</c>, and for <c>add</c> where it is not the end: the place it gets, from 0.</param>
/// <param name="Repeat">For <c>repeat</c>.</param>
/// <param name="IsOn">For <c>shuffle</c>.</param>
public sealed record Queue(string Action, TrackInfo? Track = null, int? Place = null, Repeat? Repeat = null, bool? IsOn = null) : RoomCommand;

/// <summary>The words of QUEUE.</summary>
public static class QueueActions
{
    /// <summary>Appends a track, or replaces what the list says of it.</summary>
    public const string Add = "add";

    /// <summary>Takes a track off the list.</summary>
    public const string Remove = "remove";

    /// <summary>Gives a track another place.</summary>
    public const string Move = "move";

    /// <summary>Goes to what follows.</summary>
    public const string Next = "next";

    /// <summary>Goes to what came before; from the first, to its start.</summary>
    public const string Previous = "previous";

    /// <summary>Says what follows a track.</summary>
    public const string Repeat = "repeat";

    /// <summary>Plays the list in another order, or in its own again.</summary>
    public const string Shuffle = "shuffle";
}

/// <summary>Asks for SCROLL_TICK, or for no more of it.</summary>
/// <param name="EveryMs">100, 50, or 0 for none.</param>
public sealed record ScrollRequest(int EveryMs = 100) : ClientMessage;

/// <summary>Sets the tempo. Without an origin the phase of the beat is kept.</summary>
/// <param name="Bpm">Beats a minute, 20 to 400.</param>
/// <param name="BeatsPerBar">1 to 32; null: as it is.</param>
/// <param name="OriginUs">Room time of a downbeat, microseconds.</param>
/// <param name="TrackOriginUs">Track position of a downbeat, microseconds: the beat follows the track from then on.</param>
public sealed record SetTempo(double Bpm, int? BeatsPerBar = null, long? OriginUs = null, long? TrackOriginUs = null) : ClientMessage;

/// <summary>One tap on the beat; four in a row set the tempo.</summary>
/// <param name="AtUs">Room time of the tap, microseconds; null: when it arrives.</param>
public sealed record Tap(long? AtUs = null) : ClientMessage;

/// <summary>Lets every peer click, or not; what is null stays.</summary>
/// <param name="IsOn">Whether peers click.</param>
/// <param name="CountInBars">Bars of clicks before PLAY, 0 to 4.</param>
public sealed record Metronome(bool? IsOn = null, int? CountInBars = null) : ClientMessage;

/// <summary>Shapes the shared loop; what is null stays.</summary>
/// <param name="IsOn">Whether it sounds.</param>
/// <param name="Steps">Steps of a lane, 1 to 64.</param>
/// <param name="Beats">Beats of a cycle, 1 to 64.</param>
public sealed record SetLoop(bool? IsOn = null, int? Steps = null, int? Beats = null) : ClientMessage;

/// <summary>The sender's own lane, whole.</summary>
/// <param name="Steps">One entry for each step; null: silence.</param>
/// <param name="PeerId">Whose lane; anything but the sender's own is refused. Null: the sender's.</param>
public sealed record LoopUpdate(IReadOnlyList<LoopStep?> Steps, string? PeerId = null) : ClientMessage;

/// <summary>A small JSON value for one member, or for all others.</summary>
/// <param name="Data">JSON text of at most <see cref="Limits.MaxBlobBytes"/> bytes.</param>
/// <param name="To">Peer id; null: all others.</param>
public sealed record Blob([property: JsonConverter(typeof(RawJsonConverter))] string Data, string? To = null) : ClientMessage;

/// <summary>Asks for the whole room again: STATE, SNAPSHOT.</summary>
public sealed record SnapshotRequest : ClientMessage;

/// <summary>One clock probe. <paramref name="T1Us"/> comes back as it is.</summary>
/// <param name="T1Us">Sent, local clock, microseconds.</param>
/// <param name="IsBrief">Whether the clock alone is asked for: the answer is then a third as long.</param>
public sealed record SyncRequest(long T1Us = 0, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool IsBrief = false) : ClientMessage;

/// <summary>Asks for CLOCK_PORT: where the clock can be probed by datagrams.</summary>
public sealed record ClockPortRequest : ClientMessage;

/// <summary>Whether this member could play the track's current position at once.</summary>
public sealed record Ready(string TrackId, bool IsReady) : ClientMessage;

/// <summary>What this member measures of itself.</summary>
public sealed record Stats(MemberStats Report) : ClientMessage;

/// <summary>Asks for PEERS.</summary>
public sealed record PeersRequest : ClientMessage;

/// <summary>Asks for PONG.</summary>
public sealed record Ping(long Nonce = 0) : ClientMessage;

/// <summary>Leaves in good order: no grace period.</summary>
public sealed record Bye : ClientMessage;
