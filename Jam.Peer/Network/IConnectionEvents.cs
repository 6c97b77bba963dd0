using Jam.Peer.Storage;
using Jam.Peer.Swarm;
using Jam.Peer.Wire;

namespace Jam.Peer.Network;

/// <summary>What a connection tells the swarm's loop. All of it waits for <see cref="TakeUp"/>: a packet brings many frames, and chunks come and go by the pair.</summary>
internal interface IConnectionEvents
{
    /// <summary>Has the loop take up what this connection has told, at once.</summary>
    /// <param name="runHere">Whether it may do so on this thread, which has nothing else to do; else another one takes it up.</param>
    void TakeUp(bool runHere);

    /// <summary>Storage of a track, for checking chunks as they arrive; null where there is none.</summary>
    TrackStorage? StorageOf(TrackId track);

    /// <summary>A frame of the swarm arrived. Waits while the loop is behind.</summary>
    ValueTask OnFrameAsync(PeerConnection from, Frame frame, CancellationToken cancellationToken);

    /// <summary>A chunk arrived and was checked; the receiver releases it.</summary>
    ValueTask OnChunkAsync(PeerConnection from, ChunkFrame chunk, bool isGood, CancellationToken cancellationToken);

    /// <summary>The socket has taken a chunk, or it could not be read (0 bytes).</summary>
    ValueTask OnChunkSentAsync(PeerConnection from, SendChunk chunk, int bytes, string? problem, CancellationToken cancellationToken);

    /// <summary>A round trip was measured.</summary>
    ValueTask OnRttAsync(PeerConnection from, long rttUs, CancellationToken cancellationToken);
}
