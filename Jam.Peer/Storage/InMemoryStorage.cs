using System.Collections.Concurrent;
using Jam.Peer.Swarm;
using Jam.Peer.Wire;

namespace Jam.Peer.Storage;

/// <summary>A track that no disk takes: it plays and is served from memory, and is gone with the process.</summary>
internal sealed class InMemoryStorage(Manifest manifest) : TrackStorage(manifest, new Bitfield(manifest.ChunkCount))
{
    private readonly ConcurrentDictionary<int, byte[]> _chunks = new();

    /// <inheritdoc/>
    public override int Read(int chunk, int offset, Span<byte> buffer)
    {
        if (!_chunks.TryGetValue(chunk, out var kept))
            throw new IOException($"chunk {chunk} is not here");
        var length = Math.Min(buffer.Length, kept.Length - offset);
        kept.AsSpan(offset, length).CopyTo(buffer);
        return length;
    }

    /// <inheritdoc/>
    protected override string? Store(int chunk, ReadOnlySpan<byte> payload)
    {
        _chunks[chunk] = payload.ToArray();
        return null;
    }
}
