using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Jam.Server.Doors;

/// <summary>
/// Passwords as they are kept: PBKDF2 with HMAC-SHA512 (RFC 8018), a salt of 16 bytes for each, as
/// <c>pbkdf2-sha512$ROUNDS$SALT$HASH</c>, the last two in base64.
/// </summary>
internal static class PasswordSeal
{
    /// <summary>Rounds of a new one: what OWASP asked for in 2023. A tenth of a second.</summary>
    public const int DefaultRounds = 210_000;

    private const string Name = "pbkdf2-sha512";
    private const int SaltBytes = 16;
    private const int HashBytes = 32;

    /// <summary>One that came from elsewhere must not keep a processor busy for long.</summary>
    private const int MostRounds = 1_000_000;

    /// <summary>A password, salted and hashed.</summary>
    public static string Of(string password, int rounds)
    {
        var salt = RandomNumberGenerator.GetBytes(SaltBytes);
        return string.Create(CultureInfo.InvariantCulture, $"{Name}${rounds}${Convert.ToBase64String(salt)}${Convert.ToBase64String(Hash(password, salt, rounds))}");
    }

    /// <summary>Whether a password is the one that was sealed; false, too, where the seal is none. Takes as long either way.</summary>
    public static bool Opens(string seal, string password)
    {
        Span<byte> salt = stackalloc byte[SaltBytes + 2], hash = stackalloc byte[HashBytes + 2];
        if (seal.Split('$') is not [Name, var roundsText, var saltText, var hashText]
            || !int.TryParse(roundsText, NumberStyles.None, CultureInfo.InvariantCulture, out var rounds) || rounds is < 1 or > MostRounds
            || !Convert.TryFromBase64String(saltText, salt, out var saltLength) || saltLength != SaltBytes
            || !Convert.TryFromBase64String(hashText, hash, out var hashLength) || hashLength != HashBytes)
            return false;
        return CryptographicOperations.FixedTimeEquals(Hash(password, salt[..SaltBytes], rounds), hash[..HashBytes]);
    }

    private static byte[] Hash(string password, ReadOnlySpan<byte> salt, int rounds) =>
        Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(password), salt, rounds, HashAlgorithmName.SHA512, HashBytes);
}
