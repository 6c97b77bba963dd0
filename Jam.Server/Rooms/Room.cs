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
internal sealed record Sender(long Connection, string? ObservedAddress, string FreshPeerId, string FreshToken)
{
    /// <summary>A secret, should one be needed: for a host, or an invite.</summary>
    public string FreshSecret { get; init; } = "";

    /// <summary>The port that pages come from; null: the one that it is connected to.</summary>
    public int? WebPort { get; init; }

    /// <summary>The hash that the sender's password was found to be right for; null: none.</summary>
    public string? Proven { get; init; }

    /// <summary>The sender's password, salted and hashed anew, should the room take it for its own.</summary>
    public string? Sealed { get; init; }
}

/// <summary>A member and its connection, and whether it said that it could play a track at once (null: it said nothing).</summary>
internal sealed record Seat(long Connection, Member Member, string Token, string? ReadyTrackId = null, bool IsReady = false)
{
    /// <summary>Room times of its last taps on the beat, microseconds.</summary>
    public ImmutableList<long> Taps { get; init; } = [];

    /// <summary>When its BLOBs so far are paid for, room clock.</summary>
    public long BlobsPaidUs { get; init; }

    /// <summary>When its SWARMs so far are paid for, room clock.</summary>
    public long ReportsPaidUs { get; init; }

    /// <summary>How it is known should it not know its token.</summary>
    public Retry? Retry { get; init; }
}

/// <summary>A member whose connection was lost and who may come back by its token.</summary>
internal sealed record Absentee(string PeerId, string Name, long JoinSeq, string Token, long LeftUs, bool IsMuted = false)
{
    /// <summary>How it is known should it not know its token.</summary>
    public Retry? Retry { get; init; }
}

/// <summary>The host's place, kept for a while after its connection was lost.</summary>
internal sealed record HostClaim(string PeerId, long UntilUs);

/// <summary>A PLAY or SEEK that waits for members to be ready; a null position: where the room is.</summary>
internal sealed record PendingStart(long? PositionUs, string By, long DeadlineUs);

/// <summary>The end of a track was announced ahead of its time; until it comes, this track plays on.</summary>
internal sealed record Announcement(TrackInfo? Leaving, Tempo? Beat = null);

/// <summary>Who watches the swarm, and since when everyone tells of it from the start.</summary>
internal sealed record Watch(ImmutableHashSet<long> By, long Round = 0, int EveryMs = 500, long RoundUs = long.MinValue / 2, long DueUs = long.MaxValue);

/// <summary>What this authority went on from.</summary>
internal sealed record Adoption(Timeline Old, double ErrorUs, long SinceUs);

/// <summary>Where the room is said to be now, and until when that is believed without being said again.</summary>
internal sealed record Move(Rendezvous Where, long UntilUs);

/// <summary>
/// From which record of an earlier authority something of the room was taken, and its revision here when it was: as long as that
/// stands, nobody has set it anew, and a newer record of the same past may take its place.
/// </summary>
internal readonly record struct Origin(AuthorityRank From, long Revision, long HereRevision)
{
    /// <summary>Whether what a member brings may take the place of what is here.</summary>
    public bool Yields(long revisionHere, AuthorityRank from, long revision) =>
        revisionHere == HereRevision && (from.Epoch > From.Epoch || (from.Id == From.Id && (from.Epoch, revision).CompareTo((From.Epoch, Revision)) > 0));
}

/// <summary>Where what belongs to the room beside the music came from.</summary>
internal readonly record struct Origins(Origin Policy, Origin Queue, Origin Tempo, Origin Loop);

/// <summary>A room, whole and immutable. <see cref="RoomMachine"/> says how it changes.</summary>
internal sealed record Room(string Name, string Secret, Guid ClockId, TimelinePair Pair)
{
    public TrackInfo? Track { get; init; }

    public ImmutableList<TrackInfo> Queue { get; init; } = [];

    public long QueueRevision { get; init; }

    /// <summary>Since when this authority has it, room clock, microseconds.</summary>
    public long OpenedUs { get; init; } = Pair.Current.AtUs;

    public Repeat Repeat { get; init; }

    /// <summary>Ids of the list's tracks in the order in which they are played; null: the list's own.</summary>
    public ImmutableList<string>? ShuffleOrder { get; init; }

    public RoomPolicy Policy { get; init; } = new();

    public long PolicyRevision { get; init; }

    /// <summary>What its door is kept with.</summary>
    public DoorSeal Door { get; init; } = DoorSeal.Open;

    public TempoPair Tempo { get; init; } = new(new Tempo(1, 0, ClockId, Pair.Current.AtUs, OriginUs: Pair.Current.AtUs), null);

    public LoopShape Loop { get; init; } = new(1, 0);

    /// <summary>Lanes of the loop by their owners' peer ids.</summary>
    public ImmutableSortedDictionary<string, LoopLane> Lanes { get; init; } =
        ImmutableSortedDictionary<string, LoopLane>.Empty.WithComparers(StringComparer.Ordinal);

    /// <summary>Members by connection.</summary>
    public ImmutableDictionary<long, Seat> Seats { get; init; } = ImmutableDictionary<long, Seat>.Empty;

    /// <summary>Connections by peer id: an index of <see cref="Seats"/>.</summary>
    public ImmutableDictionary<string, long> Connections { get; init; } = ImmutableDictionary<string, long>.Empty;

    /// <summary>Names in use: an index of <see cref="Seats"/>.</summary>
    public ImmutableHashSet<string> NamesTaken { get; init; } = [];

    /// <summary>Who knows whom; null while everyone is told of everyone.</summary>
    public Crowd? Crowd { get; init; }

    /// <summary>Who may come back, by peer id.</summary>
    public ImmutableDictionary<string, Absentee> Absentees { get; init; } = ImmutableDictionary<string, Absentee>.Empty;

    /// <summary>Goes up with each KICK and MUTE.</summary>
    public long HouseRevision { get; init; }

    /// <summary>Whether where the music is comes from a store and the wall clock.</summary>
    public bool IsRestored { get; init; }

    /// <summary>Peer ids that the host sent away.</summary>
    public ImmutableHashSet<string> Kicked { get; init; } = [];

    public long NextJoinSeq { get; init; } = 1;

    /// <summary>The host's connection; null while there is none.</summary>
    public long? HostConnection { get; init; }

    public HostClaim? HostClaim { get; init; }

    public PendingStart? Pending { get; init; }

    /// <summary>Set while the newest record is the end of a track that still plays.</summary>
    public Announcement? Announced { get; init; }

    /// <summary>How long before the newest record peers count in, microseconds.</summary>
    public long? CountInUs { get; init; }

    /// <summary>Who caused the newest record; null: nobody in particular.</summary>
    public string? LastBy { get; init; }

    /// <summary>The newest revision that someone other than <see cref="LastBy"/> caused.</summary>
    public long OtherRevision { get; init; }

    /// <summary>Who asked for SCROLL_TICK, and how often, microseconds.</summary>
    public ImmutableDictionary<long, long> Tickers { get; init; } = ImmutableDictionary<long, long>.Empty;

    public long TickDueUs { get; init; } = long.MaxValue;

    public Watch Watch { get; init; } = new([]);

    /// <summary>When playback was first commanded under this authority; null before. After it, hardly anyone's past is adopted.</summary>
    public long? CommandedUs { get; init; }

    public Adoption? Adopted { get; init; }

    public Origins Origins { get; init; }

    /// <summary>Set once another authority was named that outranks this one.</summary>
    public Move? MovedTo { get; init; }

    /// <summary>When ROOM_STATS may go out; <see cref="long.MaxValue"/> while nothing changed.</summary>
    public long StatsDueUs { get; init; } = long.MaxValue;

    /// <summary>When ROOM_STATS last went out; null before the first.</summary>
    public long? StatsSentUs { get; init; }

    public RoomStats? LastStats { get; init; }

    /// <summary>Whether those whom PLAY waits for were not told of it yet.</summary>
    public bool AreAwaitedUntold { get; init; }

    /// <summary>Whose reports changed since they were last told.</summary>
    public ImmutableHashSet<string> ChangedReports { get; init; } = [];

    /// <summary>When those may be told; <see cref="long.MaxValue"/> while nothing changed.</summary>
    public long ReportsDueUs { get; init; } = long.MaxValue;

    public long ReportsSentUs { get; init; } = long.MinValue / 2;

    /// <summary>Whose report was told last, by the order of joining.</summary>
    public long ReportsToldSeq { get; init; }

    /// <summary>Since when nobody is here; null while someone is.</summary>
    public long? EmptySinceUs { get; init; }

    public Timeline Timeline => Pair.Current;

    /// <summary>How this authority compares with others of the same room.</summary>
    public AuthorityRank Rank => new(Timeline.Epoch, ClockId);

    /// <summary>When <see cref="RoomMachine.Due"/> wants to be called next, room clock; <see cref="long.MaxValue"/>: not at all.</summary>
    public long NextDueUs => Math.Min(
        Math.Min(Math.Min(StatsDueUs, ReportsDueUs), Math.Min(TickDueUs, EndDueUs)),
        Math.Min(
            Math.Min(Math.Min(Pending?.DeadlineUs ?? long.MaxValue, HostClaim?.UntilUs ?? long.MaxValue), Watch.DueUs),
            EmptySinceUs + RoomRules.EmptyRoomUs ?? long.MaxValue));

    /// <summary>Room time at which what plays is over, so that the next may begin; null where nothing plays or nobody knows.</summary>
    public long? EndUs => Timeline.Status == PlaybackStatus.Play && Track is { Kind: TrackKind.Audio, DurationUs: > 0 and var durationUs }
        ? Timeline.AtUs + Math.Max(RoomRules.ShortestRecordUs, durationUs - Timeline.PositionUs)
        : null;

    /// <summary>
    /// When what follows is announced; not while a start waits, since that is what follows. A record must have begun before the next
    /// can be: members know two of them.
    /// </summary>
    public long EndDueUs => EndUs is { } endUs && Pending is null
        ? Math.Max(Timeline.AtUs + RoomRules.ShortestRecordUs, endUs - RoomRules.AnnounceUs)
        : long.MaxValue;

    /// <summary>The newest of everything.</summary>
    public Revisions Revisions =>
        new(Timeline.Epoch, Timeline.Revision, PolicyRevision, QueueRevision, Tempo.Current.Revision, Loop.Revision);

    /// <summary>Whether nobody was here for so long that the room may be forgotten.</summary>
    public bool IsOver(long nowUs) => nowUs >= (EmptySinceUs + RoomRules.EmptyRoomUs ?? long.MaxValue);

    /// <summary>An empty room of an authority's own: no track, paused.</summary>
    public static Room Open(string name, string secret, Guid clockId, long nowUs) =>
        new(name, secret, clockId, new TimelinePair(new Timeline(1, 0, clockId, PlaybackStatus.Pause, null, nowUs, 0), null))
        {
            EmptySinceUs = nowUs, OpenedUs = nowUs,
        };
}
