using Jam.Peer.Storage;
using Jam.Peer.Swarm;
using Jam.Peer.Swarm.Blobs;
using Jam.Peer.Wire;

namespace Jam.Peer.Network;

/// <summary>What the swarm's loop is told, in order.</summary>
internal abstract record SwarmEvent
{
    private protected SwarmEvent()
    {
    }
}

internal sealed record LinkUpEvent(PeerConnection Connection, bool IsHost) : SwarmEvent;

internal sealed record LinkDownEvent(LinkId Link) : SwarmEvent;

internal sealed record FrameEvent(LinkId Link, Frame Frame) : SwarmEvent;

internal sealed record ChunkEvent(LinkId Link, ChunkFrame Chunk, bool IsGood) : SwarmEvent;

internal sealed record ChunkSentEvent(LinkId Link, SendChunk Chunk, int Bytes, string? Problem) : SwarmEvent;

/// <summary>Bytes that are no chunk go out under the same upload cap.</summary>
internal sealed record SpentEvent(int Bytes) : SwarmEvent;

internal sealed record RttEvent(LinkId Link, long RttUs) : SwarmEvent;

internal sealed record HostEvent(LinkId Link, bool IsHost) : SwarmEvent;

internal sealed record WantEvent(TrackId Track, int Priority) : SwarmEvent;

internal sealed record OpenEvent(TrackStorage Storage, bool Striped) : SwarmEvent;

internal sealed record AwaitEvent(TrackId Track, int Chunk) : SwarmEvent;

/// <summary>Where the room is in a track; <paramref name="AtUs"/> is local and may lie ahead.</summary>
internal sealed record PlayheadEvent(TrackId Track, double PositionByte, double BytesPerUs, bool IsRunning, long AtUs) : SwarmEvent;

/// <summary>All blobs that this peer wants from now on.</summary>
internal sealed record WantBlobsEvent(IReadOnlyList<BlobWish> Wishes) : SwarmEvent;

/// <summary>A blob that this peer made.</summary>
internal sealed record AddBlobEvent(BlobId Id, byte[] Bytes) : SwarmEvent;

/// <summary>A blob's piece that waited for a quiet moment went out.</summary>
internal sealed record BlobSentEvent(LinkId Link) : SwarmEvent;

/// <summary>A picture of the swarm at one moment.</summary>
internal sealed record SwarmSnapshot(IReadOnlyDictionary<TrackId, TrackSnapshot> Tracks, IReadOnlyList<LinkSnapshot> Links)
{
    /// <summary>Whether a peer waits for a chunk from here that it is about to play.</summary>
    public bool HasUrgentUploads { get; init; }

    /// <summary>What all tracks together came to.</summary>
    public SwarmTotals Totals { get; init; }

    public static SwarmSnapshot Empty { get; } = new(new Dictionary<TrackId, TrackSnapshot>(), []);
}

/// <summary>Chunk bytes since the peer started: all that arrived, those that were new and verified, those that were sent.</summary>
internal record struct SwarmTotals(long ReceivedBytes, long UsefulBytes, long SentBytes);

/// <summary>One track of a <see cref="SwarmSnapshot"/>.</summary>
internal sealed record TrackSnapshot(
    int Chunks, int ChunksHave, int FromCache, int FromHost, int FromPeers, long BytesUp, long BytesDown, int BadChunks,
    ChunkSources? Sources = null);

/// <summary>One link of a <see cref="SwarmSnapshot"/>.</summary>
internal sealed record LinkSnapshot(
    PeerConnection Connection, long? RttUs, IReadOnlyDictionary<TrackId, (int Have, int From, int To)> Tracks, double DownBytesPerSecond,
    double UpBytesPerSecond);
