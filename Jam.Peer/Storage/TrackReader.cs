using Jam.Peer.Playback;

namespace Jam.Peer.Storage;

/// <summary>Reads a track as it arrives; a read that lacks bytes says so to the swarm and waits.</summary>
internal sealed class TrackReader(TrackStorage storage, Action<int> onWait) : ITrackReader
{
    /// <inheritdoc/>
    public long LengthBytes => storage.Manifest.LengthBytes;

    /// <inheritdoc/>
    public int Read(long offset, Span<byte> buffer, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        if (offset >= LengthBytes || buffer.IsEmpty)
            return 0;
        var chunkSize = storage.Manifest.ChunkSizeBytes;
        var chunk = (int)(offset / chunkSize);
        if (!storage.Has(chunk))
        {
            onWait(chunk);
            storage.WaitFor(chunk, cancellationToken);
        }

        return storage.Read(chunk, (int)(offset % chunkSize), buffer);
    }
}
