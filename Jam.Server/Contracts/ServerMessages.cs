using System.Text.Json.Serialization;

namespace Jam.Server.Contracts;

/// <summary>What the authority says. PROTOCOL.md has the wire form of each.</summary>
public abstract record ServerMessage
{
    private protected ServerMessage()
    {
    }
}

/// <summary>The room's timeline. The first four are for eyes and hands, the rest for computing.</summary>
/// <param name="TrackId">As in <see cref="Timeline"/>.</param>
/// <param name="Status">As in <see cref="Timeline"/>.</param>
/// <param name="OffsetSec">Position in seconds at <paramref name="Timestamp"/>.</param>
/// <param name="Timestamp">Unix time in seconds of the instant at which <paramref name="OffsetSec"/> holds.</param>
/// <param name="Epoch">As in <see cref="Timeline"/>.</param>
/// <param name="Revision">As in <see cref="Timeline"/>.</param>
/// <param name="ClockId">As in <see cref="Timeline"/>.</param>
/// <param name="AtUs">As in <see cref="Timeline"/>.</param>
/// <param name="PositionUs">As in <see cref="Timeline"/>.</param>
/// <param name="Track">What <paramref name="TrackId"/> names.</param>
/// <param name="By">Peer id of whoever caused the change, where someone did.</param>
/// <param name="Note">For eyes: why, where it is not a plain command (<c>resumed</c>, <c>host_left</c>).</param>
public sealed record State(
    string? TrackId, PlaybackStatus Status, [property: JsonConverter(typeof(FloatConverter))] double OffsetSec,
    [property: JsonConverter(typeof(FloatConverter))] double Timestamp, long Epoch, long Revision, Guid ClockId, long AtUs, long PositionUs,
    TrackInfo? Track = null, string? By = null, string? Note = null) : ServerMessage
{
    /// <summary>The record that this message carries.</summary>
    public Timeline ToTimeline() => new(Epoch, Revision, ClockId, Status, TrackId, AtUs, PositionUs);
}

/// <summary>Private: who you are here.</summary>
/// <param name="PeerId">This member's id.</param>
/// <param name="Role">The role that was given.</param>
/// <param name="JoinSeq">Order of joining.</param>
/// <param name="ResumeToken">Secret; proves <paramref name="PeerId"/> after a reconnect.</param>
/// <param name="RoomSecret">Secret, base64; proves membership to other peers.</param>
/// <param name="Policy">What the room allows.</param>
/// <param name="ObservedAddress">The address that the server sees this client come from.</param>
public sealed record Welcome(
    string PeerId, Role Role, long JoinSeq, string ResumeToken, string RoomSecret, RoomPolicy Policy, string? ObservedAddress = null)
    : ServerMessage;

/// <summary>Everything a newcomer needs, in pages; the queue comes with the first.</summary>
public sealed record Snapshot(int Page, int Pages, IReadOnlyList<Member> Members, IReadOnlyList<TrackInfo> Queue) : ServerMessage;

/// <summary>The room's list of tracks, after a change.</summary>
public sealed record QueueState(IReadOnlyList<TrackInfo> Tracks) : ServerMessage;

/// <summary>Coalesced: how many are here, and what they report.</summary>
public sealed record RoomStats(int Members, int Hosts, int Viewers, long WorstRttUs, long WorstOutputLeadUs,
    IReadOnlyList<string> WaitingFor) : ServerMessage;

/// <summary>The members, on request, in pages.</summary>
public sealed record Peers(IReadOnlyList<Member> Members, int Page = 0, int Pages = 1) : ServerMessage;

/// <summary>Someone joined, or came back, or changed its role.</summary>
public sealed record PeerJoined(Member Member) : ServerMessage;

/// <summary>Someone left.</summary>
public sealed record PeerLeft(string PeerId, string Name, string Reason) : ServerMessage;

/// <summary>Answer to a clock probe: received at T2, sent at T3, on the room clock.</summary>
public sealed record SyncResponse(
    long T1Us, long T2Us, long T3Us, Guid ClockId, PlaybackStatus Status, string? TrackId, long PositionUs,
    [property: JsonConverter(typeof(FloatConverter))] double OffsetSec) : ServerMessage;

/// <summary>Answer to PING.</summary>
public sealed record Pong(long Nonce) : ServerMessage;

/// <summary>Something was wrong; <paramref name="Close"/> says that the connection ends now.</summary>
public sealed record Error(string Code, string Message, bool Close = false) : ServerMessage;
