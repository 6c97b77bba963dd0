using Jam.Peer.Wire;

namespace Jam.Peer.Network;

/// <summary>What the loop asks of whoever owns it; called on the loop, so it must be quick.</summary>
internal interface ISwarmOwner
{
    /// <summary>A manifest arrived: open storage, then post <see cref="OpenEvent"/>.</summary>
    void OnManifest(Manifest manifest);

    /// <summary>The last chunk of a track is here.</summary>
    void OnCompleted(TrackId track);

    /// <summary>A peer broke the rules and is cut off.</summary>
    void OnDropped(PeerConnection connection, string why, bool ban);

    /// <summary>A chunk could not be kept on disk, or not be read from it.</summary>
    void OnStorageProblem(TrackId track, string problem);

    /// <summary>A blob that was wanted arrived.</summary>
    void OnBlob(BlobId id, byte[] bytes)
    {
        // Not everyone wants any.
    }
}
