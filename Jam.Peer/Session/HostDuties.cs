using Jam.Server.Contracts;

namespace Jam.Peer.Session;

/// <summary>What a host's peer does of itself: it lists what it seeds, gives an empty room its track, and plays.</summary>
internal sealed class HostDuties(Role wanted, IReadOnlyList<TrackInfo> seeds, bool autoplay)
{
    private bool _hasPlayed;

    /// <summary>What this peer wants to be: as it was started, until somebody gives it another role, or it gives its own up.</summary>
    public Role Wanted { get; private set; } = wanted;

    /// <summary>The room has given this peer a role while it was here.</summary>
    public void OnRoleGiven(Role role) => Wanted = role;

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
        Wanted == Role.Host && room.Role != Role.Host && room.Others.Values.All(m => m.Role != Role.Host) ? new SetRole(Role.Host) : null;
}
