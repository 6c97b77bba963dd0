using System.Text.Json.Serialization;

namespace Jam.Server.Contracts;

/// <summary>What the room does with its track.</summary>
public enum PlaybackStatus
{
    /// <summary>Silent; the position stands still.</summary>
    [JsonStringEnumMemberName("PAUSE")] Pause,

    /// <summary>The position runs with the room clock.</summary>
    [JsonStringEnumMemberName("PLAY")] Play,

    /// <summary>Silent at the start of the track.</summary>
    [JsonStringEnumMemberName("STOP")] Stop,
}

/// <summary>
/// The one record that every position follows from. Nothing is accumulated: the position at a room time is a function of
/// this record alone, so a late joiner needs no special path.
/// </summary>
/// <param name="Epoch">Which authority: whoever becomes the room's authority raises it. At least 1.</param>
/// <param name="Revision">Which change under that authority; goes up by one with each.</param>
/// <param name="ClockId">The authority's clock. Another id means: measure again.</param>
/// <param name="Status">What holds from <paramref name="AtUs"/> on.</param>
/// <param name="TrackId">SHA-256 of the manifest, lower-case hexadecimal; null where the room has no track.</param>
/// <param name="AtUs">Room time in microseconds from which this record holds; until then its predecessor does.</param>
/// <param name="PositionUs">Track position in microseconds at <paramref name="AtUs"/>; never negative.</param>
public sealed record Timeline(
    long Epoch, long Revision, Guid ClockId, PlaybackStatus Status, string? TrackId, long AtUs, long PositionUs)
{
    /// <summary>The track position in microseconds at a room time at or after <see cref="AtUs"/>.</summary>
    public long PositionAtUs(long roomUs) =>
        Status == PlaybackStatus.Play ? PositionUs + Math.Max(0, roomUs - AtUs) : PositionUs;

    /// <summary>How the authority that it comes from compares with others.</summary>
    [JsonIgnore]
    public AuthorityRank Rank => new(Epoch, ClockId);

    /// <summary>Orders records by their authorities, then by revision: positive where this one is newer.</summary>
    public int CompareTo(Timeline? other) =>
        other is null ? 1 : Rank.CompareTo(other.Rank) is not 0 and var order ? order : Revision.CompareTo(other.Revision);
}

/// <summary>The newest record and the one that holds until it begins.</summary>
/// <param name="Current">The newest accepted record.</param>
/// <param name="Previous">What holds before <see cref="Timeline.AtUs"/> of <paramref name="Current"/>; null: silence.</param>
public sealed record TimelinePair(Timeline Current, Timeline? Previous)
{
    /// <summary>The record that holds at a room time; null before anything does.</summary>
    public Timeline? At(long roomUs) => roomUs >= Current.AtUs ? Current : Previous;

    /// <summary>
    /// The pair after <paramref name="next"/> arrived, or this one where <paramref name="next"/> is no newer than what
    /// stands (whoever sent it). A record of another clock cuts the past off: its room time is not comparable. One that begins when
    /// the last one does takes its place, and what holds before both stays.
    /// </summary>
    public TimelinePair Accept(Timeline next)
    {
        ArgumentNullException.ThrowIfNull(next);
        if (next.CompareTo(Current) <= 0)
            return this;
        return new TimelinePair(next, next.ClockId == Current.ClockId ? At(next.AtUs - 1) : null);
    }
}
