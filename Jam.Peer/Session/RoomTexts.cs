using Jam.Server.Contracts;
using static System.FormattableString;

namespace Jam.Peer.Session;

/// <summary>The room beside its track, in words.</summary>
internal static class RoomTexts
{
    /// <summary>What is so after a command.</summary>
    public static string Answer(ClientMessage command, RoomState room) => command switch
    {
        SetPolicy { Links: not null } => room.Policy.Links == LinkSecurity.Tls ? "the room's peers speak TLS to each other" : "the room's peers speak plainly to each other",
        SetPolicy => Policy(room.Policy),
        SetDoor or Invite { Action: InviteActions.Revoke } => Door(room.Door),
        Invite { Action: InviteActions.List } => Invites(room.Door),
        SetTempo or Metronome when room.Tempo is { } tempo => Tempo(tempo.Current),
        SetLoop => Loop(room.Loop.Shape),
        SetRole { PeerId: { } heir } => $"{NameOf(room, heir)} is the host now",
        SetRole => room.Role == Role.Host ? "this peer is the host now" : "this peer is a viewer now",
        Kick => "gone",
        Mute mute => mute.IsMuted ? $"{NameOf(room, mute.PeerId)} is muted" : $"{NameOf(room, mute.PeerId)} may be heard again",
        Queue { Action: not (QueueActions.Next or QueueActions.Previous) } => List(room),
        _ => Describe.Timeline(room),
    };

    public static string Policy(RoomPolicy policy) =>
        $"control: {Word(policy.Control)}; adding to the list: {Word(policy.Queue)}; when the host is lost: {Word(policy.OnHostLoss)}";

    public static string Door(DoorState? door) => door switch
    {
        { IsLocked: true, HasPassword: true } => "the room is locked: its password or an invite lets people in",
        { IsLocked: true } => "the room is locked: an invite lets people in",
        _ => "the room is open",
    };

    private static string Invites(DoorState? door) => door?.Seal?.Invites is not { Count: > 0 } invites ? "no invites stand"
        : string.Join("; ", invites.Select(i => i.Id + Terms(i.UsesLeft, i.UntilUnixSec)));

    /// <summary>How many an invite admits, and until when.</summary>
    public static string Terms(int? uses, long? untilUnixSec)
    {
        string[] terms = [.. uses is { } n ? [Invariant($"for {n}")] : Array.Empty<string>(),
            .. untilUnixSec is { } at ? [Invariant($"until {DateTimeOffset.FromUnixTimeSeconds(at).ToLocalTime():MMM d HH:mm}")] : Array.Empty<string>()];
        return terms.Length == 0 ? "" : $" ({string.Join(", ", terms)})";
    }

    public static string Tempo(Tempo tempo) =>
        Invariant($"{tempo.Bpm:0.###} bpm, {tempo.BeatsPerBar} beats a bar, metronome {(tempo.IsClicking ? "on" : "off")}")
        + (tempo.CountInBars > 0 ? Invariant($", count-in {tempo.CountInBars}") : "")
        + (tempo.TrackOriginUs is not null ? ", with the track" : "");

    public static string Loop(LoopShape loop) =>
        Invariant($"loop {(loop.IsOn ? "on" : "off")}: {loop.Steps} steps over {loop.Beats} beats");

    private static string List(RoomState room) =>
        Invariant($"{Count(room.Queue.Count, "track")}, repeat {Word(room.Repeat)}, shuffle {(room.IsShuffled ? "on" : "off")}");

    /// <summary>So many of something.</summary>
    public static string Count(int count, string what) => Invariant($"{count} {what}{(count == 1 ? "" : "s")}");

    private static string NameOf(RoomState room, string peerId) =>
        peerId == room.PeerId ? "this peer" : room.Others.GetValueOrDefault(peerId)?.Name ?? peerId;

    private static string Word<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();
}
