using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Jam.Server.Contracts;

/// <summary>
/// Resume tokens. Their hashes are public, so that whoever takes a room over can tell its members from others who claim their ids.
/// </summary>
public static class Tokens
{
    private const string Sealed = "sha256:";
    private const int HashDigits = 32;

    /// <summary>The public hash: 32 hexadecimal digits. A token is 24 random bytes, so nobody finds it from there.</summary>
    public static string HashOf(string token)
    {
        ArgumentNullException.ThrowIfNull(token);
        return token.StartsWith(Sealed, StringComparison.Ordinal)
            ? token[Sealed.Length..]
            : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)))[..HashDigits];
    }

    /// <summary>A token of which only the hash is known. No client can name it: a colon is in no id.</summary>
    public static string Seal(string hash) => Sealed + hash;

    /// <summary>Whether what a client claims is the token that is known, or the one whose hash is.</summary>
    public static bool IsSame(string known, [NotNullWhen(true)] string? claimed)
    {
        ArgumentNullException.ThrowIfNull(known);
        if (claimed is null || claimed.StartsWith(Sealed, StringComparison.Ordinal))
            return false;
        var (a, b) = known.StartsWith(Sealed, StringComparison.Ordinal) ? (HashOf(known), HashOf(claimed)) : (known, claimed);
        return CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(a), Encoding.UTF8.GetBytes(b));
    }

    /// <summary>Whether it may be such a hash.</summary>
    public static bool IsHash(string? text) => text is { Length: HashDigits } && text.All(char.IsAsciiHexDigit);
}
