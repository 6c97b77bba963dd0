using System.Diagnostics.CodeAnalysis;

namespace Jam.Peer.Wire;

/// <summary>Names what travels beside a track (its index, its tags, its cover): the SHA-256 of the bytes.</summary>
internal readonly record struct BlobId(TrackId Hash)
{
    /// <summary>Length in bytes.</summary>
    public const int Size = TrackId.Size;

    /// <summary>The id of these bytes.</summary>
    public static BlobId Of(ReadOnlySpan<byte> bytes) => new(TrackId.Of(bytes));

    /// <summary>From 32 bytes.</summary>
    public static BlobId Read(ReadOnlySpan<byte> bytes) => new(TrackId.Read(bytes));

    /// <summary>To 32 bytes.</summary>
    public void Write(Span<byte> bytes) => Hash.Write(bytes);

    /// <summary>From 64 hexadecimal digits.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out BlobId id)
    {
        var isHash = TrackId.TryParse(text, out var hash);
        id = new BlobId(hash);
        return isHash;
    }

    /// <summary>64 lower-case hexadecimal digits, as in the control protocol.</summary>
    public override string ToString() => Hash.ToString();
}
