using System.Buffers.Binary;

namespace Jam.Peer.Wire;

/// <summary>
/// What a track is made of: its length, its chunk size, and one SHA-256 per chunk. Encoded as u64 length, u32 chunk size
/// (big endian), then 32 bytes per chunk; the SHA-256 of that is the track's id.
/// </summary>
internal sealed class Manifest
{
    /// <summary>Bytes per hash.</summary>
    public const int HashSize = 32;

    /// <summary>Bytes before the hashes.</summary>
    public const int HeaderSize = 12;

    /// <summary>Most chunks of one track: 8 GiB at 64 KiB.</summary>
    public const int MaxChunks = 131_072;

    /// <summary>Smallest chunk.</summary>
    public const int MinChunkSize = 1024;

    /// <summary>Largest chunk.</summary>
    public const int MaxChunkSize = 1024 * 1024;

    /// <summary>Size of the largest encoded manifest.</summary>
    public const int MaxEncodedSize = HeaderSize + MaxChunks * HashSize;

    private Manifest(byte[] encoded, long lengthBytes, int chunkSizeBytes)
    {
        Encoded = encoded;
        LengthBytes = lengthBytes;
        ChunkSizeBytes = chunkSizeBytes;
        ChunkCount = Count(lengthBytes, chunkSizeBytes);
        Id = TrackId.Of(encoded);
    }

    /// <summary>The wire form.</summary>
    public byte[] Encoded { get; }

    /// <summary>The track's id.</summary>
    public TrackId Id { get; }

    /// <summary>Size of the file.</summary>
    public long LengthBytes { get; }

    /// <summary>Size of every chunk but the last.</summary>
    public int ChunkSizeBytes { get; }

    /// <summary>How many chunks there are; at least 1.</summary>
    public int ChunkCount { get; }

    /// <summary>Small chunks are relayed sooner, large ones cost less: 16 KiB up to 8 MB, 32 KiB up to 32 MB, else 64 KiB.</summary>
    public static int ChunkSizeFor(long lengthBytes) => lengthBytes switch
    {
        <= 8_000_000 => 16 * 1024,
        <= 32_000_000 => 32 * 1024,
        _ => 64 * 1024,
    };

    /// <summary>Chunks of a file.</summary>
    public static int Count(long lengthBytes, int chunkSizeBytes) => checked((int)((lengthBytes + chunkSizeBytes - 1) / chunkSizeBytes));

    /// <summary>From hashes that were computed here.</summary>
    /// <param name="lengthBytes">Size of the file, at least 1.</param>
    /// <param name="chunkSizeBytes">Chunk size.</param>
    /// <param name="hashes">32 bytes per chunk.</param>
    public static Manifest Create(long lengthBytes, int chunkSizeBytes, ReadOnlySpan<byte> hashes)
    {
        var encoded = new byte[HeaderSize + hashes.Length];
        BinaryPrimitives.WriteInt64BigEndian(encoded, lengthBytes);
        BinaryPrimitives.WriteInt32BigEndian(encoded.AsSpan(8), chunkSizeBytes);
        hashes.CopyTo(encoded.AsSpan(HeaderSize));
        return TryParse(encoded) ?? throw new ArgumentException("length, chunk size and hashes do not fit each other", nameof(hashes));
    }

    /// <summary>From bytes that anyone may have sent; null where they are no manifest. The id is for the caller to compare.</summary>
    public static Manifest? TryParse(byte[] encoded)
    {
        if (encoded.Length < HeaderSize + HashSize || encoded.Length > MaxEncodedSize)
            return null;
        var length = BinaryPrimitives.ReadInt64BigEndian(encoded);
        var chunkSize = BinaryPrimitives.ReadInt32BigEndian(encoded.AsSpan(8));
        if (chunkSize is < MinChunkSize or > MaxChunkSize || length < 1 || length > (long)MaxChunks * chunkSize)
            return null;
        return encoded.Length == HeaderSize + (long)Count(length, chunkSize) * HashSize ? new Manifest(encoded, length, chunkSize) : null;
    }

    /// <summary>The SHA-256 that a chunk must have.</summary>
    public ReadOnlySpan<byte> HashOf(int chunk) => Encoded.AsSpan(HeaderSize + chunk * HashSize, HashSize);

    /// <summary>Size of one chunk in bytes.</summary>
    public int SizeOf(int chunk) => (int)Math.Min(ChunkSizeBytes, LengthBytes - (long)chunk * ChunkSizeBytes);

    /// <summary>Whether a chunk is the last one and shorter than the others.</summary>
    public bool IsShort(int chunk) => SizeOf(chunk) < ChunkSizeBytes;

    /// <summary>Whether bytes are that chunk.</summary>
    public bool IsGood(int chunk, ReadOnlySpan<byte> payload)
    {
        if ((uint)chunk >= (uint)ChunkCount || payload.Length != SizeOf(chunk))
            return false;
        Span<byte> hash = stackalloc byte[HashSize];
        System.Security.Cryptography.SHA256.HashData(payload, hash);
        return hash.SequenceEqual(HashOf(chunk));
    }
}
