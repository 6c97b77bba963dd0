using System.Net;

namespace Jam.Server.Doors;

/// <summary>
/// What a server bears of one address (under IPv6: one /64), however many connections it has. A campus of three hundred listeners behind
/// one address has to fit in. 0: any amount. The machine's own address has no such limits: a proxy there speaks for many.
/// </summary>
public sealed record AddressLimits
{
    /// <summary>Connections to rooms at a time.</summary>
    public int Connections { get; init; } = 1_000;

    /// <summary>HELLOs a second in the long run; <see cref="JoinBurst"/> at once.</summary>
    public int JoinsPerSecond { get; init; } = 20;

    /// <summary>HELLOs at once: a lecture hall after its network was gone for a moment.</summary>
    public int JoinBurst { get; init; } = 600;

    /// <summary>Messages a second in the long run; four times as many at once.</summary>
    public int MessagesPerSecond { get; init; } = 5_000;

    /// <summary>Bytes of messages a second in the long run; four times as many at once.</summary>
    public int BytesPerSecond { get; init; } = 8 * 1024 * 1024;

    /// <summary>Requests for pages and files a second in the long run; twenty times as many at once.</summary>
    public int RequestsPerSecond { get; init; } = 100;

    /// <summary>Whether an address is the one by which this machine speaks to itself.</summary>
    internal static bool IsOwn(IPAddress address) =>
        address.Equals(IPAddress.Loopback) || address.Equals(IPAddress.IPv6Loopback) || (address.IsIPv4MappedToIPv6 && address.MapToIPv4().Equals(IPAddress.Loopback));

    /// <summary>No limits at all.</summary>
    public static AddressLimits None { get; } = new() { Connections = 0, JoinsPerSecond = 0, JoinBurst = 0, MessagesPerSecond = 0, BytesPerSecond = 0, RequestsPerSecond = 0 };
}
