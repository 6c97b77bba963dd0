using Jam.Server.Contracts;

namespace Jam.Peer.Session;

/// <summary>A new authority may not know this peer's lane of the loop: it is brought by its owner.</summary>
internal sealed class LaneKeeper
{
    private IReadOnlyList<LoopStep?>? _lane;

    /// <summary>What has to be said after a message; null: nothing.</summary>
    public LoopUpdate? After(ServerMessage message, RoomState before, RoomState room)
    {
        if (room.PeerId is not { } me)
            return null;
        if (before.Loop.Parts.TryGetValue(me, out var mine))
            _lane = mine.Steps.Count > 0 ? mine.Steps : null;
        if (message is not Snapshot { Page: var page, Pages: var pages } || page < pages - 1)
            return null;
        var lane = room.Loop.Parts.ContainsKey(me) || room.IsMuted || _lane?.Count != room.Loop.Shape.Steps ? null : _lane;
        _lane = null;
        return lane is null ? null : new LoopUpdate(lane);
    }
}
