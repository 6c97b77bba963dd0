using System.Net;

namespace Jam.Server.Contracts;

/// <summary>
/// Whom an address stands for: itself, or under IPv6 its /64, since one machine has all of that to choose from. Link-local
/// addresses of all machines share theirs, and stand for themselves.
/// </summary>
internal readonly record struct AddressKey
{
    private readonly IPAddress _address;

    public AddressKey(IPAddress address)
    {
        _address = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        var bytes = _address.GetAddressBytes();
        if (bytes.Length == 4 || _address.IsIPv6LinkLocal || IPAddress.IsLoopback(_address))
            return;
        bytes.AsSpan(8).Clear();
        _address = new IPAddress(bytes);
    }

    public override string ToString() => _address.ToString();
}
