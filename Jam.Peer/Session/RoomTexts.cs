using Jam.Server.Contracts;
using static System.FormattableString;

namespace Jam.Peer.Session;

/// <summary>The room beside its track, in words.</summary>
internal static class RoomTexts
{
    /// <summary>What is so after a command.</summary>
    public static string Answer(ClientMessage command, RoomState room) => command switch
    {
        SetPolicy => Policy(room.Policy),
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
