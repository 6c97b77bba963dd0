using Jam.Server.Contracts;

namespace Jam.Peer.Playback;

/// <summary>What should be heard of a track at one output frame. Without a source: nothing, or nothing that is here.</summary>
/// <param name="Record">What says so.</param>
/// <param name="Source">The track.</param>
/// <param name="Position">Place in it, source frames.</param>
/// <param name="Step">Source frames per output frame.</param>
/// <param name="RoomUs">Room time at which the frame is heard.</param>
internal readonly record struct Due(Timeline? Record, PreparedTrack? Source, double Position, double Step, double RoomUs)
{
    /// <summary>So much must be here before a playback begins, or begins again: who starts on less runs dry at once.</summary>
    private const double StartS = 0.1;

    /// <summary>Whether the room plays, whatever is here of its track.</summary>
    public bool IsWanted { get; init; }

    /// <summary>The step, as fast as a correction may make it.</summary>
    public double FastestStep => Step * (1 + PlayoutEngine.MaxCorrection);

    /// <summary>Where the track should be; shortens the count so that no record begins inside the block.</summary>
    public static Due At(
        in FollowedTimeline followed, PreparedTracks tracks, IOutputClock clock, long frame, double latencyUs, ref int count)
    {
        if (followed.Pair is not { } pair)
            return default;
        if (!clock.IsLocked)
            return new Due { IsWanted = pair.Current.Status == PlaybackStatus.Play };
        var room = followed.Room;
        var roomUs = room.ToRoomUs(clock.HeardAtUs(frame) + latencyUs);
        var roomPerFrame = clock.PeriodUs * (1 + room.Drift);
        if (roomUs < pair.Current.AtUs)
            count = FramesUntil(pair.Current.AtUs - roomUs, roomPerFrame, count);
        var record = followed.At(roomUs);
        if (record is not null && roomUs < record.AtUs)
        {
            count = FramesUntil(record.AtUs - roomUs, roomPerFrame, count);
            return default;
        }
        if (record is not { Status: PlaybackStatus.Play })
            return default;
        if (tracks.Find(record.TrackId) is not { } source)
            return new Due { IsWanted = true };
        var rate = source.Track.SampleRate;
        var position = (record.PositionUs + (roomUs - record.AtUs)) * rate / 1e6;
        return new Due(record, source, position, roomPerFrame * rate / 1e6, roomUs) { IsWanted = true };
    }

    /// <summary>The ring to start from, where a block of so many output frames and a reserve are in it.</summary>
    public FrameRing? FindStart(int count)
    {
        var kernel = Source!.Kernel;
        var reserve = (int)(StartS * Source.Track.SampleRate);
        var first = (long)Math.Floor(Position) - kernel.Before;
        return Source.Track.Find(first, SincResampler.FramesNeeded(kernel, 1, FastestStep, count) + reserve);
    }

    /// <summary>How many source frames so many output frames take, rounded up.</summary>
    public int SourceFrames(int outputFrames) => (int)(outputFrames * Source!.Ratio) + 1;

    private static int FramesUntil(double us, double perFrameUs, int count)
    {
        var frames = Math.Ceiling(us / perFrameUs);
        return frames < count ? Math.Max(1, (int)frames) : count;
    }
}
