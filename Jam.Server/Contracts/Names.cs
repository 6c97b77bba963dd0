using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Text;

namespace Jam.Server.Contracts;

/// <summary>What names, ids and addresses of others may look like.</summary>
public static class Names
{
    /// <summary>
    /// A name fit to be shown: trimmed, without control characters or marks that turn the direction of text around, cut to
    /// <paramref name="maxLength"/> UTF-16 units between whole characters; null where nothing is left.
    /// </summary>
    public static string? Clean(string? name, int maxLength)
    {
        if (name?.Trim() is { Length: > 0 } plain && plain.Length <= maxLength && !plain.AsSpan().ContainsAnyExceptInRange(' ', '~'))
            return plain;
        var clean = new StringBuilder(Math.Min(name?.Length ?? 0, maxLength));
        foreach (var rune in (name ?? "").Trim().EnumerateRunes())
        {
            if (Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator || TurnsDirection(rune.Value))
                continue;
            if (clean.Length + rune.Utf16SequenceLength > maxLength)
                break;
            clean.Append(rune);
        }

        var text = clean.ToString().Trim();
        return text.Length == 0 ? null : text;
    }

    /// <summary>A file's name without a folder, cleaned; null where nothing usable is left.</summary>
    public static string? CleanFileName(string? name, int maxLength)
    {
        var last = name is null ? null : name[(name.AsSpan().LastIndexOfAny('/', '\\') + 1)..];
        return Clean(last, maxLength) is { } clean && clean is not ("." or "..") ? clean : null;
    }

    /// <summary>Whether it is a SHA-256 in hexadecimal digits of either case.</summary>
    public static bool IsTrackId([NotNullWhen(true)] string? text) => text is { Length: 64 } && text.All(char.IsAsciiHexDigit);

    /// <summary>Whether it may be a peer id or a token: 1 to 64 letters, digits, - and _.</summary>
    public static bool IsId([NotNullWhen(true)] string? text) =>
        text is { Length: > 0 and <= Limits.MaxIdLength } && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');

    /// <summary>Whether it may be a room's name: 1 to 64 letters, digits, - _ and dots, not dots alone.</summary>
    public static bool IsRoomName([NotNullWhen(true)] string? text) =>
        text is { Length: > 0 and <= Limits.MaxRoomNameLength } && text is not ("." or "..")
        && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');

    /// <summary>Whether it may be where a room is: <c>ws://host:port/...</c> or <c>wss://</c>, with a room's name at the end and no user in it.</summary>
    public static bool IsRoomUrl([NotNullWhen(true)] string? text) =>
        text is { Length: > 0 and <= Limits.MaxUrlLength } && Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "ws" or "wss"
        && uri.Host.Length > 0 && uri.UserInfo.Length == 0 && uri.Query.Length == 0 && uri.Fragment.Length == 0
        && IsRoomName(uri.AbsolutePath[(uri.AbsolutePath.LastIndexOf('/') + 1)..]);

    /// <summary>Whether an address means the machine of whoever dials it: said by another machine, it leads to nothing of its own.</summary>
    public static bool IsOfThisMachine(Uri url)
    {
        ArgumentNullException.ThrowIfNull(url);
        return url.IsLoopback || (IPAddress.TryParse(url.DnsSafeHost, out var address) && (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any)));
    }

    /// <summary>Reads <c>ip:port</c> or <c>[ip]:port</c> with a port from 1 on.</summary>
    public static bool TryParseAddress([NotNullWhen(true)] string? text, [NotNullWhen(true)] out IPEndPoint? address)
    {
        address = null;
        if (text is not { Length: > 0 and <= 64 } || !IPEndPoint.TryParse(text, out var parsed) || parsed.Port == 0)
            return false;
        address = parsed.Address.IsIPv4MappedToIPv6 ? new IPEndPoint(parsed.Address.MapToIPv4(), parsed.Port) : parsed;
        return true;
    }

    private static bool TurnsDirection(int rune) =>
        rune is 0x061C or 0x200E or 0x200F or (>= 0x202A and <= 0x202E) or (>= 0x2066 and <= 0x2069);
}
