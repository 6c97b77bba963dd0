using System.Security.Cryptography;
using System.Text;

namespace Jam.Peer.Wire;

/// <summary>
/// Proof of membership: HMAC-SHA256 under the room secret over which side speaks, both peer ids, both nonces and the room.
/// The side keeps one's own proof from being sent back; the nonces keep an old one from being used again.
/// </summary>
internal static class HandshakeProof
{
    /// <summary>Length of a nonce and of a proof in bytes.</summary>
    public const int Size = 32;

    /// <summary>The proof that one side must send.</summary>
    /// <param name="secret">The room secret.</param>
    /// <param name="ofDialer">Whether the proof is the dialling side's.</param>
    /// <param name="dialer">HELLO of whoever dialled.</param>
    /// <param name="listener">HELLO of whoever was dialled.</param>
    public static byte[] Compute(ReadOnlySpan<byte> secret, bool ofDialer, HelloFrame dialer, HelloFrame listener)
    {
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, secret);
        hmac.AppendData([ofDialer ? (byte)1 : (byte)2]);
        Append(hmac, Encoding.UTF8.GetBytes(dialer.PeerId));
        Append(hmac, Encoding.UTF8.GetBytes(listener.PeerId));
        Append(hmac, dialer.Nonce);
        Append(hmac, listener.Nonce);
        Append(hmac, Encoding.UTF8.GetBytes(dialer.Room));
        return hmac.GetHashAndReset();
    }

    /// <summary>Compares in constant time.</summary>
    public static bool Verify(ReadOnlySpan<byte> secret, bool ofDialer, HelloFrame dialer, HelloFrame listener, ReadOnlySpan<byte> proof) =>
        CryptographicOperations.FixedTimeEquals(Compute(secret, ofDialer, dialer, listener), proof);

    // Every field with its length, so that no two sets of fields make the same bytes.
    private static void Append(IncrementalHash hmac, ReadOnlySpan<byte> field)
    {
        hmac.AppendData([(byte)field.Length]);
        hmac.AppendData(field);
    }
}
