using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Jam.Tests.Architecture.Samples.Pure;

/// <summary>Uses what pure code may use, an iterator, a record and a seeded generator among it.</summary>
internal static class IsPure
{
    private sealed record Pair(long AtUs, byte[] Hash);

    public static IEnumerable<long> Count(ReadOnlyMemory<byte> bytes, Random random)
    {
        var pair = new Pair(BinaryPrimitives.ReadInt64BigEndian(bytes.Span), SHA256.HashData(bytes.Span));
        foreach (var piece in pair.Hash.Where(piece => piece > random.Next(256)).Order())
            yield return pair.AtUs + piece;
    }

    public static Random Seeded(int seed) => new(seed);
}
