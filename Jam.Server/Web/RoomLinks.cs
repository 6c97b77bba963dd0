using System.Net;
using Microsoft.AspNetCore.Http;
using QRCoder;

namespace Jam.Server.Web;

/// <summary>Links to a room, and their code for cameras.</summary>
internal static class RoomLinks
{
    /// <summary>What stands before an invite in a link: what is behind a #, browsers send to nobody.</summary>
    public const string InviteMark = "#invite=";

    private const int MaxAddresses = 8;

    /// <summary>
    /// Where others find the room: as the asker found it, or, where that was by a name for this machine alone, by its addresses.
    /// </summary>
    public static IReadOnlyList<string> Of(HttpContext context, string room)
    {
        var host = context.Request.Host;
        var asked = new UriBuilder(context.Request.Scheme, host.HasValue ? host.Host : "localhost", host.Port ?? -1, $"/room/{room}").Uri;
        if (!asked.IsLoopback)
            return [asked.AbsoluteUri];
        var here = LanAddresses.All().Take(MaxAddresses).Select(address => Url(asked, address, context.Connection.LocalPort));
        return [.. here, asked.AbsoluteUri];
    }

    /// <summary>The link as an SVG that scales, dark on light in any theme: cameras want it so.</summary>
    public static string Code(string link)
    {
        using var generator = new QRCodeGenerator();
        using var data = generator.CreateQrCode(link, QRCodeGenerator.ECCLevel.M);
        using var code = new SvgQRCode(data);
        return code.GetGraphic(4, "#111111", "#ffffff", sizingMode: SvgQRCode.SizingMode.ViewBoxAttribute);
    }

    private static string Url(Uri asked, IPAddress address, int port) =>
        new UriBuilder(asked) { Host = address.ToString(), Port = port }.Uri.AbsoluteUri;
}
