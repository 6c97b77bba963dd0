using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Jam.Peer.Wire;

/// <summary>SHA-256 of a manifest: the same file cut the same way is the same track, whoever seeds it.</summary>
internal readonly record struct TrackId(ulong A, ulong B, ulong C, ulong D)
{
    /// <summary>Length in bytes.</summary>
    public const int Size = 32;

    /// <summary>Any of it is as good as all: it is a hash.</summary>
    public override int GetHashCode() => A.GetHashCode();

    /// <summary>Whether it is the same. What the compiler would write asks a comparer for each part.</summary>
    public bool Equals(TrackId other) => A == other.A && B == other.B && C == other.C && D == other.D;

    /// <summary>The id of an encoded manifest.</summary>
    public static TrackId Of(ReadOnlySpan<byte> encodedManifest)
    {
        Span<byte> hash = stackalloc byte[Size];
        SHA256.HashData(encodedManifest, hash);
        return Read(hash);
    }

    /// <summary>From 32 bytes, big endian.</summary>
    public static TrackId Read(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]),
        BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]), BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]));

    /// <summary>To 32 bytes, big endian.</summary>
    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt64BigEndian(bytes, A);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], B);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[16..], C);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[24..], D);
    }

    /// <summary>From 64 hexadecimal digits.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out TrackId id)
    {
        id = default;
        Span<byte> bytes = stackalloc byte[Size];
        if (text is not { Length: 2 * Size }
            || Convert.FromHexString(text, bytes, out _, out var written) != System.Buffers.OperationStatus.Done || written != Size)
        {
            return false;
        }

        id = Read(bytes);
        return true;
    }

    /// <summary>64 lower-case hexadecimal digits, as in the control protocol.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Size];
        Write(bytes);
        return Convert.ToHexStringLower(bytes);
    }
}
