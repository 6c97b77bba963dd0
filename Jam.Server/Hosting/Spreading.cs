using System.Buffers;

namespace Jam.Server.Hosting;

/// <summary>
/// Sends what waits on many connections: a system call each. Threads of the pool share them, so that neither one of them nor the loop that
/// asked for it has all to do.
/// </summary>
internal sealed class Spreading : IThreadPoolWorkItem
{
    private const int AtOnce = 32;

    private readonly ClientConnection[] _connections;
    private readonly int _count;
    private int _next;
    private int _threads;

    private Spreading(ClientConnection[] rented, int count, int threads) => (_connections, _count, _threads) = (rented, count, threads);

    /// <summary>Takes over who is listed, and returns at once.</summary>
    public static void Begin(List<ClientConnection> due)
    {
        var rented = ArrayPool<ClientConnection>.Shared.Rent(due.Count);
        due.CopyTo(rented);
        var threads = Math.Min(Environment.ProcessorCount, (due.Count + AtOnce - 1) / AtOnce);
        var spreading = new Spreading(rented, due.Count, threads);
        for (var i = 0; i < threads; i++)
            ThreadPool.UnsafeQueueUserWorkItem(spreading, preferLocal: false);
    }

    void IThreadPoolWorkItem.Execute()
    {
        for (int from; (from = Interlocked.Add(ref _next, AtOnce) - AtOnce) < _count;)
        {
            for (var i = from; i < Math.Min(from + AtOnce, _count); i++)
                _connections[i].Pump();
        }

        if (Interlocked.Decrement(ref _threads) == 0)
            ArrayPool<ClientConnection>.Shared.Return(_connections, clearArray: true);
    }
}
