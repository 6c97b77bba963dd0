using System.Net;
using Jam.Server.Contracts;

namespace Jam.Peer.Network;

/// <summary>
/// Addresses from which data came that a hash proves wrong. The peer's id is refused for the whole run, but an id is easily
/// changed; an address is refused for a short time only, since honest peers may share it (NAT): half a minute, doubling with
/// each proof, up to eight minutes. Connections that stand are not touched. Pure; not safe for several threads.
/// </summary>
internal sealed class AddressBans
{
    private const long FirstUs = 30_000_000;
    private const int MostDoublings = 4;
    private const int MaxAddresses = 1024;

    private readonly Dictionary<AddressKey, (long UntilUs, int Times)> _bans = [];

    /// <summary>A hash has proved that something from there was wrong.</summary>
    public void Add(IPAddress address, long nowUs)
    {
        var key = new AddressKey(address);
        var times = _bans.GetValueOrDefault(key).Times;
        if (_bans.Count >= MaxAddresses && times == 0)
            _bans.Remove(_bans.MinBy(b => b.Value.UntilUs).Key);
        _bans[key] = (nowUs + (FirstUs << Math.Min(times, MostDoublings)), times + 1);
    }

    /// <summary>Whether nothing is to do with an address for now.</summary>
    public bool Has(IPAddress address, long nowUs) => _bans.TryGetValue(new AddressKey(address), out var ban) && nowUs < ban.UntilUs;
}
