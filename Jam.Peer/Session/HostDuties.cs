using Jam.Server.Contracts;

namespace Jam.Peer.Session;

/// <summary>What a host's peer does of itself: it lists what it seeds, gives an empty room its track, plays, and goes on at a track's end.</summary>
internal sealed class HostDuties(Role wanted, IReadOnlyList<TrackInfo> seeds, bool autoplay)
{
    private bool _hasPlayed;
    private (long Epoch, long Revision) _ended;

    /// <summary>As a command.</summary>
    public static SetTrack ToSetTrack(TrackInfo track) =>
        new(track.TrackId, track.Name, track.LengthBytes, track.ChunkSizeBytes, track.Kind, track.DurationUs, track.Sidecars);

    /// <summary>What is due after a message of the authority.</summary>
    /// <param name="room">The room after it.</param>
    /// <param name="isAnew">Whether the room has just described itself, or this peer has just become its host.</param>
    public IEnumerable<ClientMessage> Next(RoomState room, bool isAnew)
    {
        if (room.Role != Role.Host || room.Timeline is not { Current: var current } || seeds.Count == 0)
            yield break;
        if (isAnew)
        {
            foreach (var seed in seeds.Where(s => room.Queue.All(q => q.TrackId != s.TrackId)))
                yield return new Queue("add", seed);
            if (current.TrackId is null)
                yield return ToSetTrack(seeds[0]);
        }

        if (current.Status == PlaybackStatus.Play)
            _hasPlayed = true;
        if (autoplay && !_hasPlayed && current.TrackId is not null)
        {
            _hasPlayed = true;
            yield return new Play();
        }
    }

    /// <summary>Asks for the host's place where this peer wants it and nobody has it; a lost host's is kept for it for a while.</summary>
    public SetRole? Claim(RoomState room) =>
        wanted == Role.Host && room.Role != Role.Host && room.Others.Values.All(m => m.Role != Role.Host) ? new SetRole(Role.Host) : null;

    /// <summary>What is due where the track is over: the next of the list, or a stop after the last.</summary>
    public IEnumerable<ClientMessage> AtEnd(RoomState room, long? roomUs)
    {
        if (room.Role != Role.Host || roomUs is not { } now || room.Track?.DurationUs is not { } duration
            || room.Timeline is not { Current: { Status: PlaybackStatus.Play } current } || current.PositionAtUs(now) < duration
            || _ended == (current.Epoch, current.Revision))
        {
            yield break;
        }

        _ended = (current.Epoch, current.Revision);
        var place = room.Queue.ToList().FindIndex(t => t.TrackId == current.TrackId);
        if (place >= 0 && place + 1 < room.Queue.Count)
        {
            // A long list may have lost what travels beside a track; whoever seeds it knows.
            var next = room.Queue[place + 1];
            yield return ToSetTrack(seeds.FirstOrDefault(s => s.TrackId == next.TrackId && next.Sidecars is null) ?? next);
            yield return new Play(0);
        }
        else
        {
            yield return new Stop();
        }
    }
}
