using System.Threading.Tasks.Sources;

namespace Jam.Peer.Network;

/// <summary>
/// Wakes the one loop that waits for work; many may set it, and a set while nobody waits is kept. A channel of one place does the same
/// and costs half a kilobyte, on every connection at which nothing happens.
/// </summary>
internal sealed class WorkSignal : IValueTaskSource
{
    private const int Nothing = 0, IsSet = 1, IsAwaited = 2;

    private ManualResetValueTaskSourceCore<bool> _wait;
    private CancellationTokenRegistration _cancelled;
    private int _state;

    /// <summary>There is work. Any thread.</summary>
    /// <param name="runHere">Whether the waiting loop may go on right here, until it waits again; else another thread takes it up.</param>
    public void Set(bool runHere = false)
    {
        // A wait that is cancelled at the same moment leaves nothing behind: then it is kept after all.
        while (Interlocked.CompareExchange(ref _state, IsSet, Nothing) == IsAwaited)
        {
            if (Interlocked.CompareExchange(ref _state, Nothing, IsAwaited) != IsAwaited)
                continue;
            _wait.RunContinuationsAsynchronously = !runHere;
            _wait.SetResult(true);
            return;
        }
    }

    /// <summary>Ends once there is work, and forgets it. One waits at a time, and awaits what is returned once.</summary>
    /// <exception cref="OperationCanceledException">When awaited.</exception>
    public ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.CompareExchange(ref _state, Nothing, IsSet) == IsSet)
            return ValueTask.CompletedTask;
        _wait.Reset();
        if (Interlocked.CompareExchange(ref _state, IsAwaited, Nothing) == IsSet)
        {
            Volatile.Write(ref _state, Nothing);
            return ValueTask.CompletedTask;
        }

        _cancelled = cancellationToken.UnsafeRegister(static (signal, token) => ((WorkSignal)signal!).Cancel(token), this);
        return new ValueTask(this, _wait.Version);
    }

    /// <inheritdoc/>
    void IValueTaskSource.GetResult(short token)
    {
        _cancelled.Dispose();
        _cancelled = default;
        _wait.GetResult(token);
    }

    /// <inheritdoc/>
    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _wait.GetStatus(token);

    /// <inheritdoc/>
    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _wait.OnCompleted(continuation, state, token, flags);

    private void Cancel(CancellationToken token)
    {
        if (Interlocked.CompareExchange(ref _state, Nothing, IsAwaited) == IsAwaited)
        {
            _wait.RunContinuationsAsynchronously = true;
            _wait.SetException(new OperationCanceledException(token));
        }
    }
}
