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
    private int _threads = 1;

    public Spreading(List<ClientConnection> due)
    {
        _count = due.Count;
        _connections = ArrayPool<ClientConnection>.Shared.Rent(_count);
        due.CopyTo(_connections);
    }

    /// <summary>Has it done, and returns at once.</summary>
    public void Begin()
    {
        var threads = Math.Min(Environment.ProcessorCount, (_count + AtOnce - 1) / AtOnce);
        _threads = threads;
        for (var i = 0; i < threads; i++)
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>Does a part of it, or all of it where it is called once.</summary>
    public void Execute()
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
