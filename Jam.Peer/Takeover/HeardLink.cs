namespace Jam.Peer.Takeover;

/// <summary>A member that is connected with this peer, and what it said last.</summary>
internal sealed class HeardLink
{
    public Word? Word { get; set; }

    public long HeardUs { get; set; } = long.MinValue / 2;

    /// <summary>Authorities that it named and that were looked for without success since this peer was last connected anew.</summary>
    public HashSet<Guid> Vain { get; } = [];
}
