using Jam.Peer.Network;
using Jam.Server.Contracts;
using static System.FormattableString;

namespace Jam.Peer.Session;

/// <summary>What people read of what happens in the room: one line for each thing that somebody else did.</summary>
/// <param name="wanted">What this peer was started as.</param>
/// <param name="mesh">Connections to members.</param>
/// <param name="readiness">Whom a start waits for.</param>
/// <param name="notice">Tells people, and the log.</param>
/// <param name="whisper">Tells people alone.</param>
internal sealed class RoomNews(Role wanted, Mesh mesh, Readiness readiness, Action<string> notice, Action<string> whisper)
{
    private readonly HashSet<string> _complained = [];

    /// <summary>Tells of a message of the authority.</summary>
    /// <param name="message">What it said.</param>
    /// <param name="before">The room before it.</param>
    /// <param name="room">The room after it.</param>
    /// <param name="isAnswer">Whether it answers a command that was typed here: whoever typed it reads the answer.</param>
    public void Tell(ServerMessage message, RoomState before, RoomState room, bool isAnswer)
    {
        // What members tell each other is for eyes alone, not for the log.
        if (LineOf(message, before, room, isAnswer) is { } line)
            (message is BlobRelay ? whisper : notice)(line);
    }

    private string? LineOf(ServerMessage message, RoomState before, RoomState room, bool isAnswer) => message switch
    {
        State when room.Timeline != before.Timeline => isAnswer ? null : Describe.Change(before, room),
        Welcome when wanted == Role.Host && room.Role != Role.Host && before.PeerId is null =>
            "this room has a host already, or waits for one to return; this peer is a viewer until the place is free",
        PolicyState when !isAnswer => RoomTexts.Policy(room.Policy),
        // With every PLAY the room lays a beat that follows the track anew.
        TempoState when !isAnswer && room.Tempo is { } tempo && before.Tempo is { } old =>
            RoomTexts.Tempo(tempo.Current) is var line && line != RoomTexts.Tempo(old.Current) ? line : null,
        LoopState { Lane: null } when !isAnswer => RoomTexts.Loop(room.Loop.Shape),
        LoopAck ack => Invariant($"your lane sounds from cycle {ack.EffectiveCycle} on"),
        BlobRelay blob => isAnswer ? null : $"{room.Others.GetValueOrDefault(blob.From)?.Name ?? blob.From} says {blob.Data}",
        PeerJoined { Member: var me } when me.PeerId == room.PeerId => isAnswer ? null : before.Role != me.Role
            ? me.Role == Role.Host ? "this peer is the host now" : "this peer is a viewer now"
            : before.IsMuted != me.IsMuted ? me.IsMuted ? "the host has muted you" : "the host lets you be heard again" : null,
        PeerJoined { Member: var member } when !before.Others.ContainsKey(member.PeerId) && !mesh.IsSettled(member.PeerId) => $"{member.Name} joined",
        RoomStats stats => readiness.Waiting(room, stats),
        // Who is still connected with this peer has only lost the server, or has gone ahead to the next.
        PeerLeft left when before.Others.ContainsKey(left.PeerId) && !(left.Reason is "lost" or "left" && mesh.IsSettled(left.PeerId)) =>
            $"{left.Name} left ({left.Reason})",
        Error { Code: ErrorCodes.Replaced } => "another peer has this peer's identity, as on a copied machine; going on under a new one",
        Error { Code: not (ErrorCodes.HostTaken or ErrorCodes.Kicked) } error when !isAnswer && _complained.Add(error.Code) =>
            $"the server says: {error.Message} ({error.Code})",
        _ => null,
    };
}
