using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Jam.Peer.Session.Page;

/// <summary>Who may give this peer files to seed: whoever sits at this machine, or has the key that its terminal shows.</summary>
internal sealed class PageKey(string key)
{
    private const string Scheme = "Bearer ";

    /// <summary>A key that nobody guesses.</summary>
    public static PageKey Fresh() => new(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12)));

    /// <summary>As it stands in a link.</summary>
    public string Text => key;

    /// <summary>What a link's fragment begins with that has the key.</summary>
    public const string Mark = "#key=";

    /// <summary>A line without the key that it may end with: logs are passed around.</summary>
    public static string Hide(string line) => line.IndexOf(Mark, StringComparison.Ordinal) is >= 0 and var at ? $"{line[..(at + Mark.Length)]}..." : line;

    /// <summary>
    /// Whether a request comes from this machine, under a name that is only this machine's (another name may be a site's that points here),
    /// or brings the key.
    /// </summary>
    public bool Allows(HttpRequest request, IPAddress? from)
    {
        var authorization = request.Headers.Authorization.ToString();
        if (authorization.StartsWith(Scheme, StringComparison.Ordinal))
            return CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(authorization[Scheme.Length..]));
        return from is not null && IPAddress.IsLoopback(from.IsIPv4MappedToIPv6 ? from.MapToIPv4() : from) && IsThisMachine(request.Host.Host);
    }

    private static bool IsThisMachine(string host) =>
        host == "localhost" || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
}
