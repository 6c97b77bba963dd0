using Jam.Peer.Audio.Mp3;
using Jam.Peer.Clock;
using Jam.Peer.Network;
using Jam.Peer.Storage;
using Jam.Peer.Wire;
using Jam.Server.Contracts;

namespace Jam.Peer.Session;

/// <summary>Tells the swarm where the room is in its track, in bytes and local time, so that requests carry deadlines.</summary>
internal sealed class PlayheadFeed(SwarmLoop swarm)
{
    private const double RetellUs = 20_000;

    private (long Epoch, long Revision, long MediaStart)? _told;
    private double _toldOffsetUs;
    private (TrackId Track, long Bytes)? _tag;

    /// <summary>Tells it anew where something has changed: the timeline, the clock by more than 20 ms, where the sound begins.</summary>
    public void Update(TimelinePair? timeline, ShelfEntry? entry, RoomClockSnapshot clock, long nowUs)
    {
        if (timeline is not { Current: var current } || entry is not { Info: { DurationUs: > 0 and var durationUs } info }
            || !TrackId.TryParse(info.TrackId, out var id) || current.TrackId != info.TrackId || !clock.IsReady || clock.ClockId != current.ClockId)
        {
            return;
        }

        var start = entry.Storage is { } storage ? TagBytes(id, storage) : 0;
        var key = (current.Epoch, current.Revision, start);
        var offsetUs = clock.ToRoomUs(nowUs) - nowUs;
        if (_told == key && Math.Abs(offsetUs - _toldOffsetUs) < RetellUs)
            return;
        var bytesPerUs = (double)(info.LengthBytes - start) / durationUs;
        if (swarm.TryPost(new PlayheadEvent(
            id, start + current.PositionUs * bytesPerUs, bytesPerUs, current.Status == PlaybackStatus.Play,
            (long)clock.ToLocalUs(current.AtUs))))
        {
            (_told, _toldOffsetUs) = (key, offsetUs);
        }
    }

    // A picture of half a megabyte before the sound would put every deadline off by seconds. Read once a track: this is asked four
    // times a second.
    private long TagBytes(TrackId track, TrackStorage storage)
    {
        if (_tag is { } known && known.Track == track)
            return known.Bytes;
        if (!storage.Has(0))
            return 0;
        var length = 0L;
        Span<byte> head = stackalloc byte[Id3.HeaderBytes];
        try
        {
            length = Id3.LengthOf(head[..storage.Read(0, 0, head[..(int)Math.Min(head.Length, storage.Manifest.LengthBytes)])]);
        }
        catch (IOException)
        {
            // Whoever plays or serves this chunk says so; deadlines are a little off without it, no more.
            length = 0;
        }

        _tag = (track, length < storage.Manifest.LengthBytes ? length : 0);
        return _tag.Value.Bytes;
    }
}
