using Jam.Server.Contracts;

namespace Jam.Peer.Playback;

/// <summary>A stretch of the track that should be decoded, in microseconds of the track.</summary>
/// <param name="FromUs">What sounds first.</param>
/// <param name="UntilUs">As far as is worth decoding now.</param>
internal readonly record struct FillGoal(long FromUs, long UntilUs);

/// <summary>
/// What to decode next: first the rest of what sounds until the next record begins, then what that record starts with.
/// </summary>
/// <param name="Now">What sounds now and needs more; null where nothing does.</param>
/// <param name="Next">Where sound begins next, or goes on; null while nobody can say.</param>
internal readonly record struct FillPlan(FillGoal? Now, FillGoal? Next)
{
    /// <summary>Decoded ahead of the playhead.</summary>
    private const long AheadUs = 5_000_000;

    /// <summary>Decoded beyond the end of a record, for the fade.</summary>
    private const long BeyondUs = 200_000;

    /// <summary>The plan for a track.</summary>
    /// <param name="trackId">The track that is open.</param>
    /// <param name="newest">The newest timeline, whether or not its clock is known.</param>
    /// <param name="followed">What is followed.</param>
    /// <param name="writtenUs">The local instant at which what is rendered now is heard.</param>
    public static FillPlan For(string trackId, TimelinePair? newest, in FollowedTimeline followed, long writtenUs)
    {
        if (newest is null || newest.Current.TrackId != trackId)
            return new FillPlan(null, From(0));
        if (followed.Pair is not { } pair)
        {
            // It runs, but without a clock nobody knows where: bytes of the wrong place must not become urgent.
            return newest.Current.Status == PlaybackStatus.Play ? default : new FillPlan(null, From(newest.Current.PositionUs));
        }
        var roomUs = (long)followed.Room.ToRoomUs(writtenUs);
        if (roomUs >= pair.Current.AtUs)
            return new FillPlan(null, From(pair.Current.PositionAtUs(roomUs)));
        var next = From(pair.Current.PositionUs);
        if (pair.Previous is not { Status: PlaybackStatus.Play } previous || previous.TrackId != trackId)
            return new FillPlan(null, next);
        var now = previous.PositionAtUs(roomUs);
        var until = Math.Min(previous.PositionAtUs(pair.Current.AtUs) + BeyondUs, now + AheadUs);
        return new FillPlan(new FillGoal(now, until), next);
    }

    private static FillGoal From(long us) => new(us, us + AheadUs);
}
