using Jam.Peer.Audio;
using Jam.Peer.Audio.Mp3;
using Jam.Peer.Clock;
using Jam.Peer.Network;
using Jam.Peer.Playback;
using Jam.Peer.Storage;
using Jam.Peer.Wire;
using Jam.Server.Contracts;

namespace Jam.Peer.Session;

/// <summary>
/// Tells the swarm where the room is in its track, in bytes and local time, so that requests carry deadlines. By the track's index where
/// there is one; else as if every second took as many bytes.
/// </summary>
internal sealed class PlayheadFeed(SwarmLoop swarm)
{
    private const double RetellUs = 20_000;

    /// <summary>What is told of a variable bitrate holds for so long ahead: about what the swarm fetches first.</summary>
    private const long SpanUs = 8_000_000;

    /// <summary>Where the index has it elsewhere by so much of the track, it is told anew.</summary>
    private const long StrayUs = 250_000;

    private (long Epoch, long Revision, long MediaStart, bool HasIndex)? _told;
    private double _toldOffsetUs;
    private (long PositionUs, double Byte, double BytesPerUs) _toldLine;
    private (TrackId Track, long Bytes)? _tag;

    /// <summary>One for another track of the same swarm.</summary>
    public PlayheadFeed Another() => new(swarm);

    /// <summary>Tells it anew where something has changed: the timeline, the clock by more than 20 ms, where the sound begins.</summary>
    public void Update(Timeline? timeline, ShelfEntry? entry, TrackIndex? index, RoomClockSnapshot clock, long nowUs)
    {
        if (timeline is not { } current || entry is not { Info: { DurationUs: > 0 and var durationUs } info }
            || !TrackId.TryParse(info.TrackId, out var id) || current.TrackId != info.TrackId || Stand(current, clock, nowUs) is not var (positionUs, atUs, offsetUs))
        {
            return;
        }

        var start = entry.Storage is { } storage ? TagBytes(id, storage) : 0;
        var key = (current.Epoch, current.Revision, start, index is not null);
        var line = Line(index, info, durationUs, start, positionUs);
        if (_told == key && Math.Abs(offsetUs - _toldOffsetUs) < RetellUs && !HasStrayed(line))
            return;
        if (swarm.TryPost(new PlayheadEvent(id, line.Byte, line.BytesPerUs, current.Status == PlaybackStatus.Play, atUs)))
            (_told, _toldOffsetUs, _toldLine) = (key, offsetUs, line);
    }

    /// <summary>Where a room is, from which local instant on, and how far its clock is ahead of this one's; null while that is not known.</summary>
    internal static (long PositionUs, long AtUs, double OffsetUs)? Stand(Timeline current, RoomClockSnapshot clock, long nowUs)
    {
        if (!clock.IsReady || clock.ClockId != current.ClockId)
        {
            // What stands still does so by any clock: who knows none yet is to ask for the beginning first, as the others do.
            return current.Status == PlaybackStatus.Play ? null : (current.PositionUs, nowUs, 0);
        }

        // A record that holds already is told from now on: its beginning may be an hour back, at another bitrate.
        var roomUs = (long)clock.ToRoomUs(nowUs);
        var fromUs = Math.Max(roomUs, current.AtUs);
        return (current.PositionAtUs(fromUs), (long)clock.ToLocalUs(fromUs), roomUs - nowUs);
    }

    private bool HasStrayed((long PositionUs, double Byte, double BytesPerUs) line)
    {
        var expected = _toldLine.Byte + (line.PositionUs - _toldLine.PositionUs) * _toldLine.BytesPerUs;
        return Math.Abs(line.Byte - expected) > StrayUs * line.BytesPerUs;
    }

    private static (long PositionUs, double Byte, double BytesPerUs) Line(
        TrackIndex? index, TrackInfo info, long durationUs, long start, long positionUs)
    {
        if (index is not null && TrackPlaces.ByteAt(index, positionUs, info.LengthBytes) is { } at)
        {
            var until = Math.Min(durationUs, positionUs + SpanUs);
            var bytes = TrackPlaces.ByteAt(index, until, info.LengthBytes)!.Value - at;
            if (until > positionUs && bytes > 0)
                return (positionUs, at, bytes / (until - positionUs));
        }

        var bytesPerUs = (double)(info.LengthBytes - start) / durationUs;
        return (positionUs, start + positionUs * bytesPerUs, bytesPerUs);
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
