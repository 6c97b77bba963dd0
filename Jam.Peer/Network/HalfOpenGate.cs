using System.Net;
using Jam.Server.Contracts;

namespace Jam.Peer.Network;

/// <summary>A connection that has not proved anything yet.</summary>
/// <param name="From">Where it comes from.</param>
/// <param name="Evict">Closes it.</param>
internal sealed record HalfOpen(AddressKey From, Action Evict);

/// <summary>
/// How many strangers may stand in the door: so many in all, and so many of one address. One more puts out the oldest, of its own
/// address where that has its share, else of the address that has most. So whoever opens connections and says nothing only ever
/// displaces itself, and whoever proves membership at once gets in. Safe for any thread.
/// </summary>
internal sealed class HalfOpenGate
{
    /// <summary>Most in all.</summary>
    public const int Most = 64;

    /// <summary>Most of one address.</summary>
    public const int MostOfOne = 16;

    private readonly Lock _gate = new();
    // In the order in which they came.
    private readonly LinkedList<HalfOpen> _standing = new();

    /// <summary>How many stand in the door now.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
                return _standing.Count;
        }
    }

    /// <summary>Lets one stand in the door.</summary>
    /// <param name="from">Where it comes from.</param>
    /// <param name="evict">Closes it; called at most once, on the thread of whoever displaces it.</param>
    /// <param name="isCrowding">Whether its address has had its share.</param>
    public HalfOpen Enter(IPAddress from, Action evict, out bool isCrowding)
    {
        var entry = new HalfOpen(new AddressKey(from), evict);
        HalfOpen? displaced = null;
        lock (_gate)
        {
            isCrowding = _standing.Count(s => s.From == entry.From) >= MostOfOne;
            if (isCrowding)
                displaced = _standing.First(s => s.From == entry.From);
            else if (_standing.Count >= Most)
                displaced = _standing.GroupBy(s => s.From).MaxBy(g => g.Count())!.First();
            if (displaced is not null)
                _standing.Remove(displaced);
            _standing.AddLast(entry);
        }

        displaced?.Evict();
        return entry;
    }

    /// <summary>It has proved its membership, or is gone.</summary>
    public void Leave(HalfOpen entry)
    {
        lock (_gate)
            _standing.Remove(entry);
    }
}
