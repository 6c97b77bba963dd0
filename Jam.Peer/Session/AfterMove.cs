using Jam.Server.Contracts;

namespace Jam.Peer.Session;

/// <summary>
/// What becomes of a command whose answer was cut off: the connection was lost, or the room has moved to another authority. Pure.
/// </summary>
internal abstract record AfterMove
{
    private AfterMove()
    {
    }

    /// <summary>It still means what it meant: it goes out again, based on what the room is now.</summary>
    internal sealed record AskAgain(ClientMessage Command) : AfterMove;

    /// <summary>The room is as it was wanted.</summary>
    internal sealed record IsDone : AfterMove;

    /// <summary>The room has changed meanwhile, so that it may mean something else now.</summary>
    internal sealed record IsStale : AfterMove;

    /// <summary>Judges a command by the room that its sender saw, and the room as the authority that answers now describes it.</summary>
    /// <remarks>
    /// A successor keeps status, track and <c>position_us</c> of the record that it goes on from: where those are the same, nobody has moved
    /// the room. What moves the room and what does not goes by the same rule as at the authority: silence always makes sense.
    /// </remarks>
    public static AfterMove Judge(ClientMessage asked, RoomState then, RoomState now)
    {
        var (old, current) = (then.Timeline?.Current, now.Timeline?.Current);
        var isSame = old?.Status == current?.Status && old?.TrackId == current?.TrackId && old?.PositionUs == current?.PositionUs
            && (old?.ClockId != current?.ClockId || old?.AtUs == current?.AtUs);
        return asked switch
        {
            SnapshotRequest => new IsDone(),
            Play { PositionUs: null, OffsetSec: null } when current?.Status == PlaybackStatus.Play && current.TrackId == old?.TrackId => new IsDone(),
            Play { PositionUs: { } from } when !isSame && current?.Status == PlaybackStatus.Play && current.PositionUs == from => new IsDone(),
            Seek { PositionUs: { } to } when !isSame && current?.PositionUs == to => new IsDone(),
            SetTrack track when current?.TrackId == track.TrackId && current?.TrackId != old?.TrackId => new IsDone(),
            Play or Seek or SetTrack or Queue { Action: QueueActions.Next or QueueActions.Previous } => isSame ? new AskAgain(Based(asked, current)) : new IsStale(),
            Queue { Action: QueueActions.Remove, Track: { } track } when now.Queue.All(t => t.TrackId != track.TrackId) => new IsDone(),
            Queue { Action: QueueActions.Move, Track: { } track } when now.Queue.All(t => t.TrackId != track.TrackId) => new IsStale(),
            // On once more would be another order.
            Queue { Action: QueueActions.Shuffle, IsOn: var isOn } when now.IsShuffled == isOn => new IsDone(),
            // A room time of the clock that is gone.
            SetTempo { OriginUs: not null } when old?.ClockId != current?.ClockId => new IsStale(),
            SetRole { PeerId: null, Role: var role } when now.Role == role => new IsDone(),
            SetRole { PeerId: { } heir } when now.Others.GetValueOrDefault(heir)?.Role == Role.Host => new IsDone(),
            Kick { PeerId: var gone } when !now.Others.ContainsKey(gone) => new IsDone(),
            _ => new AskAgain(Based(asked, current)),
        };
    }

    private static ClientMessage Based(ClientMessage asked, Timeline? current) =>
        asked is RoomCommand { Revision: not null } command && current is not null ? command with { Epoch = current.Epoch, Revision = current.Revision } : asked;
}
