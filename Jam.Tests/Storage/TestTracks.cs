using System.Security.Cryptography;
using Jam.Peer.Storage;
using Jam.Peer.Swarm;
using Jam.Peer.Wire;

namespace Jam.Tests.Storage;

/// <summary>A track whose bytes the test knows.</summary>
internal sealed class TestTrack
{
    public TestTrack(int lengthBytes, int chunkSizeBytes = 1024, int seed = 1)
    {
        Bytes = new byte[lengthBytes];
        new Random(seed).NextBytes(Bytes);
        Manifest = Manifest.Create(lengthBytes, chunkSizeBytes, Bytes.Chunk(chunkSizeBytes).SelectMany(SHA256.HashData).ToArray());
    }

    public byte[] Bytes { get; }

    public Manifest Manifest { get; }

    public TrackId Id => Manifest.Id;

    public int Chunks => Manifest.ChunkCount;

    public ReadOnlySpan<byte> Chunk(int chunk) => Bytes.AsSpan(chunk * Manifest.ChunkSizeBytes, Manifest.SizeOf(chunk));

    /// <summary>What a storage gives back for a chunk.</summary>
    public static byte[] Read(TrackStorage storage, int chunk)
    {
        var buffer = new byte[storage.Manifest.SizeOf(chunk)];
        return buffer[..storage.Read(chunk, 0, buffer)];
    }

    public void Fill(TrackStorage storage, params IEnumerable<int> chunks)
    {
        foreach (var chunk in chunks)
            storage.Write(chunk, Chunk(chunk));
    }

    public void FillAll(TrackStorage storage) => Fill(storage, Enumerable.Range(0, Chunks));
}

/// <summary>Chunks in memory.</summary>
internal sealed class MemoryStorage(Manifest manifest, Bitfield? have = null) : TrackStorage(manifest, have ?? new Bitfield(manifest.ChunkCount))
{
    private readonly byte[] _bytes = new byte[manifest.LengthBytes];

    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Everything is here.</summary>
    public static MemoryStorage Full(TestTrack track)
    {
        var storage = new MemoryStorage(track.Manifest, Bitfield.Full(track.Chunks));
        track.Bytes.CopyTo(storage._bytes, 0);
        return storage;
    }

    public override int Read(int chunk, int offset, Span<byte> buffer)
    {
        var part = _bytes.AsSpan(chunk * Manifest.ChunkSizeBytes, Manifest.SizeOf(chunk))[offset..];
        part = part[..Math.Min(part.Length, buffer.Length)];
        part.CopyTo(buffer);
        return part.Length;
    }

    protected override string? Store(int chunk, ReadOnlySpan<byte> payload)
    {
        payload.CopyTo(_bytes.AsSpan(chunk * Manifest.ChunkSizeBytes));
        return null;
    }
}
