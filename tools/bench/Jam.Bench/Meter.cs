using System.Diagnostics;

namespace Jam.Bench;

/// <summary>One transfer, measured.</summary>
/// <param name="MbPerSecond">Million bytes per second, over all receivers.</param>
/// <param name="CpuPerGib">Seconds of processor time per GiB brought, all ends together.</param>
internal sealed record Speed(double MbPerSecond, double CpuPerGib)
{
    /// <summary>Runs something that brings so many bytes, alone in this process.</summary>
    public static async Task<Speed> OfAsync(long bytes, Func<Task> transfer)
    {
        // What the run before left must not be cleared away at this one's cost.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        using var process = Process.GetCurrentProcess();
        var cpu = process.TotalProcessorTime;
        var start = Stopwatch.GetTimestamp();
        await transfer();
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        process.Refresh();
        return new Speed(bytes / seconds / 1e6, (process.TotalProcessorTime - cpu).TotalSeconds / bytes * (1L << 30));
    }

    /// <summary>The median of each figure for itself.</summary>
    public static Speed MedianOf(IReadOnlyCollection<Speed> speeds) =>
        new(Median(speeds.Select(s => s.MbPerSecond)), Median(speeds.Select(s => s.CpuPerGib)));

    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
