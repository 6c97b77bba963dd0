using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace Jam.Tests.Architecture.Samples.Impure;

// One sin each, so that each is found on its own.

internal static class ReadsTheStopwatch
{
    public static long Now() => Stopwatch.GetTimestamp();
}

internal static class ReadsTheWallClock
{
#pragma warning disable RS0030 // The sin is the point.
    public static long Now() => DateTime.UtcNow.Ticks;
#pragma warning restore RS0030
}

internal static class ReadsTheTickCount
{
    public static long Now() => Environment.TickCount64;
}

internal sealed class KeepsATimeProvider(TimeProvider time)
{
    public override string? ToString() => time.ToString();
}

internal static class SharesRandomness
{
    public static int Roll() => Random.Shared.Next(6);
}

internal static class SeedsItself
{
    public static Random Make() => new();
}

internal static class MakesAnId
{
    public static Guid Make() => Guid.NewGuid();
}

internal static class AsksForAFile
{
    public static bool Exists(string path) => File.Exists(path);
}

internal sealed class HoldsASocketInAGeneric
{
    private readonly Dictionary<string, List<Socket>> _sockets = [];

    public int Count => _sockets.Count;
}

internal static class Awaits
{
    public static async Task<int> Later(ValueTask<int> value) => await value;
}

internal static class Logs
{
    public static bool Speaks(ILogger? logger) => logger is not null;
}

internal static class Locks
{
    public static int Take(object gate)
    {
        lock (gate)
            return 1;
    }
}

internal static class CatchesASocketError
{
    public static int Try(Func<int> work)
    {
        try
        {
            return work();
        }
        catch (SocketException)
        {
            return -1;
        }
    }
}

internal static class CallsNativeCode
{
    [DllImport("libc", EntryPoint = "getpid")]
    public static extern int ProcessId();
}

internal static class TakesACancellation
{
    public static bool IsOver(CancellationToken cancellationToken) => cancellationToken.IsCancellationRequested;
}
