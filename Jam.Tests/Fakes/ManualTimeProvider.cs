namespace Jam.Tests.Fakes;

/// <summary>
/// A clock that moves only when told, and its timers with it: each fires at its own instant, in order, on the thread that
/// moves the clock. Safe to read from any thread.
/// </summary>
public sealed class ManualTimeProvider : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly List<ManualTimer> _timers = [];
    private readonly DateTimeOffset _start;
    private long _nowUs;

    /// <summary>A clock that stands at the given instants, monotonic (microseconds) and wall.</summary>
    public ManualTimeProvider(long startUs = 1_000_000, DateTimeOffset? utc = null)
    {
        _nowUs = startUs;
        _start = (utc ?? new DateTimeOffset(2025, 11, 8, 0, 0, 0, TimeSpan.Zero)) - TimeSpan.FromMicroseconds(startUs);
    }

    /// <inheritdoc/>
    public override long TimestampFrequency => 1_000_000;

    /// <summary>When the next timer fires, monotonic microseconds; null where none is set.</summary>
    public long? NextTimerUs
    {
        get
        {
            lock (_gate)
                return _timers.Min(timer => timer.DueUs);
        }
    }

    /// <inheritdoc/>
    public override long GetTimestamp()
    {
        lock (_gate)
            return _nowUs;
    }

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => _start + TimeSpan.FromMicroseconds(GetTimestamp());

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Moves the clock on, firing each timer on the way at its instant.</summary>
    public void Advance(TimeSpan by)
    {
        var untilUs = GetTimestamp() + (long)by.TotalMicroseconds;
        while (TakeDue(untilUs) is { } timer)
            timer.Fire();
        lock (_gate)
            _nowUs = Math.Max(_nowUs, untilUs);
    }

    private ManualTimer? TakeDue(long untilUs)
    {
        lock (_gate)
        {
            var next = _timers.Where(timer => timer.DueUs <= untilUs).MinBy(timer => timer.DueUs);
            if (next is null)
                return null;
            _nowUs = Math.Max(_nowUs, next.DueUs!.Value);
            next.DueUs = next.PeriodUs is { } period ? _nowUs + period : null;
            return next;
        }
    }

    private sealed class ManualTimer(ManualTimeProvider owner, TimerCallback callback, object? state) : ITimer
    {
        public long? DueUs { get; set; }

        public long? PeriodUs { get; private set; }

        public void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (owner._gate)
            {
                DueUs = dueTime == Timeout.InfiniteTimeSpan ? null : owner._nowUs + (long)dueTime.TotalMicroseconds;
                PeriodUs = period == Timeout.InfiniteTimeSpan || period == TimeSpan.Zero ? null : (long)period.TotalMicroseconds;
                if (!owner._timers.Contains(this))
                    owner._timers.Add(this);
                return true;
            }
        }

        public void Dispose()
        {
            lock (owner._gate)
                owner._timers.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
