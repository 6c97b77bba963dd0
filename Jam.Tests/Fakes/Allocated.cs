namespace Jam.Tests.Fakes;

/// <summary>What a way that is gone over and over allocates.</summary>
internal static class Allocated
{
    /// <summary>
    /// Fewest bytes that one of several stretches allocates on this thread. The runtime may make something for its own sake on this
    /// thread's account, when it compiles better code, say; what the way itself makes is in each stretch.
    /// </summary>
    /// <param name="stretches">How many.</param>
    /// <param name="stretch">Goes the way; is told which stretch it is, from 0.</param>
    public static long Least(int stretches, Action<int> stretch)
    {
        var least = long.MaxValue;
        for (var i = 0; i < stretches; i++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            stretch(i);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        return least;
    }
}
