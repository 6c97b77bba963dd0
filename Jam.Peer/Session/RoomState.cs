using System.Collections.Immutable;
using Jam.Peer.Clock;
using Jam.Peer.Playback;
using Jam.Server.Contracts;

namespace Jam.Peer.Session;

/// <summary>The room as its authority has described it. Immutable; <see cref="Apply"/> gives the next one.</summary>
internal sealed record RoomState
{
    /// <summary>This peer's id; null before WELCOME.</summary>
    public string? PeerId { get; init; }

    /// <summary>Order of joining.</summary>
    public long JoinSeq { get; init; }

    /// <summary>Ids that the host was seen to send away.</summary>
    public ImmutableHashSet<string> Kicked { get; init; } = [];

    /// <summary>Whose list, policy, beat and loop are known.</summary>
    public AuthorityRank BelongsTo { get; init; }

    /// <summary>This peer's role.</summary>
    public Role Role { get; init; }

    /// <summary>Proves <see cref="PeerId"/> after a reconnect. Secret.</summary>
    public string? ResumeToken { get; init; }

    /// <summary>Proves membership to other peers. Secret.</summary>
    public byte[]? Secret { get; init; }

    /// <summary>What is played; null before the first STATE.</summary>
    public TimelinePair? Timeline { get; init; }

    /// <summary>The track that the timeline names.</summary>
    public TrackInfo? Track { get; init; }

    /// <summary>The track of the record that holds until the newest one does; null: none that is known.</summary>
    public TrackInfo? TrackBefore { get; init; }

    /// <summary>Whether the newest record is what the room does by itself when a track ends, told seconds before.</summary>
    public bool IsAnnounced { get; init; }

    /// <summary>The room's list of tracks.</summary>
    public IReadOnlyList<TrackInfo> Queue { get; init; } = [];

    /// <summary>What follows a track of it.</summary>
    public Repeat Repeat { get; init; }

    /// <summary>Whether the list is played in another order.</summary>
    public bool IsShuffled { get; init; }

    /// <summary>What would follow now; null: nothing.</summary>
    public string? NextTrackId { get; init; }

    /// <summary>What the room allows.</summary>
    public RoomPolicy Policy { get; init; } = new();

    /// <summary>The beat; null before the first snapshot.</summary>
    public TempoPair? Tempo { get; init; }

    /// <summary>How long before the newest record peers count in, microseconds.</summary>
    public long CountInUs { get; init; }

    /// <summary>The shared loop.</summary>
    public LoopBook Loop { get; init; } = LoopBook.Empty;

    /// <summary>The longest round trip and output lead of the room's members, microseconds.</summary>
    public (long RttUs, long OutputLeadUs) Worst { get; init; }

    /// <inheritdoc cref="LeadTime.OfUs"/>
    public long LeadUs => LeadTime.OfUs(Worst.RttUs, Worst.OutputLeadUs);

    /// <summary>The longest round trip of the room's members, microseconds.</summary>
    public long WorstRttUs => Worst.RttUs;

    /// <summary>Whether the host keeps this peer from commanding.</summary>
    public bool IsMuted { get; init; }

    /// <summary>Epoch and revision of the list.</summary>
    public (long Epoch, long Revision) QueueStamp { get; init; }

    /// <summary>Epoch and revision of the policy.</summary>
    public (long Epoch, long Revision) PolicyStamp { get; init; }

    /// <summary>Whether somebody watches the swarm, and how closely; null: this server has not said.</summary>
    public Watched? Watch { get; init; }

    /// <summary>How the room's door is kept; null: it stands open, as far as this peer was told.</summary>
    public DoorState? Door { get; init; }

    /// <summary>The last invite that this peer was given to pass on. Secret.</summary>
    public Invited? LastInvite { get; init; }

    /// <summary>Everyone but this peer.</summary>
    public IReadOnlyDictionary<string, Member> Others { get; init; } = new Dictionary<string, Member>();

    /// <summary>The room after one message of its authority. A timeline that is not newer is refused, whoever sends it.</summary>
    public RoomState Apply(ServerMessage message) => message switch
    {
        State state => Accept(state),
        Welcome welcome => this with
        {
            PeerId = welcome.PeerId,
            Role = welcome.Role,
            JoinSeq = welcome.JoinSeq,
            ResumeToken = welcome.ResumeToken,
            Secret = ParseSecret(welcome.RoomSecret),
            Watch = null,
            Door = welcome.Door,
        },
        Error { Code: ErrorCodes.Replaced } => this with { PeerId = null, ResumeToken = null },
        Snapshot { Page: 0 } first => TakeSummary(first).TakeMe(first.Members) with { Others = Merge(new Dictionary<string, Member>(), first.Members) },
        Snapshot more => TakeMe(more.Members) with { Others = Merge(Others, more.Members), Loop = Loop.With(more.Lanes ?? []) },
        QueueState queue => TakeQueue(queue),
        PolicyState policy => TakePolicy(policy.Policy, (policy.Epoch, policy.Revision)),
        TempoState { Tempo: var tempo } => this with { Tempo = Tempo?.Accept(tempo) ?? new TempoPair(tempo, null) },
        LoopState loop => this with { Loop = Loop.Apply(loop) },
        DoorState door => this with { Door = door },
        Invited invite => this with { LastInvite = invite },
        Watched watch => this with { Watch = watch },
        LoopAck ack => this with { Loop = Loop.Apply(ack) },
        RoomStats stats => this with
        {
            Worst = (stats.WorstRttUs, stats.WorstOutputLeadUs), Others = stats.Quality is { } quality ? Merge(quality) : Others,
        },
        PeerJoined { Member: var member } when member.PeerId == PeerId => this with { Role = member.Role, IsMuted = member.IsMuted },
        PeerJoined joined => this with { Others = Merge(Others, [joined.Member]) },
        PeerLeft left => this with
        {
            Others = Others.Where(o => o.Key != left.PeerId).ToDictionary(),
            Kicked = left.Reason == Kick && Kicked.Count < MaxKicked ? Kicked.Add(left.PeerId) : Kicked,
        },
        _ => this,
    };

    /// <summary>What is left where all else was only this peer's own: who it is.</summary>
    public RoomState Forgotten() => new() { PeerId = PeerId, JoinSeq = JoinSeq, Role = Role, ResumeToken = ResumeToken, Secret = Secret, Others = Others };

    private const string Kick = "kicked";
    private const int MaxKicked = 1000;

    /// <summary>Whether the authority has something newer, or something was missed: the whole room has to be asked for.</summary>
    public bool IsBehind(Revisions newest)
    {
        ArgumentNullException.ThrowIfNull(newest);
        return Loop.IsIncomplete || Tempo is null
            || IsOlder((Timeline?.Current.Epoch ?? 0, Timeline?.Current.Revision ?? 0), newest.State)
            || IsOlder((Tempo.Current.Epoch, Tempo.Current.Revision), newest.Tempo) || IsOlder(QueueStamp, newest.Queue)
            || IsOlder(PolicyStamp, newest.Policy) || IsOlder((Loop.Shape.Epoch, Loop.Shape.Revision), newest.Loop);

        bool IsOlder((long, long) known, long revision) => known.CompareTo((newest.Epoch, revision)) < 0;
    }

    /// <summary>
    /// Where the room is at a local instant, and in which track: what follows a track is announced seconds before it begins. What was
    /// commanded begins so soon that it counts at once.
    /// </summary>
    public (Timeline? Timeline, TrackInfo? Track) Now(RoomClockSnapshot clock, long localUs)
    {
        ArgumentNullException.ThrowIfNull(clock);
        if (!IsAnnounced || Timeline is not { Current: var current } || !clock.IsReady || clock.ClockId != current.ClockId)
            return (Timeline?.Current, Track);
        return Timeline.At((long)clock.ToRoomUs(localUs)) is { } holding && holding != current ? (holding, TrackBefore) : (current, Track);
    }

    /// <summary>Who comes back learns here what it missed of itself.</summary>
    private RoomState TakeMe(IEnumerable<Member> members) =>
        members.FirstOrDefault(m => m.PeerId == PeerId) is { } me ? this with { Role = me.Role, IsMuted = me.IsMuted } : this;

    private RoomState Accept(State state)
    {
        var next = state.ToTimeline();
        var pair = Timeline is null ? new TimelinePair(next, null) : Timeline.Accept(next);
        if (pair == Timeline)
            return this;
        var before = new[] { state.Track, Track, TrackBefore }.FirstOrDefault(t => t is not null && t.TrackId == pair.Previous?.TrackId);
        var belongsTo = BelongsTo.Id == next.ClockId ? next.Rank : BelongsTo;
        return this with { BelongsTo = belongsTo, Timeline = pair, Track = state.Track, TrackBefore = before, IsAnnounced = state.Note is StateNotes.Next or StateNotes.Ended, CountInUs = state.CountInUs ?? 0 };
    }

    private RoomState TakeSummary(Snapshot page)
    {
        if (page.Room is not { } summary)
            return this with { Queue = page.Queue };
        var (epoch, clockId) = (summary.State.Epoch, summary.State.ClockId);
        var known = Accept(summary.State);
        // Of an authority that is outranked by what is known nothing is taken.
        if (known.Timeline?.Current.ClockId != clockId)
            return this;
        // Revisions of another authority under an equal epoch say nothing about this one's; what bears a higher one is its own.
        if (BelongsTo.Id != clockId && BelongsTo.Epoch == epoch)
            known = known with { QueueStamp = default, PolicyStamp = default, Tempo = null, Loop = LoopBook.Empty };
        known = known with { BelongsTo = known.BelongsTo.Id == clockId ? known.BelongsTo : new AuthorityRank(epoch, clockId) };
        var room = known.TakePolicy(summary.Policy, (epoch, summary.PolicyRevision)).TakeQueue(
            new QueueState(page.Queue, summary.Repeat, summary.IsShuffled, summary.NextTrackId, summary.QueueRevision, epoch));
        return room with
        {
            Tempo = room.Tempo?.Accept(summary.Tempo) ?? new TempoPair(summary.Tempo, null), Loop = room.Loop.Restart(summary.Loop).With(page.Lanes ?? []),
        };
    }

    private RoomState TakeQueue(QueueState list) => (list.Epoch, list.Revision).CompareTo(QueueStamp) < 0 ? this : this with
    {
        Queue = list.Tracks, Repeat = list.Repeat, IsShuffled = list.IsShuffled, NextTrackId = list.NextTrackId,
        QueueStamp = (list.Epoch, list.Revision),
    };

    private RoomState TakePolicy(RoomPolicy policy, (long, long) stamp) =>
        stamp.CompareTo(PolicyStamp) < 0 ? this : this with { Policy = policy, PolicyStamp = stamp };

    private Dictionary<string, Member> Merge(IEnumerable<MemberQuality> reports)
    {
        var all = Others.ToDictionary();
        foreach (var report in reports)
        {
            if (all.TryGetValue(report.PeerId, out var member))
                all[report.PeerId] = member with { Stats = report.Stats };
        }

        return all;
    }

    private Dictionary<string, Member> Merge(IReadOnlyDictionary<string, Member> known, IEnumerable<Member> more)
    {
        var all = known.ToDictionary();
        foreach (var member in more)
        {
            if (member.PeerId != PeerId)
                all[member.PeerId] = member;
        }

        return all;
    }

    private static byte[]? ParseSecret(string text)
    {
        Span<byte> bytes = stackalloc byte[64];
        return Convert.TryFromBase64String(text, bytes, out var length) && length >= 16 ? bytes[..length].ToArray() : null;
    }
}
