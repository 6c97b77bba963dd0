using Jam.Server.Contracts;

namespace Jam.Peer.Session;

/// <summary>
/// This peer's own lane of the loop: what was edited waits until shortly before the loop begins anew, so that many edits are one message
/// and all sound from the same start on. While the loop is paused here, nothing is sent. Pure but for its lock.
/// </summary>
internal sealed class LoopEdits
{
    /// <summary>How often <see cref="TakeDue"/> is asked, at least, and what it may come late by.</summary>
    private const long SlackUs = 350_000;

    private readonly Lock _gate = new();
    private IReadOnlyList<LoopStep?>? _pending;
    private IReadOnlyList<LoopStep?>? _mine;
    private bool _isPaused;

    /// <summary>Whether the loop is paused here.</summary>
    public bool IsPaused
    {
        get
        {
            lock (_gate)
                return _isPaused;
        }

        set
        {
            lock (_gate)
                _isPaused = value;
        }
    }

    /// <summary>Another lane, in the place of the one before.</summary>
    public void Edit(IReadOnlyList<LoopStep?> steps)
    {
        lock (_gate)
            (_pending, _mine) = (steps, steps);
    }

    /// <summary>What is to be sent now; null: nothing, or not yet.</summary>
    /// <param name="room">The room.</param>
    /// <param name="roomUs">Room time, microseconds; null while it is not known.</param>
    public LoopUpdate? TakeDue(RoomState room, long? roomUs)
    {
        lock (_gate)
        {
            if (_pending is not { } steps || _isPaused || room.PeerId is null || !IsDue(room, roomUs))
                return null;
            _pending = null;
            return new LoopUpdate(Fitted(steps, room.Loop.Shape.Steps));
        }
    }

    /// <summary>It could not be sent: it is due again, unless something newer is.</summary>
    public void PutBack(LoopUpdate update)
    {
        lock (_gate)
            _pending ??= update.Steps;
    }

    /// <summary>
    /// A message of the authority. Who was muted has no lane any more; an authority that does not know this peer's lane as it is, as one
    /// that has just taken over, or one that an edit did not reach, is told of it.
    /// </summary>
    public void Take(RoomState room, ServerMessage message)
    {
        lock (_gate)
        {
            // A peer that was started again has a lane that it did not type: the room knew it before.
            if (_mine is null && room.PeerId is { } own && room.Loop.Parts.TryGetValue(own, out var known) && known.Steps.Count > 0)
                _mine = known.Steps;
            if (message is LoopState { Lane: { Steps.Count: 0 } lane } && lane.PeerId == room.PeerId)
                (_pending, _mine) = (null, null);
            else if (message is Snapshot page && page.Page == page.Pages - 1 && room is { PeerId: { } me, IsMuted: false } && _mine is { } mine && !IsKnown(room, me, mine))
                _pending ??= mine;
        }
    }

    /// <summary>Whether one moment more might miss the start that it would still make now. A loop that does not sound has no start to wait for.</summary>
    private static bool IsDue(RoomState room, long? roomUs)
    {
        if (room is not { Loop.Shape: { IsOn: true } shape, Tempo.Current.Grid: var grid } || roomUs is not { } nowUs)
            return true;
        var makesUs = nowUs + room.LeadUs;
        var startUs = grid.TimeOfUs(shape.FirstCycleFrom(grid, makesUs) * shape.Beats);
        return startUs - makesUs <= SlackUs + room.WorstRttUs;
    }

    private static bool IsKnown(RoomState room, string me, IReadOnlyList<LoopStep?> mine) =>
        room.Loop.Parts.TryGetValue(me, out var part) && part.Steps.SequenceEqual(Fitted(mine, part.Steps.Count));

    /// <summary>The loop may have other steps by now: what was typed is repeated to its end, as it is when it is typed.</summary>
    private static IReadOnlyList<LoopStep?> Fitted(IReadOnlyList<LoopStep?> steps, int count) =>
        steps.Count == count || steps.Count == 0 ? steps : [.. Enumerable.Range(0, count).Select(i => steps[i % steps.Count])];
}
