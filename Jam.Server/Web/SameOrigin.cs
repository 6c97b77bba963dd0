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
        if (origin.Count == 0)
            return true;
        return origin.Count == 1 && Uri.TryCreate(origin[0], UriKind.Absolute, out var from) && from.Scheme is "http" or "https"
            && request.Host.HasValue && Uri.TryCreate($"{from.Scheme}://{request.Host.Value}", UriKind.Absolute, out var here)
            && string.Equals(from.Authority, here.Authority, StringComparison.OrdinalIgnoreCase);
    }
}
