using System.Collections.Concurrent;
using Jam.Peer.Swarm;
using Jam.Peer.Wire;
using Microsoft.Win32.SafeHandles;

namespace Jam.Peer.Storage;

/// <summary>A track in a folder of the cache: one file as long as the track, with gaps until it is complete.</summary>
internal sealed class CacheStorage : TrackStorage
{
    private readonly SafeFileHandle _data;
    private readonly FileStream _lock;
    private readonly string? _privateFolder;
    // What a full disk did not take; it still plays and is still served.
    private readonly ConcurrentDictionary<int, byte[]> _inMemory = new();

    /// <param name="manifest">What the track is made of.</param>
    /// <param name="have">Verified chunks in the file.</param>
    /// <param name="data">The file, open for reading and writing.</param>
    /// <param name="folderLock">Held as long as the folder is in use.</param>
    /// <param name="privateFolder">A folder that goes when this does; null where the folder is the cache's own.</param>
    public CacheStorage(Manifest manifest, Bitfield have, SafeFileHandle data, FileStream folderLock, string? privateFolder)
        : base(manifest, have)
    {
        _data = data;
        _lock = folderLock;
        _privateFolder = privateFolder;
    }

    /// <inheritdoc/>
    public override int Read(int chunk, int offset, Span<byte> buffer)
    {
        var length = Math.Min(buffer.Length, Manifest.SizeOf(chunk) - offset);
        if (_inMemory.TryGetValue(chunk, out var kept))
        {
            kept.AsSpan(offset, length).CopyTo(buffer);
            return length;
        }

        FileReads.ReadFully(_data, buffer[..length], (long)chunk * Manifest.ChunkSizeBytes + offset);
        // A whole chunk is for another peer or for a file of the user's: what the disk has spoilt since must not get this peer banned.
        return length < Manifest.SizeOf(chunk) || Manifest.IsGood(chunk, buffer[..length])
            ? length
            : throw new IOException($"chunk {chunk} on disk is no longer what it was");
    }

    /// <inheritdoc/>
    protected override string? Store(int chunk, ReadOnlySpan<byte> payload)
    {
        try
        {
            RandomAccess.Write(_data, payload, (long)chunk * Manifest.ChunkSizeBytes);
            return null;
        }
        catch (IOException problem)
        {
            _inMemory[chunk] = payload.ToArray();
            return problem.Message;
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _data.Dispose();
        _lock.Dispose();
        if (_privateFolder is not null)
            Directory.Delete(_privateFolder, recursive: true);
        base.Dispose(disposing);
    }
}
