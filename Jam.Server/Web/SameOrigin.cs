using Microsoft.AspNetCore.Http;

namespace Jam.Server.Web;

/// <summary>Browsers say from which page a request comes; programs need not. A page may talk only to the server that it came from.</summary>
internal static class SameOrigin
{
    /// <summary>Whether nothing says that a page of another site asks.</summary>
    public static bool Allows(HttpRequest request)
    {
        if (request.Headers["Sec-Fetch-Site"] is [{ } site] && site is "cross-site" or "same-site")
            return false;
        var origin = request.Headers.Origin;
        return Allows(origin.Count == 0 ? null : origin.ToString(), request.Host.Value);
    }

    /// <summary>As the other, for what a page says of itself; null where it is none. More than one origin is a foreign one.</summary>
    public static bool Allows(string? origin, string? host) =>
        origin is null
        || (Uri.TryCreate(origin, UriKind.Absolute, out var from) && from.Scheme is "http" or "https"
            && !string.IsNullOrEmpty(host) && Uri.TryCreate($"{from.Scheme}://{host}", UriKind.Absolute, out var here)
            && string.Equals(from.Authority, here.Authority, StringComparison.OrdinalIgnoreCase));
}
