using System.Net;
using Jam.Peer.Network;

namespace Jam.Peer.Session;

/// <summary>A room on this network, as its host tells it; nothing of it is verified.</summary>
/// <param name="Address">Where to join, as <c>ip:port</c>.</param>
/// <param name="Room">The room's name.</param>
/// <param name="Host">What its host calls itself.</param>
/// <param name="Track">What it plays; empty where it has no track.</param>
public sealed record FoundRoom(string Address, string Room, string Host, string Track);

/// <summary>Finds the rooms on this network.</summary>
public static class Discovery
{
    private const int MaxRooms = 256;

    /// <summary>Listens for a while.</summary>
    /// <exception cref="JamException">This machine cannot listen.</exception>
    public static Task<IReadOnlyList<FoundRoom>> FindAsync(TimeSpan wait, TimeProvider time, CancellationToken cancellationToken) =>
        FindAsync(BeaconNetwork.Default, wait, time, cancellationToken);

    internal static async Task<IReadOnlyList<FoundRoom>> FindAsync(
        BeaconNetwork network, TimeSpan wait, TimeProvider time, CancellationToken cancellationToken)
    {
        using var listener = Open(network);
        return await FindAsync(listener, wait, time, cancellationToken);
    }

    internal static async Task<IReadOnlyList<FoundRoom>> FindAsync(
        BeaconListener listener, TimeSpan wait, TimeProvider time, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var timer = time.CreateTimer(_ => patience.Cancel(), null, wait, Timeout.InfiniteTimeSpan);
        // The latest word of each address; a flood of made-up ones ends at the cap.
        var found = new Dictionary<IPEndPoint, FoundRoom>();
        try
        {
            while (true)
            {
                var (from, beacon) = await listener.ReceiveAsync(patience.Token);
                var address = new IPEndPoint(from, beacon.Port);
                if (found.ContainsKey(address) || found.Count < MaxRooms)
                    found[address] = new FoundRoom(address.ToString(), beacon.Room, beacon.Name, beacon.Track);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Tidy(found);
        }
    }

    /// <summary>In the order of addresses; one that is worth less only where the same host told none that is worth more.</summary>
    internal static IReadOnlyList<FoundRoom> Tidy(IReadOnlyDictionary<IPEndPoint, FoundRoom> found) =>
    [
        .. found.Where(f => !found.Any(o => Worth(o.Key.Address) > Worth(f.Key.Address) && o.Key.Port == f.Key.Port
                && (o.Value.Room, o.Value.Host) == (f.Value.Room, f.Value.Host)))
            .OrderBy(f => f.Value.Room, StringComparer.Ordinal).ThenBy(f => f.Value.Address, StringComparer.Ordinal).Select(f => f.Value),
    ];

    // A link-local address names an interface of this machine and cannot be handed on; a loopback one helps only here.
    private static int Worth(IPAddress address) => IPAddress.IsLoopback(address) ? 0 : address.IsIPv6LinkLocal ? 1 : 2;

    private static BeaconListener Open(BeaconNetwork network)
    {
        try
        {
            return BeaconListener.Open(network);
        }
        catch (IOException problem)
        {
            throw new JamException($"cannot look for rooms: {problem.Message}; join by address: --connect IP:PORT", problem);
        }
    }
}
