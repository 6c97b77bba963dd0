using System.Diagnostics.CodeAnalysis;

namespace Jam.Peer.Network;

/// <summary>
/// A queue for several threads. Unlike the framework's lock-free one, which costs a kilobyte before it holds anything, an empty one costs
/// next to nothing: a connection has three, and most connections are idle.
/// </summary>
internal sealed class LockedQueue<T>
{
    private readonly Queue<T> _items = new();

    public void Enqueue(T item)
    {
        lock (_items)
            _items.Enqueue(item);
    }

    public bool TryPeek([MaybeNullWhen(false)] out T item)
    {
        lock (_items)
            return _items.TryPeek(out item);
    }

    public bool TryDequeue([MaybeNullWhen(false)] out T item)
    {
        lock (_items)
            return _items.TryDequeue(out item);
    }
}
