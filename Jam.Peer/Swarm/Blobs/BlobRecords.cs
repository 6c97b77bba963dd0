using Jam.Peer.Wire;

namespace Jam.Peer.Swarm.Blobs;

/// <summary>A blob that this peer wants.</summary>
/// <param name="Id">Its hash.</param>
/// <param name="MaxBytes">A longer one is refused.</param>
/// <param name="Rank">Lower is fetched first. From <see cref="BlobCore.PatientFrom"/> on it waits until the music is here.</param>
internal sealed record BlobWish(BlobId Id, int MaxBytes, int Rank);

/// <summary>Queue a frame that goes out when nothing else waits; report <see cref="BlobCore.PieceSent"/> when it does.</summary>
internal sealed record SendLastFrame(LinkId Link, Frame Frame) : Effect;

/// <summary>A blob that was wanted is here, and is what its hash says.</summary>
internal sealed record BlobArrived(BlobId Id, byte[] Bytes) : Effect;

/// <summary>What a link and this peer owe each other in blobs.</summary>
internal sealed class BlobLink(LinkId id, bool isHost)
{
    public LinkId Id { get; } = id;

    public bool IsHost { get; } = isHost;

    /// <summary>Wanted here, and said to be there.</summary>
    public HashSet<BlobId> Has { get; } = [];

    /// <summary>Asked for, and said not to be there.</summary>
    public HashSet<BlobId> Lacks { get; } = [];

    /// <summary>Asked for and not answered: blob to offset. Each has one answer, however late.</summary>
    public Dictionary<BlobId, int> Asked { get; } = [];

    /// <summary>Asked by the other side, waiting for a quiet moment.</summary>
    public List<BlobWantFrame> Waiting { get; } = [];

    /// <summary>Bytes given of each blob.</summary>
    public Dictionary<BlobId, long> Given { get; } = [];
}

/// <summary>A blob on its way. All of it comes from one link, so that a wrong hash tells who lied.</summary>
internal sealed class BlobFetch(BlobWish wish)
{
    public BlobWish Wish { get; set; } = wish;

    /// <summary>Whether it waits until the music is here.</summary>
    public bool IsPatient => Wish.Rank >= BlobCore.PatientFrom;

    /// <summary>Allocated with the first piece; null before.</summary>
    public byte[]? Bytes { get; set; }

    public int Got { get; set; }

    /// <summary>Who is asked; null: nobody.</summary>
    public LinkId? From { get; set; }

    /// <summary>When the piece that is missing next was asked for, local microseconds.</summary>
    public long AskedAtUs { get; set; }

    /// <summary>Begins anew, with anyone.</summary>
    public void Reset() => (From, Bytes, Got) = (null, null, 0);
}
