using System.Text.Json.Serialization;

namespace Jam.Server.Contracts;

/// <summary>
/// Which of two authorities of one room is the room's: the one of the higher epoch, and among equal epochs the one of the lower id. The
/// id is that of its clock, which is new with every process.
/// </summary>
/// <param name="Epoch">Of its timeline.</param>
/// <param name="Id">Its clock's id; ids are compared as their text is.</param>
public readonly record struct AuthorityRank(long Epoch, Guid Id)
{
    /// <summary>Positive where this one outranks the other.</summary>
    public int CompareTo(AuthorityRank other) => Epoch != other.Epoch ? Epoch.CompareTo(other.Epoch) : other.Id.CompareTo(Id);

    /// <summary>Whether this one is to be followed rather than the other.</summary>
    public bool Outranks(AuthorityRank other) => CompareTo(other) > 0;
}

/// <summary>Where a room's authority is. Hearsay until its STATE says the same.</summary>
/// <param name="Epoch">Its epoch.</param>
/// <param name="AuthorityId">Its clock.</param>
/// <param name="Urls">Where it can be reached, the best first; none: where this comes from.</param>
/// <param name="Members">How many members are where this comes from.</param>
public sealed record Rendezvous(long Epoch, Guid AuthorityId, IReadOnlyList<string> Urls, int Members = 0) : ServerMessage
{
    /// <summary>How it compares with others.</summary>
    [JsonIgnore]
    public AuthorityRank Rank => new(Epoch, AuthorityId);
}

/// <summary>Tells a server where the room's authority is, and asks where it thinks that is. Needs no HELLO.</summary>
public sealed record TellRendezvous(Rendezvous Told) : ClientMessage;
