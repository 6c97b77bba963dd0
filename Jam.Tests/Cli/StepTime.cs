namespace Jam.Tests.Cli;

/// <summary>
/// Time that moves only when a test moves it, and tells when someone waits for it, so that a test arms its wait before its trigger.
/// </summary>
internal sealed class StepTime : TimeProvider
{
    private readonly Lock gate = new();
    private readonly List<Timer> timers = [];
    private TaskCompletionSource armed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long nowUs;

    public override long TimestampFrequency => 1_000_000;

    public override long GetTimestamp()
    {
        lock (gate)
            return nowUs;
    }

    /// <summary>Completes when the next timer is set.</summary>
    public Task NextTimer()
    {
        lock (gate)
            return armed.Task;
    }

    /// <summary>Moves time on and fires, in order, what falls due.</summary>
    public void Advance(TimeSpan by)
    {
        long until;
        lock (gate)
            until = nowUs + (long)by.TotalMicroseconds;
        while (true)
        {
            Timer? due;
            lock (gate)
            {
                due = timers.Where(timer => timer.DueUs <= until).MinBy(timer => timer.DueUs);
                nowUs = due is null ? until : Math.Max(nowUs, due.DueUs);
                due?.Fired();
            }
            if (due is null)
                return;
            due.Call();
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class Timer(StepTime time, Action call) : ITimer
    {
        private long periodUs = -1;

        public long DueUs { get; private set; } = long.MaxValue;

        public Action Call => call;

        public void Fired() => DueUs = periodUs > 0 ? DueUs + periodUs : long.MaxValue;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            TaskCompletionSource signal;
            lock (time.gate)
            {
                if (!time.timers.Contains(this))
                    time.timers.Add(this);
                periodUs = period == Timeout.InfiniteTimeSpan ? -1 : (long)period.TotalMicroseconds;
                DueUs = dueTime == Timeout.InfiniteTimeSpan ? long.MaxValue : time.nowUs + (long)dueTime.TotalMicroseconds;
                if (DueUs == long.MaxValue)
                    return true;
                signal = time.armed;
                time.armed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
            signal.TrySetResult();
            return true;
        }

        public void Dispose()
        {
            lock (time.gate)
                time.timers.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
