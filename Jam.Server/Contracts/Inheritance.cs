namespace Jam.Server.Contracts;

/// <summary>
/// A room as one of its members knows it, for the server that this member starts in place of the one that is gone: the members, who
/// was the host, and the secret that links between peers are proved with, beside what any member would resume with.
/// </summary>
/// <param name="Room">The room's name.</param>
/// <param name="Secret">The room secret, base64.</param>
/// <param name="Epoch">Least epoch of the new authority.</param>
/// <param name="Known">What the member remembers; its <see cref="Resume.SuccessorUs"/> is on this process's own monotonic clock.</param>
/// <param name="Members">Everyone who may come back as itself.</param>
/// <param name="HostId">Who was the host; null where nobody was.</param>
/// <param name="HostGraceUs">How long the host's place is kept from now on, microseconds.</param>
/// <param name="Lanes">Lanes of the loop.</param>
/// <param name="Kicked">Ids that the host sent away.</param>
/// <param name="Door">What its door is kept with; null: it stands open.</param>
public sealed record Inheritance(
    string Room, string Secret, long Epoch, Resume? Known, IReadOnlyList<Inheritor> Members, string? HostId, long HostGraceUs,
    IReadOnlyList<LoopLane> Lanes, IReadOnlyList<string> Kicked, DoorSeal? Door = null);

/// <summary>A member who may come back as itself: by a token whose hash is public.</summary>
public sealed record Inheritor(string PeerId, string Name, long JoinSeq, string TokenHash, bool IsMuted);
