using Jam.Server.Contracts;
using static System.FormattableString;

namespace Jam.Peer.Session;

/// <summary>What of the authority's messages is news for people, in words. Whoever typed a command reads its answer; everyone else reads this.</summary>
internal static class RoomNews
{
    /// <summary>The line; null where there is none.</summary>
    /// <param name="before">The room before the message.</param>
    /// <param name="room">The room after it.</param>
    /// <param name="message">The message.</param>
    /// <param name="isAnswer">Whether it answers a command that was typed here.</param>
    /// <param name="wanted">What this peer was started as.</param>
    public static string? Of(RoomState before, RoomState room, ServerMessage message, bool isAnswer, Role wanted) => message switch
    {
        State when room.Timeline != before.Timeline => isAnswer ? null : Describe.Change(before, room),
        Welcome when wanted == Role.Host && room.Role != Role.Host =>
            "this room has a host already, or waits for one to return; this peer is a viewer until the place is free",
        PolicyState when !isAnswer => RoomTexts.Policy(room.Policy),
        TempoState when !isAnswer && room.Tempo is { } tempo && before.Tempo is not null => RoomTexts.Tempo(tempo.Current),
        LoopState { Lane: null } when !isAnswer => RoomTexts.Loop(room.Loop.Shape),
        LoopAck ack => Invariant($"your lane sounds from cycle {ack.EffectiveCycle} on"),
        BlobRelay blob => $"{room.Others.GetValueOrDefault(blob.From)?.Name ?? blob.From} says {blob.Data}",
        PeerJoined { Member: var me } when me.PeerId == room.PeerId => isAnswer ? null : before.Role != me.Role
            ? me.Role == Role.Host ? "this peer is the host now" : "this peer is a viewer now"
            : before.IsMuted != me.IsMuted ? me.IsMuted ? "the host has muted you" : "the host lets you be heard again" : null,
        PeerJoined { Member: var member } when !before.Others.ContainsKey(member.PeerId) => $"{member.Name} joined",
        PeerLeft left when before.Others.ContainsKey(left.PeerId) => $"{left.Name} left ({left.Reason})",
        _ => null,
    };
}
