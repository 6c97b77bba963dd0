using Jam.Peer.Audio;
using Jam.Peer.Clock;
using Jam.Peer.Playback;
using Jam.Peer.Session.Extras;
using Jam.Server.Contracts;

namespace Jam.Peer.Session;

/// <summary>
/// What the room plays, brought to the shelf, the player and the swarm: which tracks are fetched, which is decoded and how loud, where
/// the playhead is. Belongs to the follower's loop.
/// </summary>
internal sealed class TrackFollower(
    TrackShelf shelf, ExtrasShelf extras, Player player, PlayheadFeed playhead, bool replayGain, Func<RoomClockSnapshot> clock, TimeProvider time)
{
    /// <summary>
    /// How long a track whose index is on its way is not opened: without it the decoder would ask for the wrong bytes.
    /// </summary>
    private const long IndexPatienceUs = 500_000;

    private readonly PlayheadFeed _ahead = playhead.Another();
    private (string Track, long SinceUs) _current = ("", 0);
    private TrackIndex? _givenIndex;
    private (string Track, double Db)? _givenGain;

    /// <summary>The room's track first, then the list in its order.</summary>
    public async Task FollowTracksAsync(RoomState room, CancellationToken cancellationToken)
    {
        // What is asked for first is here first: the index before the bytes that it tells of.
        extras.Follow(room);
        if (room.Track is { } track)
            await shelf.WantAsync(track, 0, cancellationToken);
        for (var place = 0; place < room.Queue.Count; place++)
        {
            if (room.Queue[place].TrackId != room.Track?.TrackId)
                await shelf.WantAsync(room.Queue[place], place + 1, cancellationToken);
        }

        FollowPlayback(room);
    }

    /// <summary>Gives the player what it needs of the room's track, as far as that is here.</summary>
    public void FollowPlayback(RoomState room)
    {
        var current = room.Timeline?.Current.TrackId;
        var nowUs = time.NowUs();
        if (room.Track is { Kind: TrackKind.Audio } track && track.TrackId == current)
        {
            if (_current.Track != current)
                _current = (current, nowUs);
            var known = extras.Of(track);
            Give(current, known);
            if (known.Index is not null || track.Sidecars?.Index is null || IsWhole(current) || nowUs - _current.SinceUs >= IndexPatienceUs)
                player.SetTrack(current, shelf.ReaderOf(current));
            player.SetNeighbours([.. Neighbours(room)]);
        }
        else
        {
            player.SetTrack(null, null);
            player.SetNeighbours([]);
        }

        FollowPlayhead(room);
    }

    /// <summary>Tells the swarm where the room is in the track that plays, and where and when the one begins that was announced.</summary>
    public void FollowPlayhead(RoomState room)
    {
        var (nowUs, roomClock) = (time.NowUs(), clock());
        var (timeline, track) = room.Now(roomClock, nowUs);
        playhead.Update(timeline, shelf.Find(track?.TrackId), extras.Of(track).Index, roomClock, nowUs);
        if (room.Track?.TrackId != track?.TrackId)
            _ahead.Update(room.Timeline?.Current, shelf.Find(room.Track?.TrackId), extras.Of(room.Track).Index, roomClock, nowUs);
    }

    /// <summary>What a change may lead to next, where all of it is here: a decoder must not wait for bytes that nobody hears yet.</summary>
    private IEnumerable<TrackRequest> Neighbours(RoomState room) =>
        from track in UpNext.Around(room)
        where track.Kind == TrackKind.Audio && IsWhole(track.TrackId)
        let index = extras.Of(track).Index
        where index is not null || track.Sidecars?.Index is null
        select new TrackRequest(track.TrackId, shelf.ReaderOf(track.TrackId)!, index);

    private bool IsWhole(string track) => shelf.Find(track)?.Storage is { IsComplete: true };

    private void Give(string track, TrackExtras known)
    {
        if (known.Index is { } index && !ReferenceEquals(index, _givenIndex))
        {
            player.SetTrackIndex(track, index);
            _givenIndex = index;
        }

        if (replayGain && known.Tags?.GainDb is { } db && _givenGain != (track, db))
        {
            player.SetTrackGain(track, db);
            _givenGain = (track, db);
        }
    }
}
