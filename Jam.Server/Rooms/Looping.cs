using Jam.Server.Contracts;

namespace Jam.Server.Rooms;

/// <summary>
/// LOOP and LOOP_UPDATE. Every change names the cycle from which it holds, far enough ahead to reach everyone before, so that all hear
/// it in the same cycle.
/// </summary>
internal static class Looping
{
    /// <summary>Shapes the loop. Who calls has checked that the sender may.</summary>
    public static void SetShape(RoomTurn turn, Seat by, SetLoop wanted)
    {
        var old = turn.Room.Loop;
        var shape = Next(turn, old with { IsOn = wanted.IsOn ?? old.IsOn, Steps = wanted.Steps ?? old.Steps, Beats = wanted.Beats ?? old.Beats });
        shape = shape with { EffectiveCycle = FirstCycle(turn, shape) };
        var lanes = turn.Room.Lanes;
        // Cycles of another length are numbered anew: what has not begun yet begins with the shape.
        foreach (var lane in shape.Beats == old.Beats ? [] : turn.Room.Lanes.Values.ToArray())
            lanes = lanes.SetItem(lane.PeerId, lane with { EffectiveCycle = shape.EffectiveCycle });
        turn.Room = turn.Room with { Loop = shape, Lanes = lanes };
        turn.SendAll(new LoopState(shape, null, by.Member.PeerId));
    }

    /// <summary>Takes a member's own lane over.</summary>
    public static void SetLane(RoomTurn turn, Seat by, LoopUpdate update)
    {
        var (room, peerId) = (turn.Room, by.Member.PeerId);
        if (update.PeerId is { } named && named != peerId)
            turn.Fail(by.Connection, ErrorCodes.NotYourLane, "a lane is its owner's");
        else if (update.Steps.Count != room.Loop.Steps)
            turn.Fail(by.Connection, ErrorCodes.BadField, $"a lane has {room.Loop.Steps} steps here");
        else if (!room.Lanes.ContainsKey(peerId) && room.Lanes.Count >= Limits.MaxLanes)
            turn.Fail(by.Connection, ErrorCodes.LoopFull, $"the loop has {Limits.MaxLanes} lanes");
        else
            turn.Send(by.Connection, Put(turn, peerId, update.Steps, by.Connection));
    }

    /// <summary>Silences a lane whose owner is gone or muted, should there be one.</summary>
    public static void Clear(RoomTurn turn, string peerId)
    {
        if (!turn.Room.Lanes.ContainsKey(peerId))
            return;
        Put(turn, peerId, [], null);
        turn.Room = turn.Room with { Lanes = turn.Room.Lanes.Remove(peerId) };
    }

    private static LoopAck Put(RoomTurn turn, string peerId, IReadOnlyList<LoopStep?> steps, long? sender)
    {
        var shape = Next(turn, turn.Room.Loop);
        var lane = new LoopLane(peerId, steps, FirstCycle(turn, shape));
        turn.Room = turn.Room with { Loop = shape, Lanes = turn.Room.Lanes.SetItem(peerId, lane) };
        turn.SendAll(new LoopState(shape, lane, peerId), sender);
        return new LoopAck(shape.Revision, lane.EffectiveCycle, lane);
    }

    private static LoopShape Next(RoomTurn turn, LoopShape shape) =>
        shape with { Epoch = turn.Room.Timeline.Epoch, Revision = turn.Room.Loop.Revision + 1 };

    private static long FirstCycle(RoomTurn turn, LoopShape shape) =>
        shape.FirstCycleFrom(turn.Room.Tempo.Current.Grid, turn.Now.Us + Lead.OfUs(turn.Room));
}
