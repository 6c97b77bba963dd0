namespace Jam.Server.Hosting;

/// <summary>Which room wants to be looked at when, and the one timer that says so. Only the rooms' loop uses it.</summary>
internal sealed class RoomSchedule(TimeProvider time, Action wake) : IAsyncDisposable
{
    private readonly PriorityQueue<HostedRoom, long> _due = new();
    private readonly ITimer _timer = time.CreateTimer(_ => wake(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    private long _armedUs = long.MaxValue;

    /// <summary>Takes note of when a room is due. Entries that are out of date stay in the queue and are passed over when they come up.</summary>
    public void Add(HostedRoom hosted)
    {
        if (hosted.Room.NextDueUs >= hosted.ScheduledUs)
            return;
        hosted.ScheduledUs = hosted.Room.NextDueUs;
        _due.Enqueue(hosted, hosted.ScheduledUs);
    }

    /// <summary>The next room that is due now; null where none is.</summary>
    public HostedRoom? Take(long nowUs)
    {
        while (_due.TryPeek(out var hosted, out var atUs) && atUs <= nowUs)
        {
            _due.Dequeue();
            // An earlier instant was set after this one: what is due now is in the queue a second time, and counts there.
            if (atUs != hosted.ScheduledUs)
                continue;
            hosted.ScheduledUs = long.MaxValue;
            return hosted;
        }

        return null;
    }

    /// <summary>The timer has fired.</summary>
    public void OnWoken() => _armedUs = long.MaxValue;

    /// <summary>Sets the timer for the room that is due first.</summary>
    public void Arm(long nowUs)
    {
        if (!_due.TryPeek(out _, out var atUs) || atUs >= _armedUs)
            return;
        _armedUs = atUs;
        // Timers run on whole milliseconds: up, or it would fire early and find nothing to do.
        _timer.Change(TimeSpan.FromMilliseconds(Math.Max(0, (atUs - nowUs + 999) / 1000)), Timeout.InfiniteTimeSpan);
    }

    public ValueTask DisposeAsync() => _timer.DisposeAsync();
}
