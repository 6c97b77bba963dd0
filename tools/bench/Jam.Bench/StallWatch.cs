using System.Diagnostics;

namespace Jam.Bench;

/// <summary>A transfer stands still.</summary>
internal sealed class StallException(string message) : Exception(message);

/// <summary>Gives a transfer up that brings nothing for a while: a swarm that stands still must show as that and not as a run that never ends.</summary>
/// <param name="what">What is being done, for the message.</param>
/// <param name="patience">For how long nothing may come.</param>
internal sealed class StallWatch(string what, TimeSpan patience)
{
    private static readonly TimeSpan MostBetweenLooks = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan EndsWithin = TimeSpan.FromSeconds(5);

    /// <summary>Waits for the connections that a transfer needs.</summary>
    /// <exception cref="StallException">They do not come.</exception>
    public async Task<T> ConnectAsync<T>(Task<T> connecting)
    {
        try
        {
            return await connecting.WaitAsync(patience);
        }
        catch (TimeoutException)
        {
            throw new StallException($"{what}: the peers did not connect within {patience.TotalSeconds:F0} s");
        }
    }

    /// <summary>Runs a transfer.</summary>
    /// <param name="transfer">Ends when it is told to.</param>
    /// <param name="hereBytes">What it has brought so far.</param>
    /// <param name="where">In words.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="StallException">Nothing came for too long.</exception>
    public async Task RunAsync(Func<CancellationToken, Task> transfer, Func<long> hereBytes, Func<string?> where, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var running = transfer(stop.Token);
        var (here, since) = (hereBytes(), Stopwatch.GetTimestamp());
        var look = patience / 4 < MostBetweenLooks ? patience / 4 : MostBetweenLooks;
        while (await Task.WhenAny(running, Task.Delay(look, cancellationToken)) != running)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (hereBytes() is var now && now > here)
            {
                (here, since) = (now, Stopwatch.GetTimestamp());
            }
            else if (Stopwatch.GetElapsedTime(since) >= patience)
            {
                // How it stands is asked before it is ended.
                var stall = new StallException($"{what}: nothing has come for {patience.TotalSeconds:G3} s ({where()})");
                await stop.CancelAsync();
                await Task.WhenAny(running, Task.Delay(EndsWithin, CancellationToken.None));
                throw stall;
            }
        }

        await running;
    }
}
