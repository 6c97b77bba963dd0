using System.Collections.Immutable;
using Jam.Server.Contracts;

namespace Jam.Server.Rooms;

/// <summary>A member as a server remembers it over a restart.</summary>
internal sealed record StoredMember(string PeerId, string Name, long JoinSeq, string Token, bool IsMuted, bool IsHost);

/// <summary>
/// What of a room outlives its server. Times are on the clock of the server that stored it, which showed <c>NowUs</c> at the moment of
/// storing; <c>UnixUs</c> is the wall clock at that moment: all that a later server has to tell how long ago it was.
/// </summary>
internal sealed record StoredRoom(
    string Name, string Secret, long NowUs, long UnixUs, Timeline Timeline, TrackInfo? Track, IReadOnlyList<TrackInfo> Queue,
    long QueueRevision, Repeat Repeat, IReadOnlyList<string>? ShuffleOrder, RoomPolicy Policy, long PolicyRevision, Tempo Tempo, LoopShape Loop,
    IReadOnlyList<LoopLane> Lanes, IReadOnlyList<string> Kicked, long NextJoinSeq, IReadOnlyList<StoredMember> Members,
    DoorSeal? Door = null)
{
    /// <summary>Whether what was read makes sense.</summary>
    public bool IsValid() =>
        (Validity.Of(Timeline) ?? Validity.Of(Tempo) ?? Validity.Of(Loop) ?? Validity.Of(Policy) ?? Door?.Problem()) is null;
}

/// <summary>A room to what is stored of it, and back under another clock.</summary>
internal static class RoomMemory
{
    private const int MaxMembers = 2000;

    /// <summary>Wall clocks are set by hand and by servers; whoever never stopped listening knows better than this.</summary>
    private const double WallErrorUs = 1e6;

    /// <summary>Whether anything changed that is stored. Who said what of itself is not.</summary>
    public static bool Differs(Room a, Room b) =>
        a.Pair != b.Pair || a.Track != b.Track || !ReferenceEquals(a.Queue, b.Queue) || a.Repeat != b.Repeat
        || !ReferenceEquals(a.ShuffleOrder, b.ShuffleOrder) || a.Policy != b.Policy || a.Door != b.Door || a.Tempo != b.Tempo || a.Loop != b.Loop
        || !ReferenceEquals(a.Lanes, b.Lanes) || !ReferenceEquals(a.Connections, b.Connections)
        || !ReferenceEquals(a.Absentees, b.Absentees) || a.HostConnection != b.HostConnection || a.HouseRevision != b.HouseRevision;

    public static StoredRoom Store(Room room, Moment now)
    {
        // An end that is announced is announced anew by whoever restores the room.
        var isAhead = room.Announced is not null && room.Pair.Previous is not null && now.Us < room.Timeline.AtUs;
        var timeline = isAhead ? room.Pair.Previous! with { Revision = room.Timeline.Revision } : room.Timeline;
        var members = room.Seats.Values
            .Select(s => new StoredMember(s.Member.PeerId, s.Member.Name, s.Member.JoinSeq, s.Token, s.Member.IsMuted, s.Member.Role == Role.Host))
            .Concat(room.Absentees.Values.Select(a =>
                new StoredMember(a.PeerId, a.Name, a.JoinSeq, a.Token, a.IsMuted, a.PeerId == room.HostClaim?.PeerId)))
            .OrderByDescending(m => m.IsHost).ThenByDescending(m => m.JoinSeq).Take(MaxMembers).ToArray();
        return new StoredRoom(
            room.Name, room.Secret, now.Us, now.UnixUs, timeline, isAhead ? room.Announced!.Leaving : room.Track, room.Queue, room.QueueRevision,
            room.Repeat, room.ShuffleOrder, room.Policy, room.PolicyRevision, isAhead ? Beat.WithoutAnnouncement(room) : room.Tempo.Current, room.Loop, [.. room.Lanes.Values],
            [.. room.Kicked], room.NextJoinSeq, members, room.Door);
    }

    /// <summary>
    /// The room under a new clock and a higher epoch, with everyone absent. The wall clock says where the music is by now, until a
    /// member that never stopped listening says it better.
    /// </summary>
    public static Room Restore(StoredRoom stored, Guid clockId, Moment now)
    {
        var passedUs = Math.Clamp(now.UnixUs - stored.UnixUs, 0, Limits.MaxPositionUs);
        var shiftUs = now.Us - stored.NowUs - passedUs;
        var old = stored.Timeline;
        var timeline = old with { Epoch = old.Epoch + 1, Revision = old.Revision + 1, ClockId = clockId, AtUs = old.AtUs + shiftUs };
        var tempo = stored.Tempo with
        {
            Epoch = timeline.Epoch, Revision = stored.Tempo.Revision + 1, ClockId = clockId,
            AtUs = stored.Tempo.AtUs + shiftUs, OriginUs = stored.Tempo.OriginUs + shiftUs,
        };
        var host = stored.Members.FirstOrDefault(m => m.IsHost);
        // Written behind every change: of the same past a member may have seen more than was stored.
        var past = old.Rank;
        var origins = new Origins(
            new Origin(past, stored.PolicyRevision, stored.PolicyRevision), new Origin(past, stored.QueueRevision, stored.QueueRevision),
            new Origin(past with { Epoch = stored.Tempo.Epoch }, stored.Tempo.Revision, tempo.Revision),
            new Origin(past with { Epoch = stored.Loop.Epoch }, stored.Loop.Revision, stored.Loop.Revision));
        return new Room(stored.Name, stored.Secret, clockId, new TimelinePair(timeline, null))
        {
            Track = stored.Track, Queue = [.. stored.Queue], QueueRevision = stored.QueueRevision, Repeat = stored.Repeat,
            ShuffleOrder = stored.ShuffleOrder?.ToImmutableList(), Policy = stored.Policy, PolicyRevision = stored.PolicyRevision,
            Door = stored.Door ?? DoorSeal.Open,
            Tempo = new TempoPair(tempo, null), Loop = stored.Loop with { Epoch = timeline.Epoch },
            Lanes = ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal, stored.Lanes.Select(lane => KeyValuePair.Create(lane.PeerId, lane))),
            Kicked = [.. stored.Kicked], NextJoinSeq = stored.NextJoinSeq,
            Absentees = stored.Members.ToImmutableDictionary(
                m => m.PeerId, m => new Absentee(m.PeerId, m.Name, m.JoinSeq, m.Token, now.Us, m.IsMuted)),
            HostClaim = host is null ? null : new HostClaim(host.PeerId, now.Us + RoomRules.HostGraceUs), Origins = origins,
            Adopted = new Adoption(old, WallErrorUs, now.Us + RoomRules.RestoredUs), IsRestored = true, EmptySinceUs = now.Us, OpenedUs = now.Us,
        };
    }
}
