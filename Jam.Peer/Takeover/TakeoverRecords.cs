using Jam.Server.Contracts;

namespace Jam.Peer.Takeover;

/// <summary>What a member, or a server that was asked, says of the room's authority.</summary>
/// <param name="Rank">The highest that it knows, or that it is.</param>
/// <param name="Urls">Where that is, the best first; every one fit to be dialled.</param>
/// <param name="IsConnected">Whether it is connected with it.</param>
/// <param name="IsOwn">Whether it runs in the speaker's own process.</param>
/// <param name="IsAlone">Whether nobody but the speaker has ever followed it.</param>
internal sealed record Word(AuthorityRank Rank, IReadOnlyList<string> Urls, bool IsConnected, bool IsOwn = false, bool IsAlone = false);

/// <summary>Someone who may take the room over.</summary>
/// <param name="PeerId">Its id.</param>
/// <param name="IsHost">Whether it is the room's host.</param>
/// <param name="IsMuted">Whether the host keeps it quiet.</param>
/// <param name="HoldsTrack">Whether it has all of the room's track.</param>
/// <param name="JoinSeq">Order of joining.</param>
internal sealed record Candidate(string PeerId, bool IsHost, bool IsMuted, bool HoldsTrack, long JoinSeq)
{
    /// <summary>Their ids, the host's peer first, then as the room would choose a new host.</summary>
    public static List<string> InOrder(IEnumerable<Candidate> all) =>
    [
        .. all.OrderByDescending(c => c.IsHost).ThenBy(c => c.IsMuted).ThenByDescending(c => c.HoldsTrack).ThenBy(c => c.JoinSeq)
            .ThenBy(c => c.PeerId, StringComparer.Ordinal).Select(c => c.PeerId),
    ];
}

/// <summary>What the core wants done.</summary>
internal abstract record TakeoverEffect;

/// <summary>Tell one member, or all (null), the present <see cref="TakeoverCore.Word"/>.</summary>
internal sealed record Say(string? PeerId) : TakeoverEffect;

/// <summary>
/// Look whether the room is there, beside whatever connection stands, and go there if it is: if it outranks what is followed now or,
/// where <paramref name="ComesHome"/>, in any case and without bringing anything along.
/// </summary>
/// <param name="Rank">Which authority is said to be there.</param>
/// <param name="Urls">Where to look, in turn.</param>
/// <param name="ComesHome">As above.</param>
internal sealed record MoveTo(AuthorityRank Rank, IReadOnlyList<string> Urls, bool ComesHome) : TakeoverEffect;

/// <summary>Where to look while there is no connection, in turn.</summary>
internal sealed record TryThese(IReadOnlyList<string> Urls) : TakeoverEffect;

/// <summary>Start a server that takes the room over with at least this epoch.</summary>
internal sealed record StartServer(long Epoch) : TakeoverEffect;

/// <summary>Ask a server of old where it thinks that the room is, and tell it, unless null, what is known here.</summary>
internal sealed record Ask(string Url, Rendezvous? Told) : TakeoverEffect;
