using System.Net;

namespace Jam.Peer.Gateway;

/// <summary>Whose pages may read what a gateway serves: those of the room's own server alone.</summary>
internal static class GatewayOrigins
{
    /// <summary>Whether a page may.</summary>
    /// <param name="origin">What its browser says that it comes from.</param>
    /// <param name="servers">Where the room's server is known to stand.</param>
    /// <param name="own">This machine's addresses: one who knows its server as 127.0.0.1 is known to others by these.</param>
    public static bool Allows(string origin, IEnumerable<Uri> servers, IEnumerable<IPAddress> own)
    {
        if (!Uri.TryCreate(origin, UriKind.Absolute, out var page) || page.Scheme is not ("http" or "https") || page.AbsolutePath != "/"
            || page.UserInfo.Length > 0 || page.Query.Length > 0 || page.Fragment.Length > 0)
            return false;
        var isSecure = page.Scheme == "https";
        foreach (var server in servers)
        {
            if (isSecure != (server.Scheme is "wss" or "https") || page.Port != server.Port)
                continue;
            if (string.Equals(page.IdnHost, server.IdnHost, StringComparison.OrdinalIgnoreCase))
                return true;
            if (server.IsLoopback && (page.IsLoopback || (IPAddress.TryParse(page.Host.Trim('[', ']'), out var address) && own.Contains(address))))
                return true;
        }

        return false;
    }
}
