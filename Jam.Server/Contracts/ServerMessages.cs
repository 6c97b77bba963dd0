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
/// <param name="Note">For eyes: why, where it is not a plain command (<c>resumed</c>, <c>host_left</c>, <c>next</c>, <c>ended</c>).</param>
/// <param name="CountInUs">How long before <paramref name="AtUs"/> peers count in, microseconds; null: not at all.</param>
public sealed record State(
    string? TrackId, PlaybackStatus Status, [property: JsonConverter(typeof(FloatConverter))] double OffsetSec,
    [property: JsonConverter(typeof(FloatConverter))] double Timestamp, long Epoch, long Revision, Guid ClockId, long AtUs, long PositionUs,
    TrackInfo? Track = null, string? By = null, string? Note = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? CountInUs = null) : ServerMessage
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
    : ServerMessage
{
    /// <summary>Secret; takes the host's place back. To the first host of a room, unless that brought one along.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? HostToken { get; init; }

    /// <summary>How the door is kept; null: it stands open.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DoorState? Door { get; init; }

    /// <summary>The port that pages come from; null: the one that the client is connected to.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? WebPort { get; init; }
}

/// <summary>Everything a newcomer needs, in pages; all but members and lanes comes with the first.</summary>
/// <param name="Page">From 0.</param>
/// <param name="Pages">How many there are.</param>
/// <param name="Members">Those of this page, in order of joining.</param>
/// <param name="Queue">The list, on page 0.</param>
/// <param name="Room">The rest, on page 0.</param>
/// <param name="Lanes">Lanes of the loop on this page.</param>
public sealed record Snapshot(
    int Page, int Pages, IReadOnlyList<Member> Members, IReadOnlyList<TrackInfo> Queue, RoomSummary? Room = null,
    IReadOnlyList<LoopLane>? Lanes = null) : ServerMessage;

/// <summary>The room without its lists.</summary>
/// <param name="State">As STATE.</param>
/// <param name="Policy">What it allows.</param>
/// <param name="PolicyRevision">Goes up with each change of it.</param>
/// <param name="Repeat">What follows a track.</param>
/// <param name="IsShuffled">Whether the list is played in another order.</param>
/// <param name="NextTrackId">What would follow now.</param>
/// <param name="QueueRevision">Goes up with each change of the list.</param>
/// <param name="Tempo">The beat.</param>
/// <param name="Loop">The loop's shape; its lanes are beside it.</param>
public sealed record RoomSummary(
    State State, RoomPolicy Policy, long PolicyRevision, Repeat Repeat, bool IsShuffled, string? NextTrackId, long QueueRevision,
    Tempo Tempo, LoopShape Loop);

/// <summary>The room's list of tracks, after a change.</summary>
/// <param name="Tracks">All of them, in the list's own order.</param>
/// <param name="Repeat">What follows a track.</param>
/// <param name="IsShuffled">Whether the list is played in another order.</param>
/// <param name="NextTrackId">What would follow now.</param>
/// <param name="Revision">Goes up with each change.</param>
/// <param name="Epoch">Which authority.</param>
public sealed record QueueState(
    IReadOnlyList<TrackInfo> Tracks, Repeat Repeat = Repeat.Off, bool IsShuffled = false, string? NextTrackId = null, long Revision = 0,
    long Epoch = 0) : ServerMessage;

/// <summary>What the room allows, after a change.</summary>
public sealed record PolicyState(RoomPolicy Policy, long Revision, string? By = null, long Epoch = 0) : ServerMessage;

/// <summary>The beat, after a change.</summary>
public sealed record TempoState(Tempo Tempo, string? By = null) : ServerMessage;

/// <summary>The loop after a change: its shape, and the lane that changed where one did.</summary>
public sealed record LoopState(LoopShape Loop, LoopLane? Lane = null, string? By = null) : ServerMessage;

/// <summary>To whoever sent LOOP_UPDATE: it is in, and from which cycle on it sounds.</summary>
public sealed record LoopAck(long Revision, long EffectiveCycle, LoopLane Lane) : ServerMessage;

/// <summary>Where the room is, for clients that do not compute.</summary>
/// <param name="PositionUs">Track position at <paramref name="AtUs"/>, microseconds.</param>
/// <param name="OffsetSec">The same in seconds.</param>
/// <param name="AtUs">Room time of this tick, microseconds.</param>
/// <param name="Timestamp">Its Unix time in seconds. For eyes.</param>
/// <param name="Status">What holds then.</param>
/// <param name="TrackId">What is played then.</param>
/// <param name="Epoch">Of the record that says so.</param>
/// <param name="Revision">Of the record that says so.</param>
/// <param name="Beat">Number of the beat that runs.</param>
/// <param name="BeatInBar">Its place in the bar, from 1.</param>
public sealed record ScrollTick(
    long PositionUs, [property: JsonConverter(typeof(FloatConverter))] double OffsetSec, long AtUs,
    [property: JsonConverter(typeof(FloatConverter))] double Timestamp, PlaybackStatus Status, string? TrackId, long Epoch, long Revision,
    long Beat, int BeatInBar) : ServerMessage;

/// <summary>A member's small JSON value.</summary>
public sealed record BlobRelay(
    string From, [property: JsonConverter(typeof(RawJsonConverter))] string Data, bool IsPrivate) : ServerMessage;

/// <summary>Coalesced: how many are here, and what they report.</summary>
/// <param name="Members">How many are here.</param>
/// <param name="Hosts">How many of them are hosts.</param>
/// <param name="Viewers">How many are not.</param>
/// <param name="WorstRttUs">Longest round trip reported, microseconds.</param>
/// <param name="WorstOutputLeadUs">Longest output lead reported, microseconds.</param>
/// <param name="WaitingFor">Peer ids that PLAY waits for.</param>
/// <param name="Quality">What members last reported, of those whose report changed; in a large room the worst of them.</param>
public sealed record RoomStats(
    int Members, int Hosts, int Viewers, long WorstRttUs, long WorstOutputLeadUs, IReadOnlyList<string> WaitingFor,
    IReadOnlyList<MemberQuality>? Quality = null) : ServerMessage;

/// <summary>The members, on request, in pages.</summary>
public sealed record Peers(IReadOnlyList<Member> Members, int Page = 0, int Pages = 1) : ServerMessage;

/// <summary>Someone joined, or came back, or changed its role.</summary>
public sealed record PeerJoined(Member Member) : ServerMessage;

/// <summary>Someone left.</summary>
public sealed record PeerLeft(string PeerId, string Name, string Reason) : ServerMessage;

/// <summary>Answer to a clock probe: received at T2, sent at T3, on the room clock.</summary>
public sealed record SyncResponse(
    long T1Us, long T2Us, long T3Us, Guid ClockId, PlaybackStatus Status = PlaybackStatus.Pause, string? TrackId = null, long PositionUs = 0,
    [property: JsonConverter(typeof(FloatConverter))] double OffsetSec = 0, BeatNow? Tempo = null, Revisions? Revisions = null) : ServerMessage;

/// <summary>SYNC_RESPONSE to who asked for the clock alone; read as a <see cref="SyncResponse"/> that says no more.</summary>
/// <param name="T1Us">As sent.</param>
/// <param name="T2Us">When the probe came, room clock.</param>
/// <param name="T3Us">When this went out, room clock.</param>
/// <param name="ClockId">The room's clock.</param>
public sealed record ClockAnswer(long T1Us, long T2Us, long T3Us, Guid ClockId) : ServerMessage;

/// <summary>The beat at one moment.</summary>
/// <param name="Bpm">Beats a minute.</param>
/// <param name="BeatsPerBar">Beats of a bar.</param>
/// <param name="Beat">Beats since the origin of counting, with a fraction.</param>
public sealed record BeatNow(
    double Bpm, int BeatsPerBar, [property: JsonConverter(typeof(FloatConverter))] double Beat);

/// <summary>The newest of everything, so that who missed one of them finds out.</summary>
/// <param name="Epoch">Of STATE.</param>
/// <param name="State">Revision of STATE.</param>
/// <param name="Policy">Revision of POLICY.</param>
/// <param name="Queue">Revision of QUEUE.</param>
/// <param name="Tempo">Revision of TEMPO.</param>
/// <param name="Loop">Revision of LOOP_STATE.</param>
public sealed record Revisions(long Epoch, long State, long Policy, long Queue, long Tempo, long Loop);

/// <summary>Answer to PING.</summary>
public sealed record Pong(long Nonce) : ServerMessage;

/// <summary>Where the clock can be probed by datagrams, see <see cref="ClockDatagram"/>.</summary>
/// <param name="Port">UDP, of the address that the sender is connected to; null: nowhere.</param>
/// <param name="Ticket">Says whose a datagram is.</param>
/// <param name="Key">Secret; proves that it is. Base64 of <see cref="ClockDatagram.KeyLength"/> bytes.</param>
public sealed record ClockPort(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? Port = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] long Ticket = 0,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Key = null) : ServerMessage;

/// <summary>Something was wrong; <paramref name="Close"/> says that the connection ends now.</summary>
public sealed record Error(string Code, string Message, bool Close = false) : ServerMessage;
