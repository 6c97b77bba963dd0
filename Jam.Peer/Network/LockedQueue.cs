using System.Diagnostics.CodeAnalysis;

namespace Jam.Peer.Network;

/// <summary>
/// A queue for several threads. Unlike the framework's lock-free one, which costs a kilobyte before it holds anything, one that nothing
/// was ever put into costs next to nothing: a connection has four, and most connections are idle.
/// </summary>
internal sealed class LockedQueue<T>
{
    private Queue<T>? _items;

    public bool IsEmpty
    {
        get
        {
            lock (this)
                return _items is not { Count: > 0 };
        }
    }

    public void Enqueue(T item)
    {
        lock (this)
            (_items ??= new Queue<T>()).Enqueue(item);
    }

    public bool TryPeek([MaybeNullWhen(false)] out T item)
    {
        item = default;
        lock (this)
            return _items?.TryPeek(out item) == true;
    }

    public bool TryDequeue([MaybeNullWhen(false)] out T item)
    {
        item = default;
        lock (this)
            return _items?.TryDequeue(out item) == true;
    }
}
