using System.Net;
using Jam.Peer.Network;
using Jam.Peer.Takeover;
using Jam.Peer.Wire;
using Jam.Server.Contracts;

namespace Jam.Peer.Session;

/// <summary>Addresses of a room's authority as they go out to a member, and as they may be believed when they come from one.</summary>
internal static class RoomWhereabouts
{
    /// <summary>What a member is told: with addresses that lead there from where it is.</summary>
    /// <param name="word">What is known.</param>
    /// <param name="room">The room's name.</param>
    /// <param name="ownPort">Port of this process's own server; null where there is none.</param>
    /// <param name="local">The address of this machine at which the member has it.</param>
    /// <param name="addresses">This machine's addresses.</param>
    /// <param name="isSecure">Whether that server speaks TLS.</param>
    public static RendezvousFrame ToFrame(Word word, string room, int? ownPort, IPAddress local, IEnumerable<IPAddress> addresses, bool isSecure = false)
    {
        var flags = (word.IsConnected ? RendezvousFlags.Connected : 0) | (word.IsOwn ? RendezvousFlags.Own : 0) | (word.IsAlone ? RendezvousFlags.Alone : 0);
        IEnumerable<Uri> urls = word.IsOwn && ownPort is { } port
            ? addresses.Where(a => !IPAddress.IsLoopback(a)).Prepend(local).Select(a => At(a, port, room, isSecure))
            : word.Urls.Select(u => new Uri(u));
        return new RendezvousFrame(
            word.Rank.Epoch, word.Rank.Id, flags, [.. new RoomLocation(room, [.. urls]).AsSeenFrom(local).Urls.Distinct().Where(u => u.Length <= Limits.MaxUrlLength).Take(Limits.MaxUrls)]);
    }

    /// <summary>What a server is told of where the room is: it passes that on to members elsewhere, whom this machine's loopback addresses mislead.</summary>
    /// <param name="told">As this process dials it.</param>
    /// <param name="server">The server that is told.</param>
    /// <param name="own">Where this process reaches its own server; null where it has none.</param>
    /// <param name="addresses">This machine's addresses.</param>
    public static Rendezvous ToServer(Rendezvous told, Uri server, Uri? own, IEnumerable<IPAddress> addresses)
    {
        if (server.IsLoopback)
            return told;
        var reachable = addresses.Where(a => !IPAddress.IsLoopback(a)).ToArray();
        IEnumerable<Uri> Spread(Uri url) => own is not null && url == own
            ? reachable.Select(a => new UriBuilder(url) { Host = a.ToString() }.Uri)
            : [];
        return told with
        {
            Urls = [.. told.Urls.Select(u => new Uri(u)).SelectMany(u => u.IsLoopback ? Spread(u) : [u]).Select(u => u.ToString()).Distinct().Take(Limits.MaxUrls)],
        };
    }

    /// <summary>What a member says, without addresses that cannot be this room's, or that mean another machine here than there.</summary>
    public static Word ToWord(RendezvousFrame frame, string room, IPAddress from) => new(
        new AuthorityRank(frame.Epoch, frame.AuthorityId), Believable(frame.Urls, room, from), frame.Flags.HasFlag(RendezvousFlags.Connected),
        frame.Flags.HasFlag(RendezvousFlags.Own), frame.Flags.HasFlag(RendezvousFlags.Alone));

    /// <summary>The addresses among them that may be dialled.</summary>
    /// <param name="urls">As they came.</param>
    /// <param name="room">The room's name, which each ends with.</param>
    /// <param name="from">Where they come from: only one of this machine may name a loopback address.</param>
    public static IReadOnlyList<string> Believable(IReadOnlyList<string> urls, string room, IPAddress from) =>
    [
        .. RoomLocation.From(new RoomInfoFrame(room, [.. urls.Where(Names.IsRoomUrl).Take(Limits.MaxUrls)]), from).Urls
            .Where(u => u.AbsolutePath.EndsWith($"/{room}", StringComparison.Ordinal) && (!Names.IsOfThisMachine(u) || IPAddress.IsLoopback(from.Plain())))
            .Select(u => u.ToString()),
    ];

    private static Uri At(IPAddress address, int port, string room, bool isSecure) => new($"{(isSecure ? "wss" : "ws")}://{new IPEndPoint(address, port)}/ws/{room}");
}
