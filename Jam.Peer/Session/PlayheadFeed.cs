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

    /// <summary>Tells it anew where something has changed: the timeline, the clock by more than 20 ms, where the sound begins.</summary>
    public void Update(TimelinePair? timeline, ShelfEntry? entry, RoomClockSnapshot clock, long nowUs)
    {
        if (timeline is not { Current: var current } || entry is not { Info: { DurationUs: > 0 and var durationUs } info }
            || !TrackId.TryParse(info.TrackId, out var id) || current.TrackId != info.TrackId || !clock.IsReady || clock.ClockId != current.ClockId)
        {
            return;
        }

        var start = entry.Storage is { } storage ? Id3v2Length(storage) : 0;
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

    // A picture of half a megabyte before the sound would put every deadline off by seconds (ID3v2.4, section 3.1: a ten byte
    // header, the length in four bytes of seven bits).
    private static long Id3v2Length(TrackStorage storage)
    {
        Span<byte> head = stackalloc byte[10];
        if (storage.Manifest.LengthBytes < head.Length || !storage.Has(0) || storage.Read(0, 0, head) < head.Length || !head.StartsWith("ID3"u8))
            return 0;
        var length = 10L + ((head[6] & 0x7F) << 21 | (head[7] & 0x7F) << 14 | (head[8] & 0x7F) << 7 | (head[9] & 0x7F));
        return length < storage.Manifest.LengthBytes ? length : 0;
    }
}
