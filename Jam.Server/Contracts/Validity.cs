namespace Jam.Server.Contracts;

/// <summary>What generated JSON cannot say: ranges. Each returns what is wrong, or null.</summary>
internal static class Validity
{
    public static string? Of(ServerMessage message) => message switch
    {
        State m => Of(m.ToTimeline()) ?? Of(m.Track) ?? Of(double.IsFinite(m.OffsetSec) && double.IsFinite(m.Timestamp), "offset_sec"),
        Welcome m => Of(Names.IsId(m.PeerId) && Names.IsId(m.ResumeToken) && m.RoomSecret.Length is > 0 and <= 256 && (m.HostToken is null || Names.IsId(m.HostToken)), "welcome")
            ?? m.Door?.Seal?.Problem(),
        DoorState m => m.Seal?.Problem(),
        Invited m => Of(Names.IsId(m.Id) && Names.IsId(m.Token), "invited"),
        Snapshot m => Of(m.Page >= 0 && m.Pages >= 1 && m.Page < m.Pages, "page") ?? Each(m.Members, Of) ?? Each(m.Queue, Of)
            ?? (m.Room is null ? null : Of(m.Room)) ?? (m.Lanes is null ? null : Each(m.Lanes, Of)),
        QueueState m => Each(m.Tracks, Of) ?? Of(Enum.IsDefined(m.Repeat), "repeat"),
        PolicyState m => Of(m.Policy),
        TempoState m => Of(m.Tempo),
        LoopState m => Of(m.Loop) ?? (m.Lane is null ? null : Of(m.Lane)),
        LoopAck m => Of(m.Lane) ?? Of(m.Revision is >= 0 and <= Limits.MaxEpoch, "revision"),
        ScrollTick m => Of(Enum.IsDefined(m.Status) && double.IsFinite(m.OffsetSec) && double.IsFinite(m.Timestamp), "scroll_tick"),
        BlobRelay m => Of(Names.IsId(m.From), "from"),
        RoomStats m => Of(m.Members >= 0 && m.WaitingFor.All(name => name is not null), "room_stats")
            ?? (m.Quality is null ? null : Each(m.Quality, q => Of(Names.IsId(q.PeerId), "peer_id") ?? Of(q.Stats))),
        Peers m => Each(m.Members, Of),
        PeerJoined m => Of(m.Member),
        PeerLeft m => Of(Names.IsId(m.PeerId), "peer_id"),
        SyncResponse m => Of(Enum.IsDefined(m.Status) && double.IsFinite(m.OffsetSec), "sync_response"),
        Watched m => Of(m.EveryMs is >= 100 and <= 60_000 && m.Round is >= 0 and <= Limits.MaxEpoch, "watched"),
        SwarmRelay m => Of(Names.IsId(m.PeerId), "peer_id") ?? m.Report.Problem(),
        ClockPort m => Of(m.Port is null ? m.Key is null : m.Port is >= 1 and <= 65_535 && IsKey(m.Key), "clock_port"),
        Pong => null,
        Rendezvous m => Of(m),
        Error => null,
        _ => throw new NotSupportedException($"No rule for {message.GetType().Name}."),
    };

    private static bool IsKey(string? base64)
    {
        Span<byte> key = stackalloc byte[ClockDatagram.KeyLength + 1];
        return base64 is not null && Convert.TryFromBase64String(base64, key, out var length) && length == ClockDatagram.KeyLength;
    }

    public static string? Of(Rendezvous where) => Of(
        where.Epoch is >= 1 and <= Limits.MaxEpoch && where.Urls.Count <= Limits.MaxUrls && where.Urls.All(Names.IsRoomUrl), "rendezvous");

    public static string? Of(Resume resume) =>
        Of(resume.Timeline) ?? Of(resume.Track) ?? (resume.Tempo is null ? null : Of(resume.Tempo))
        ?? (resume.Policy is null ? null : Of(resume.Policy)) ?? (resume.Loop is null ? null : Of(resume.Loop))
        ?? (resume.Queue is null ? null : Of(resume.Queue.Count <= Limits.MaxQueueLength, "queue") ?? Each(resume.Queue, track => Of(track)))
        ?? Of(Enum.IsDefined(resume.Repeat), "repeat") ?? resume.Door?.Problem()
        ?? Of(double.IsFinite(resume.ErrorUs) && resume.ErrorUs >= 0 && Math.Abs((double)(resume.RoomTimeUs ?? 0)) < 1e18
            && resume.PolicyRevision is null or (>= 0 and <= Limits.MaxEpoch) && resume.QueueRevision is null or (>= 0 and <= Limits.MaxEpoch), "error_us");

    public static string? Of(Timeline timeline) => Of(
        timeline.Epoch is >= 1 and <= Limits.MaxEpoch && timeline.Revision is >= 0 and <= Limits.MaxEpoch && Enum.IsDefined(timeline.Status)
        && (timeline.TrackId is null || Names.IsTrackId(timeline.TrackId)) && timeline.PositionUs is >= 0 and <= Limits.MaxPositionUs
        && Math.Abs((double)timeline.AtUs) < 1e18,
        "timeline");

    public static string? Of(TrackInfo? track) => track is null ? null : Of(
        Names.IsTrackId(track.TrackId) && track.LengthBytes is >= 0 and <= Limits.MaxTrackBytes
        && track.ChunkSizeBytes is >= 0 and <= Limits.MaxChunkBytes && Enum.IsDefined(track.Kind)
        && track.DurationUs is null or (>= 0 and <= Limits.MaxPositionUs) && IsValid(track.Sidecars),
        "track");

    public static string? Of(Member member) => Of(
        Names.IsId(member.PeerId) && Enum.IsDefined(member.Role) && member.Addresses.Count <= 2 * Limits.MaxAddresses
        && member.Addresses.All(address => Names.TryParseAddress(address, out _)) && member.GatewayPort is null or (> 0 and <= 65535)
        && (member.TokenHash is null || Tokens.IsHash(member.TokenHash)),
        "member") ?? (member.Stats is null ? null : Of(member.Stats));

    public static string? Of(Tempo tempo) => Of(
        tempo.Bpm is >= Limits.MinBpm and <= Limits.MaxBpm && tempo.BeatsPerBar is >= 1 and <= Limits.MaxBeatsPerBar
        && tempo.CountInBars is >= 0 and <= Limits.MaxCountInBars && tempo.Epoch is >= 1 and <= Limits.MaxEpoch
        && tempo.Revision is >= 0 and <= Limits.MaxEpoch && Math.Abs((double)tempo.AtUs) <= 1e18 && Math.Abs((double)tempo.OriginUs) <= 1e18
        && Math.Abs((double)tempo.OriginBeat) <= 1e15 && tempo.TrackOriginUs is null or (>= 0 and <= Limits.MaxPositionUs),
        "tempo");

    public static string? Of(RoomPolicy policy) => Of(
        Enum.IsDefined(policy.Control) && Enum.IsDefined(policy.Queue) && Enum.IsDefined(policy.OnHostLoss) && Enum.IsDefined(policy.Links), "policy");

    public static string? Of(LoopShape loop) => Of(
        loop.Steps is >= 1 and <= Limits.MaxLoopSteps && loop.Beats is >= 1 and <= Limits.MaxLoopSteps
        && loop.Epoch is >= 1 and <= Limits.MaxEpoch && loop.Revision is >= 0 and <= Limits.MaxEpoch, "loop");

    public static string? Of(LoopLane lane) => Of(
        Names.IsId(lane.PeerId) && lane.Steps.Count <= Limits.MaxLoopSteps
        && lane.Steps.All(step => step is null || (step.Pitch is null or (>= 0 and <= 127) && step.Velocity is >= 1 and <= 127)),
        "lane");

    private static string? Of(RoomSummary room) =>
        Of(room.State) ?? Of(room.Policy) ?? Of(room.Tempo) ?? Of(room.Loop) ?? Of(Enum.IsDefined(room.Repeat), "repeat");

    private static string? Of(MemberStats stats) => Of(
        double.IsFinite(stats.SyncErrorUs ?? 0) && double.IsFinite(stats.SyncUncertaintyUs ?? 0) && double.IsFinite(stats.Loss)
        && double.IsFinite(stats.ClockErrorUs ?? 0),
        "stats");

    /// <summary>The track under a name that is safe to show and to save by.</summary>
    public static TrackInfo? Clean(TrackInfo? track) => track is null ? null : track with
    {
        TrackId = track.TrackId.ToLowerInvariant(),
        Name = Names.CleanFileName(track.Name, Limits.MaxTrackNameLength) ?? track.TrackId[..8],
    };

    private static bool IsValid(Sidecars? sidecars) => sidecars is null
        || (IsNullOrHash(sidecars.Index) && IsNullOrHash(sidecars.Tags) && IsNullOrHash(sidecars.Cover));

    private static bool IsNullOrHash(string? text) => text is null || Names.IsTrackId(text);

    private static string? Of(bool isValid, string what) => isValid ? null : $"{what} is out of range";

    private static string? Each<T>(IReadOnlyList<T> items, Func<T, string?> rule)
        where T : class
    {
        foreach (var item in items)
        {
            if ((item is null ? "a list holds null" : rule(item)) is { } problem)
                return problem;
        }

        return null;
    }
}
