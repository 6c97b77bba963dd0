using System.Collections.Immutable;
using Jam.Server.Contracts;

namespace Jam.Server.Rooms;

/// <summary>The room of a server that a member starts because the room's own is gone.</summary>
internal static class Inheriting
{
    /// <summary>Under a clock of its own and a higher epoch, with everyone absent who may come back as itself.</summary>
    public static Room Open(Inheritance inheritance, Guid clockId, Moment now)
    {
        var room = Room.Open(inheritance.Room, inheritance.Secret, clockId, now.Us) with
        {
            Absentees = inheritance.Members.DistinctBy(m => m.PeerId).ToImmutableDictionary(
                m => m.PeerId, m => new Absentee(m.PeerId, m.Name, m.JoinSeq, Tokens.Seal(m.TokenHash), now.Us, m.IsMuted)),
            NextJoinSeq = inheritance.Members.Select(m => m.JoinSeq).DefaultIfEmpty().Max() + 1,
            HostClaim = inheritance.HostId is { } host ? new HostClaim(host, now.Us + Math.Clamp(inheritance.HostGraceUs, 0, RoomRules.HostGraceUs)) : null,
            Lanes = ImmutableSortedDictionary.CreateRange(
                StringComparer.Ordinal, inheritance.Lanes.DistinctBy(l => l.PeerId).Take(Limits.MaxLanes).Select(l => KeyValuePair.Create(l.PeerId, l))),
            Kicked = [.. inheritance.Kicked],
            Door = inheritance.Door ?? DoorSeal.Open,
        };
        var turn = new RoomTurn(room, now);
        if (inheritance.Known is { } known)
            Succession.Resume(turn, known, null);
        room = turn.Room;
        return Succession.Raised(room, Math.Max(room.Timeline.Epoch, inheritance.Epoch)) with
        {
            // Others may have seen what this member missed, and have to find the server first.
            Adopted = room.Adopted is { } adopted ? adopted with { SinceUs = now.Us + RoomRules.RestoredUs } : null,
            EmptySinceUs = now.Us,
        };
    }
}
