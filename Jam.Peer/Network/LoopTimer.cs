namespace Jam.Peer.Network;

/// <summary>
/// The one timer of a loop: sets its signal no later than what the loop asked for. What a loop waits for moves with each event, mostly to
/// later: such a move costs nothing, the timer fires for the old moment and the loop asks anew.
/// </summary>
internal sealed class LoopTimer : IAsyncDisposable
{
    private const long LongestUs = 60_000_000;

    private readonly WorkSignal _work;
    private readonly ITimer _timer;
    private long _dueUs = long.MaxValue;
    private long _firesUs = long.MaxValue;
    private int _hasFired;

    public LoopTimer(TimeProvider time, WorkSignal work)
    {
        _work = work;
        _timer = time.CreateTimer(static timer => ((LoopTimer)timer!).Fire(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Has the signal set at a moment, or before. Only the loop calls it.</summary>
    /// <param name="dueUs">The moment, microseconds on the loop's clock; <see cref="long.MaxValue"/>: none is wanted.</param>
    /// <param name="nowUs">What that clock shows.</param>
    public void Arm(long dueUs, long nowUs)
    {
        // It may fire a little before its time by the loop's clock: that it did counts, not what the clock says.
        if (Interlocked.Exchange(ref _hasFired, 0) != 0)
            (_dueUs, _firesUs) = (long.MaxValue, long.MaxValue);
        if (dueUs >= _dueUs)
            return;
        // Timers count whole milliseconds; a shorter wait than that is rounded up. Each change wakes the thread of all timers: none is made
        // that would not have this one fire earlier.
        var waitMs = (Math.Clamp(dueUs - nowUs, 1, LongestUs) + 999) / 1000;
        if (nowUs + waitMs * 1000 >= _firesUs)
            return;
        (_dueUs, _firesUs) = (dueUs, nowUs + waitMs * 1000);
        _timer.Change(TimeSpan.FromMilliseconds(waitMs), Timeout.InfiniteTimeSpan);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _timer.DisposeAsync();

    private void Fire()
    {
        Volatile.Write(ref _hasFired, 1);
        // The timer has a thread of its own by now: to wake another one for the loop would cost as much again.
        _work.Set(runHere: true);
    }
}
