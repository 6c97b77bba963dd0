using System.Buffers.Binary;

namespace Jam.Peer.Wire;

/// <summary>
/// Test data that both ends can compute, so that what arrives is verified byte by byte, and that no link can compress. A
/// xorshift64* sequence (Vigna 2016) that begins with the number.
/// </summary>
internal static class TestPayload
{
    /// <summary>Most bytes of one TEST_DATA.</summary>
    public const int MaxSize = Manifest.MaxChunkSize;

    /// <summary>The data of a number.</summary>
    /// <param name="number">Any.</param>
    /// <param name="size">1 to <see cref="MaxSize"/> bytes.</param>
    public static byte[] Create(uint number, int size)
    {
        var bytes = new byte[size];
        Fill(number, bytes);
        return bytes;
    }

    /// <summary>Whether data are those of a number.</summary>
    public static bool IsGood(uint number, ReadOnlySpan<byte> bytes)
    {
        Span<byte> word = stackalloc byte[8];
        var state = Start(number);
        for (; !bytes.IsEmpty; bytes = bytes[Math.Min(8, bytes.Length)..])
        {
            BinaryPrimitives.WriteUInt64BigEndian(word, Next(ref state));
            if (!bytes[..Math.Min(8, bytes.Length)].SequenceEqual(word[..Math.Min(8, bytes.Length)]))
                return false;
        }

        return true;
    }

    private static void Fill(uint number, Span<byte> bytes)
    {
        Span<byte> word = stackalloc byte[8];
        var state = Start(number);
        for (; !bytes.IsEmpty; bytes = bytes[Math.Min(8, bytes.Length)..])
        {
            BinaryPrimitives.WriteUInt64BigEndian(word, Next(ref state));
            word[..Math.Min(8, bytes.Length)].CopyTo(bytes);
        }
    }

    // Never 0, where the sequence would stay.
    private static ulong Start(uint number) => (number + 1UL) * 0x9E3779B97F4A7C15;

    private static ulong Next(ref ulong state)
    {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        return state * 0x2545F4914F6CDD1D;
    }
}
