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

/// <summary>Read a chunk from storage and send it; report <see cref="SwarmCore.ChunkSent"/> when the socket has taken it, and <see cref="SwarmCore.ChunkArrived"/> where it is known.</summary>
/// <param name="Link">To whom.</param>
/// <param name="Track">Of what.</param>
/// <param name="Slot">What this side calls that.</param>
/// <param name="Chunk">Which.</param>
/// <param name="PaceUsPerByte">How fast at the most, microseconds per byte; 0: as fast as it goes.</param>
internal sealed record SendChunk(LinkId Link, TrackId Track, ushort Slot, int Chunk, double PaceUsPerByte = 0) : Effect
{
    /// <summary>What stands for a track's manifest where it is asked what the other side has.</summary>
    public const int Manifest = -1;
}

/// <summary>Keep a verified chunk.</summary>
internal sealed record StoreChunk(TrackId Track, int Chunk) : Effect;

/// <summary>A manifest arrived and is the track's: open storage, then call <see cref="SwarmCore.OpenTrack"/>.</summary>
internal sealed record ManifestArrived(Manifest Manifest) : Effect;

/// <summary>The last chunk of a track is here.</summary>
internal sealed record TrackCompleted(TrackId Track) : Effect;

/// <summary>Close a link; where <paramref name="Ban"/>, refuse its peer for the rest of the session.</summary>
internal sealed record DropLink(LinkId Link, string Why, bool Ban) : Effect;
