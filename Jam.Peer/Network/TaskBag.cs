using System.Collections.Concurrent;

namespace Jam.Peer.Network;

/// <summary>Tasks that run until they end by themselves; whoever ends waits for all of them. Each has dealt with its failures itself.</summary>
internal sealed class TaskBag
{
    private readonly ConcurrentDictionary<long, Task> _running = new();
    private long _next;

    /// <summary>How many run.</summary>
    public int Count => _running.Count;

    public void Add(Task task)
    {
        var id = Interlocked.Increment(ref _next);
        _running[id] = task;
        // What a task leaves behind is only its place in the list.
        _ = task.ContinueWith(_ => _running.TryRemove(id, out var _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    /// <summary>Ends when all have.</summary>
    public async Task AllAsync() => await Task.WhenAll(_running.Values).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
