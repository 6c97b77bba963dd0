using System.Text.Json.Serialization;

namespace Jam.Server.Contracts;

/// <summary>What a client may say. PROTOCOL.md has the wire form of each.</summary>
public abstract record ClientMessage
{
    private protected ClientMessage()
    {
    }
}

/// <summary>The first message of every connection.</summary>
/// <param name="Role">Wanted role; a host role that is taken is answered with ERROR <c>host_taken</c>.</param>
/// <param name="Name">Shown to others.</param>
/// <param name="PeerId">The id to keep after a reconnect; needs <paramref name="ResumeToken"/>.</param>
/// <param name="Listen">Addresses of the swarm port, <c>ip:port</c>.</param>
/// <param name="ListenPort">Swarm port, for the address that the server sees this client come from.</param>
/// <param name="ResumeToken">From WELCOME; proves that <paramref name="PeerId"/> is one's own.</param>
/// <param name="Resume">What the member holds from the last authority.</param>
public sealed record Hello(
    Role Role = Role.Viewer, string? Name = null, string? PeerId = null, IReadOnlyList<string>? Listen = null,
    int? ListenPort = null, string? ResumeToken = null, Resume? Resume = null) : ClientMessage;

/// <summary>Takes a free host role, or gives it up.</summary>
public sealed record SetRole(Role Role) : ClientMessage;

/// <summary>Plays, from a position where one is given.</summary>
public sealed record Play(long? PositionUs = null, double? OffsetSec = null) : ClientMessage;

/// <summary>Pauses where the room is.</summary>
public sealed record Pause : ClientMessage;

/// <summary>Stops and returns to the start.</summary>
public sealed record Stop : ClientMessage;

/// <summary>Moves the position; what played goes on playing.</summary>
public sealed record Seek(long? PositionUs = null, double? OffsetSec = null) : ClientMessage;

/// <summary>Makes a track the room's, paused at its start; a null id leaves the room without one.</summary>
public sealed record SetTrack(
    string? TrackId = null, string? Name = null, long LengthBytes = 0, int ChunkSizeBytes = 0, TrackKind Kind = TrackKind.Audio,
    long? DurationUs = null, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Sidecars? Sidecars = null) : ClientMessage;

/// <summary>Changes the room's list of tracks: <c>add</c> or <c>remove</c>.</summary>
public sealed record Queue(string Action, TrackInfo Track) : ClientMessage;

/// <summary>One clock probe. <paramref name="T1Us"/> comes back as it is.</summary>
public sealed record SyncRequest(long T1Us = 0) : ClientMessage;

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
