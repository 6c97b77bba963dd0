using System.Buffers.Binary;
using System.Security.Cryptography;
using Jam.Peer.Session;
using Jam.Peer.Swarm;
using Jam.Peer.Wire;

namespace Jam.Peer.Storage;

/// <summary>Pseudo-random chunks that are computed rather than stored: a transfer test without a file.</summary>
internal sealed class PatternStorage : TrackStorage
{
    private PatternStorage(Manifest manifest)
        : base(manifest, Bitfield.Full(manifest.ChunkCount))
    {
    }

    /// <summary>The same pattern gives the same track, so a second run finds the first one's chunks in the cache.</summary>
    /// <exception cref="JamException">More chunks than a manifest holds.</exception>
    public static PatternStorage Create(TestPattern pattern, CancellationToken cancellationToken, Action<int>? onHashed = null)
    {
        if (pattern.Chunks > Manifest.MaxChunks)
            throw new JamException($"a track has at most {Manifest.MaxChunks} chunks, not {pattern.Chunks}; take larger ones");
        var buffer = new byte[pattern.ChunkSizeBytes];
        var hashes = new byte[pattern.Chunks * Manifest.HashSize];
        for (var chunk = 0; chunk < pattern.Chunks; chunk++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Fill(chunk, 0, buffer);
            SHA256.HashData(buffer, hashes.AsSpan(chunk * Manifest.HashSize));
            onHashed?.Invoke(buffer.Length);
        }

        return new PatternStorage(Manifest.Create((long)pattern.Chunks * pattern.ChunkSizeBytes, pattern.ChunkSizeBytes, hashes));
    }

    /// <inheritdoc/>
    public override int Read(int chunk, int offset, Span<byte> buffer)
    {
        var part = buffer[..Math.Min(buffer.Length, Manifest.SizeOf(chunk) - offset)];
        Fill(chunk, offset, part);
        return part.Length;
    }

    /// <inheritdoc/>
    protected override string? Store(int chunk, ReadOnlySpan<byte> payload) => null;

    // SplitMix64 (Steele, Lea, Flood 2014) as a counter: any byte can be computed without those before it.
    private static void Fill(int chunk, int offset, Span<byte> buffer)
    {
        Span<byte> word = stackalloc byte[8];
        for (var i = 0; i < buffer.Length;)
        {
            var at = offset + i;
            var z = ((ulong)chunk << 32 | (uint)(at / 8)) * 0x9E3779B97F4A7C15 + 0x9E3779B97F4A7C15;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            BinaryPrimitives.WriteUInt64LittleEndian(word, z ^ (z >> 31));
            var part = word[(at % 8)..];
            part = part[..Math.Min(part.Length, buffer.Length - i)];
            part.CopyTo(buffer[i..]);
            i += part.Length;
        }
    }
}
