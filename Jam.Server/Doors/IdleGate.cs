using System.Net;
using Jam.Server.Contracts;

namespace Jam.Server.Doors;

/// <summary>
/// How many connections may stand before the server without asking for anything: so many in all, and so many of one address. One more
/// puts out the oldest, of its own address where that has its share, else of the address that has most: whoever opens connections and
/// says nothing displaces itself. The machine's own address is not counted. Safe for any thread.
/// </summary>
internal sealed class IdleGate(int most = IdleGate.Most, int mostOfOne = IdleGate.MostOfOne)
{
    /// <summary>Most in all.</summary>
    public const int Most = 4_096;

    /// <summary>Most of one address: browsers keep up to six each.</summary>
    public const int MostOfOne = 2_048;

    private readonly Lock _gate = new();
    // In the order in which they came, by address.
    private readonly Dictionary<AddressKey, LinkedList<Standing>> _standing = [];

    /// <summary>How many stand there now.</summary>
    public int Count { get; private set; }

    /// <summary>A new connection, which stands there at once.</summary>
    /// <param name="from">Where it comes from.</param>
    /// <param name="evict">Closes it; called on the thread of whoever displaces it.</param>
    public Standing Enter(IPAddress? from, Action evict)
    {
        var entry = new Standing(new AddressKey(from ?? IPAddress.None), evict, from is not null && AddressLimits.IsOwn(from));
        Wait(entry);
        return entry;
    }

    /// <summary>It asks for nothing for now.</summary>
    public void Wait(Standing entry)
    {
        Standing? displaced = null;
        lock (_gate)
        {
            if (entry.Node is not null || entry.IsOwn)
                return;
            if (!_standing.TryGetValue(entry.From, out var own))
                own = _standing[entry.From] = new LinkedList<Standing>();
            if (own.Count >= mostOfOne)
                displaced = own.First!.Value;
            else if (Count >= most)
                displaced = _standing.Values.MaxBy(list => list.Count)!.First!.Value;
            if (displaced is not null)
                Remove(displaced);
            // The list may have been dropped with its last entry.
            _standing[entry.From] = own;
            entry.Node = own.AddLast(entry);
            Count++;
        }

        displaced?.Evict();
    }

    /// <summary>It has asked for something, or is gone.</summary>
    public void Leave(Standing entry)
    {
        lock (_gate)
            Remove(entry);
    }

    private void Remove(Standing entry)
    {
        if (entry.Node is not { List: { } list } node)
            return;
        list.Remove(node);
        entry.Node = null;
        Count--;
        if (list.Count == 0)
            _standing.Remove(entry.From);
    }

    /// <summary>A connection, and its place in the line; null where it stands in none.</summary>
    internal sealed class Standing(AddressKey from, Action evict, bool isOwn)
    {
        public bool IsOwn => isOwn;

        public AddressKey From => from;

        public LinkedListNode<Standing>? Node { get; set; }

        public void Evict() => evict();
    }
}
