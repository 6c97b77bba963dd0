using System.Collections.Immutable;
using Jam.Server.Contracts;

namespace Jam.Server.Rooms;

/// <summary>One instant on both clocks: the monotonic one that rooms run on, and the wall's, which is for eyes only.</summary>
internal readonly record struct Moment(long Us, long UnixUs)
{
    /// <summary>Unix time in seconds of an instant on the room clock.</summary>
    public double ToUnixSec(long roomUs) => (UnixUs + (double)(roomUs - Us)) / 1e6;
}

/// <summary>Who sent a message, and what to call it should it be new. Ids and tokens come from outside: rooms roll no dice.</summary>
internal sealed record Sender(long Connection, string? ObservedAddress, string FreshPeerId, string FreshToken);

/// <summary>A member and its connection, and whether it said that it could play a track at once (null: it said nothing).</summary>
internal sealed record Seat(long Connection, Member Member, string Token, string? ReadyTrackId = null, bool IsReady = false);

/// <summary>A member whose connection was lost and who may come back by its token.</summary>
internal sealed record Absentee(string PeerId, string Name, long JoinSeq, string Token, long LeftUs);

/// <summary>The host's place, kept for a while after its connection was lost.</summary>
internal sealed record HostClaim(string PeerId, long UntilUs);

/// <summary>A PLAY or SEEK that waits for members to be ready; a null position: where the room is.</summary>
internal sealed record PendingStart(long? PositionUs, string By, long DeadlineUs);

/// <summary>What this authority went on from.</summary>
internal sealed record Adoption(Timeline Old, double ErrorUs, long SinceUs);

/// <summary>A room, whole and immutable. <see cref="RoomMachine"/> says how it changes.</summary>
internal sealed record Room(string Name, string Secret, Guid ClockId, TimelinePair Pair)
{
    public TrackInfo? Track { get; init; }

    public ImmutableList<TrackInfo> Queue { get; init; } = [];

    /// <summary>Members by connection.</summary>
    public ImmutableDictionary<long, Seat> Seats { get; init; } = ImmutableDictionary<long, Seat>.Empty;

    /// <summary>Connections by peer id: an index of <see cref="Seats"/>.</summary>
    public ImmutableDictionary<string, long> Connections { get; init; } = ImmutableDictionary<string, long>.Empty;

    /// <summary>Names in use: an index of <see cref="Seats"/>.</summary>
    public ImmutableHashSet<string> NamesTaken { get; init; } = [];

    /// <summary>Who may come back, by peer id.</summary>
    public ImmutableDictionary<string, Absentee> Absentees { get; init; } = ImmutableDictionary<string, Absentee>.Empty;

    public long NextJoinSeq { get; init; } = 1;

    /// <summary>The host's connection; null while there is none.</summary>
    public long? HostConnection { get; init; }

    public HostClaim? HostClaim { get; init; }

    public PendingStart? Pending { get; init; }

    /// <summary>When playback was first commanded under this authority; null before. After it, hardly anyone's past is adopted.</summary>
    public long? CommandedUs { get; init; }

    public Adoption? Adopted { get; init; }

    /// <summary>When ROOM_STATS may go out; <see cref="long.MaxValue"/> while nothing changed.</summary>
    public long StatsDueUs { get; init; } = long.MaxValue;

    /// <summary>When ROOM_STATS last went out; null before the first.</summary>
    public long? StatsSentUs { get; init; }

    public RoomStats? LastStats { get; init; }

    /// <summary>Since when nobody is here; null while someone is.</summary>
    public long? EmptySinceUs { get; init; }

    public Timeline Timeline => Pair.Current;

    /// <summary>When <see cref="RoomMachine.Due"/> wants to be called next, room clock; <see cref="long.MaxValue"/>: not at all.</summary>
    public long NextDueUs => Math.Min(
        Math.Min(StatsDueUs, Pending?.DeadlineUs ?? long.MaxValue),
        EmptySinceUs + RoomRules.EmptyRoomUs ?? long.MaxValue);

    /// <summary>Whether nobody was here for so long that the room may be forgotten.</summary>
    public bool IsOver(long nowUs) => nowUs >= (EmptySinceUs + RoomRules.EmptyRoomUs ?? long.MaxValue);

    /// <summary>An empty room of an authority's own: no track, paused.</summary>
    public static Room Open(string name, string secret, Guid clockId, long nowUs) =>
        new(name, secret, clockId, new TimelinePair(new Timeline(1, 0, clockId, PlaybackStatus.Pause, null, nowUs, 0), null))
        {
            EmptySinceUs = nowUs,
        };
}

/// <summary>The room's own figures, microseconds.</summary>
internal static class RoomRules
{
    /// <summary>How long a lost host may come back to its place.</summary>
    public const long HostGraceUs = 10_000_000;

    /// <summary>How long a room and its absentees are remembered.</summary>
    public const long EmptyRoomUs = 60_000_000;

    /// <summary>Least time between two ROOM_STATS.</summary>
    public const long StatsEveryUs = 500_000;

    /// <summary>How long after a first Resume a better one may refine it.</summary>
    public const long RefineUs = 5_000_000;

    /// <summary>How long after the first command those who never stopped playing may still come and be followed.</summary>
    public const long YoungUs = 10_000_000;

    /// <summary>What a lead holds beyond what members report: scheduling and the message's own way.</summary>
    public const long LeadMarginUs = 20_000;
}
