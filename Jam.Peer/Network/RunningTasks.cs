using System.Collections.Concurrent;

namespace Jam.Peer.Network;

/// <summary>Tasks that run beside each other, each of which deals with its own failures; whoever ends waits for all.</summary>
internal sealed class RunningTasks
{
    private readonly ConcurrentDictionary<long, Task> _running = new();
    private long _next;

    /// <summary>Keeps a task until it ends.</summary>
    public void Add(Task task)
    {
        var id = Interlocked.Increment(ref _next);
        _running[id] = task;
        // What a task leaves behind is only its place in the list.
        _ = task.ContinueWith(_ => _running.TryRemove(id, out var _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    /// <summary>Ends when all that run now have ended, however they do.</summary>
    public async Task WaitAsync() => await Task.WhenAll(_running.Values).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
