namespace Jam.Peer.Session;

/// <summary>One command at a time waits for the authority's echo or its refusal.</summary>
internal sealed class PendingCommand(TimeProvider time) : IDisposable
{
    // PLAY may wait three seconds for members that are not ready.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(6);

    // As long as a peer that takes the room over may take.
    private static readonly TimeSpan SuccessorPatience = TimeSpan.FromSeconds(20);

    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Lock _gate = new();
    private Wait? _wait;

    /// <summary>Sends, and waits for the answer.</summary>
    /// <exception cref="JamException">It was refused, or no answer came.</exception>
    public async Task RunAsync(Action send, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        using var patience = new CancellationTokenSource(Patience, time);
        var wait = new Wait(new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), patience);
        try
        {
            lock (_gate)
                _wait = wait;
            send();
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
            await wait.Answer.Task.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new JamException(
                wait.IsHeld
                    ? "the server was lost before it answered, and no other has answered since; 'position' shows what the room does"
                    : "the server has not answered yet; 'stats' shows whether it is connected");
        }
        finally
        {
            lock (_gate)
                _wait = null;
            _turn.Release();
        }
    }

    /// <summary>The connection is gone, so the answer takes until there is another.</summary>
    public void Hold() => Allow(SuccessorPatience, isHeld: true);

    /// <summary>It was asked again, and has as long as at first.</summary>
    public void BeginAnew() => Allow(Patience, isHeld: false);

    /// <summary>Whether a command waits for its answer.</summary>
    public bool IsWaiting => Current is { Task.IsCompleted: false };

    /// <summary>The room has changed; false where no command waits for it.</summary>
    public bool Succeed() => Current?.TrySetResult() == true;

    /// <summary>The command was refused; false where none waits.</summary>
    public bool Fail(string why) => Current?.TrySetException(new JamException(why)) == true;

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();

    private TaskCompletionSource? Current
    {
        get
        {
            lock (_gate)
                return _wait?.Answer;
        }
    }

    private void Allow(TimeSpan patience, bool isHeld)
    {
        lock (_gate)
        {
            if (_wait is not { } wait)
                return;
            wait.IsHeld = isHeld;
            wait.Patience.CancelAfter(patience);
        }
    }

    private sealed record Wait(TaskCompletionSource Answer, CancellationTokenSource Patience)
    {
        public bool IsHeld { get; set; }
    }
}
