using Jam.Peer.Storage;
using Jam.Peer.Wire;

namespace Jam.Peer.Gateway;

/// <summary>A track that browsers may have.</summary>
/// <param name="Storage">Its verified chunks; null where its manifest is not here yet.</param>
/// <param name="ContentType">By its first bytes.</param>
/// <param name="BytesPerSecond">About what playing it takes.</param>
internal sealed record GatewayTrack(TrackStorage? Storage, string ContentType, double BytesPerSecond);

/// <summary>Something that travels beside a track.</summary>
/// <param name="Bytes">All of it.</param>
/// <param name="ContentType">What it is.</param>
internal sealed record GatewayBlob(byte[] Bytes, string ContentType);

/// <summary>What a gateway serves from. Safe for any thread; answers at once.</summary>
internal interface IGatewaySource
{
    /// <summary>The tracks that the room plays now or next; nothing else is served.</summary>
    IReadOnlyList<TrackId> Tracks { get; }

    /// <summary>Where the room's server is, as this peer reaches it; null while it does not.</summary>
    Uri? Server { get; }

    /// <summary>One of those; null where it is none.</summary>
    GatewayTrack? Find(TrackId track);

    /// <summary>What travels beside one of those; null where it is not here.</summary>
    GatewayBlob? Find(TrackId track, GatewayPart part);

    /// <summary>Whether other peers wait for something from here that they are about to play: browsers come after them.</summary>
    bool IsPressed { get; }

    /// <summary>Whether a page may read what is served.</summary>
    bool Allows(string origin);

    /// <summary>A browser waits for a chunk.</summary>
    void Await(TrackId track, int chunk);

    /// <summary>Bytes go out that others cannot have from the same uplink.</summary>
    void Spend(int bytes);

    /// <summary>Whether who shows this may listen; null: shows nothing. In a locked room only members can.</summary>
    bool Admits(string? pass) => true;

    /// <summary>Whether a member of the room goes by this id.</summary>
    bool IsMember(string peerId);
}
