using System.Net;
using Jam.Server.Contracts;

namespace Jam.Peer.Network;

/// <summary>With whom this peer will have to do. Safe for any thread.</summary>
internal sealed class Admission(LinkRegistry links, TimeProvider time, OnceNotices once)
{
    private const int MaxLinks = 512;
    private const int MaxLinksOfOne = 128;

    private readonly Lock _gate = new();
    private readonly AddressBans _bans = new();

    /// <summary>A hash has proved that a peer sent wrong data: it is refused for the rest of the run, and its address for a while.</summary>
    public void Ban(PeerConnection liar)
    {
        links.Ban(liar.PeerId);
        lock (_gate)
            _bans.Add(liar.RemoteEndPoint.Address, time.NowUs());
    }

    /// <summary>Whether nothing is to do with an address for now.</summary>
    public bool IsBanned(IPAddress address)
    {
        lock (_gate)
            return _bans.Has(address, time.NowUs());
    }

    /// <summary>Whether one more from an address may come in.</summary>
    public bool MayEnter(IPAddress from)
    {
        if (IsBanned(from))
            return false;
        var all = links.All;
        var key = new AddressKey(from);
        if (all.Count < MaxLinks && all.Count(l => new AddressKey(l.RemoteEndPoint.Address) == key) < MaxLinksOfOne)
            return true;
        once.Say($"full {key}", $"{from} is not let in: there are {all.Count} connections already");
        return false;
    }
}
