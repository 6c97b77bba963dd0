using System.Net;
using Jam.Peer.Network;
using Jam.Peer.Session.Page;
using Jam.Server.Contracts;
using Jam.Server.Hosting;
using Jam.Server.Web;
using QRCoder;

namespace Jam.Peer.Session;

/// <summary>What a host's terminal says to whoever sits before it: how others come in.</summary>
internal static class HowToJoin
{
    /// <summary>The very lines that others type, with this machine's addresses.</summary>
    public static IEnumerable<string> Lines(int swarmPort, JamServer? server, string room, PageKey key, IPAddress? bind = null)
    {
        var addresses = Addresses(bind);
        if (server is not null)
            yield return $"the rendezvous server listens on port {server.Port}, room '{room}'";
        var trust = server?.Fingerprint is { } fingerprint ? $" --tls-fingerprint {fingerprint}" : "";
        foreach (var address in addresses)
            yield return $"others join with: {ProgramName.Typed} --connect {new IPEndPoint(address, swarmPort).Text()}{trust}";
        if (server is null)
            yield break;
        var link = Page(server, addresses, room);
        yield return $"in a browser: {link}";
        yield return $"to add files from a browser on another machine of yours: {link}{PageKey.Mark}{key.Text}";
    }

    /// <summary>One line with the ways in that an invite opens, and its link.</summary>
    public static (string Line, string Link) Invite(Invited invite, int swarmPort, JamServer? server, Uri? pages, string room, DoorOptions door)
    {
        var addresses = Addresses(door.Bind);
        var page = server is not null ? Page(server, addresses, room)
            : pages is null ? $"/room/{room}" : new UriBuilder(pages) { Scheme = pages.Scheme == "wss" ? "https" : "http", Path = $"/room/{room}" }.Uri.ToString();
        var link = $"{page}{RoomLinks.InviteMark}{invite.Token}";
        var command = $"tools/jam --connect {new IPEndPoint(addresses.Count > 0 ? addresses[0] : IPAddress.Loopback, swarmPort).Text()} --invite {invite.Token}";
        return ($"invite {invite.Id}{RoomTexts.Terms(invite.Uses, invite.UntilUnixSec)}: {link} or {command}", link);
    }

    /// <summary>A link as rows of blocks, for cameras.</summary>
    public static IEnumerable<string> Code(string link)
    {
        using var generator = new QRCodeGenerator();
        using var data = generator.CreateQrCode(link, QRCodeGenerator.ECCLevel.L);
        using var code = new AsciiQRCode(data);
        return code.GetGraphicSmall(drawQuietZones: true).Split('\n').Select(row => row.TrimEnd('\r'));
    }

    private static IReadOnlyList<IPAddress> Addresses(IPAddress? bind) =>
        bind is null || bind.Equals(IPAddress.Any) || bind.Equals(IPAddress.IPv6Any) ? LocalAddresses.All() : [bind];

    private static string Page(JamServer server, IReadOnlyList<IPAddress> addresses, string room) =>
        $"{(server.IsSecure ? "https" : "http")}://{new IPEndPoint(addresses.Count > 0 ? addresses[0] : IPAddress.Loopback, server.WebPort).Text()}/room/{room}";
}
