namespace Jam.Peer.Session;

/// <summary>One command at a time waits for the authority's echo or its refusal.</summary>
internal sealed class PendingCommand(TimeProvider time) : IDisposable
{
    // PLAY may wait three seconds for members that are not ready.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(6);

    private readonly SemaphoreSlim _turn = new(1, 1);
    private TaskCompletionSource? _answer;

    /// <summary>Sends, and waits for the answer.</summary>
    /// <exception cref="JamException">It was refused, or no answer came.</exception>
    public async Task RunAsync(Action send, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            var answer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Volatile.Write(ref _answer, answer);
            send();
            await answer.Task.WaitAsync(Patience, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw new JamException("the server has not answered yet; 'stats' shows whether it is connected");
        }
        finally
        {
            Volatile.Write(ref _answer, null);
            _turn.Release();
        }
    }

    /// <summary>The room has changed; false where no command waits for it.</summary>
    public bool Succeed() => Volatile.Read(ref _answer)?.TrySetResult() == true;

    /// <summary>The command was refused; false where none waits.</summary>
    public bool Fail(string why) => Volatile.Read(ref _answer)?.TrySetException(new JamException(why)) == true;

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();
}
