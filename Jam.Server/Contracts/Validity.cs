namespace Jam.Server.Contracts;

/// <summary>What generated JSON cannot say: ranges. Each returns what is wrong, or null.</summary>
internal static class Validity
{
    public static string? Of(ServerMessage message) => message switch
    {
        State m => Of(m.ToTimeline()) ?? Of(m.Track) ?? Of(double.IsFinite(m.OffsetSec) && double.IsFinite(m.Timestamp), "offset_sec"),
        Welcome m => Of(Names.IsId(m.PeerId) && Names.IsId(m.ResumeToken) && m.RoomSecret.Length is > 0 and <= 256, "welcome"),
        Snapshot m => Of(m.Page >= 0 && m.Pages >= 1 && m.Page < m.Pages, "page") ?? Each(m.Members, Of) ?? Each(m.Queue, Of),
        QueueState m => Each(m.Tracks, Of),
        RoomStats m => Of(m.Members >= 0 && m.WaitingFor.All(name => name is not null), "room_stats"),
        Peers m => Each(m.Members, Of),
        PeerJoined m => Of(m.Member),
        PeerLeft m => Of(Names.IsId(m.PeerId), "peer_id"),
        SyncResponse m => Of(Enum.IsDefined(m.Status) && double.IsFinite(m.OffsetSec), "sync_response"),
        Pong => null,
        Error => null,
        _ => throw new NotSupportedException($"No rule for {message.GetType().Name}."),
    };

    public static string? Of(Resume resume) =>
        Of(resume.Timeline) ?? Of(resume.Track)
        ?? Of(double.IsFinite(resume.ErrorUs) && resume.ErrorUs >= 0 && Math.Abs((double)resume.RoomTimeUs) < 1e18, "error_us");

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
        && member.Addresses.All(address => Names.TryParseAddress(address, out _))
        && double.IsFinite(member.Stats?.SyncErrorUs ?? 0) && double.IsFinite(member.Stats?.SyncUncertaintyUs ?? 0),
        "member");

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
