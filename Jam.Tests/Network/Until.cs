using NUnit.Framework;

namespace Jam.Tests.Network;

/// <summary>Waits for what another thread brings about. The overall limit is the test's own token, so a slow machine is only slow.</summary>
internal static class Until
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(5);

    /// <summary>Returns as soon as the condition holds; fails with what it saw last where the token ends first.</summary>
    public static async Task TrueAsync(Func<bool> condition, CancellationToken cancellationToken, Func<object?>? seen = null)
    {
        using var timer = new PeriodicTimer(Every);
        while (!condition())
        {
            try
            {
                await timer.WaitForNextTickAsync(cancellationToken);
            }
            catch (OperationCanceledException)
            {
                throw new AssertionException($"it never came about; last seen: {seen?.Invoke() ?? "nothing"}");
            }
        }
    }
}
