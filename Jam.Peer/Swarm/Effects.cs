using Jam.Peer.Wire;

namespace Jam.Peer.Swarm;

/// <summary>A connection to another peer, as the core knows it.</summary>
internal readonly record struct LinkId(int Value);

/// <summary>What the core wants done. The shell does it in the order given.</summary>
internal abstract record Effect
{
    private protected Effect()
    {
    }
}

/// <summary>Queue a small frame on a link.</summary>
internal sealed record SendFrame(LinkId Link, Frame Frame) : Effect;

/// <summary>Read a chunk from storage and send it; report <see cref="SwarmCore.ChunkSent"/> when it has left this machine.</summary>
internal sealed record SendChunk(LinkId Link, TrackId Track, ushort Slot, int Chunk) : Effect;

/// <summary>Keep a verified chunk.</summary>
internal sealed record StoreChunk(TrackId Track, int Chunk) : Effect;

/// <summary>A manifest arrived and is the track's: open storage, then call <see cref="SwarmCore.OpenTrack"/>.</summary>
internal sealed record ManifestArrived(Manifest Manifest) : Effect;

/// <summary>The last chunk of a track is here.</summary>
internal sealed record TrackCompleted(TrackId Track) : Effect;

/// <summary>Close a link; where <paramref name="Ban"/>, refuse its peer for the rest of the session.</summary>
internal sealed record DropLink(LinkId Link, string Why, bool Ban) : Effect;
