namespace Jam.Server.Hosting;

/// <summary>What an operator looks at.</summary>
internal sealed partial class RoomHub
{
    /// <summary>Events that wait for the loop.</summary>
    public int QueueLength => _events.Reader.Count;

    /// <summary>What writes rooms down; null: they are not kept.</summary>
    public RoomSaver? Saver => _saver;

    /// <summary>Whether the loop comes to a new event in time.</summary>
    public async Task<bool> AnswersAsync(TimeSpan within, CancellationToken cancellationToken)
    {
        var asked = new Asked(new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        try
        {
            await WriteAsync(asked, cancellationToken).AsTask().WaitAsync(within, _time, cancellationToken);
            await asked.Answered.Task.WaitAsync(within, _time, cancellationToken);
            return !_loop.IsCompleted;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }
}
