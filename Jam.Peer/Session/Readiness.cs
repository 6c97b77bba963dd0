using Jam.Peer.Audio;
using Jam.Server.Contracts;

namespace Jam.Peer.Session;

/// <summary>Tells the room when this peer could not play at once, and when it can, so that PLAY may wait a moment for it.</summary>
internal sealed class Readiness(Player player)
{
    private const long FirstSecondUs = 1_000_000;

    private string? _waiting;
    private (string? TrackId, bool IsReady, string? PeerId) _told;

    /// <summary>Whom a start waits for, in words; null where nobody new.</summary>
    public string? Waiting(RoomState room, RoomStats stats)
    {
        var words = Describe.Waiting(room, stats.WaitingFor);
        var isNew = words is not null && words != _waiting;
        _waiting = words;
        return isNew ? words : null;
    }

    /// <summary>The message that is due; null where nothing has changed.</summary>
    public Ready? Next(RoomState room)
    {
        if (room.Track is not { Kind: TrackKind.Audio, TrackId: var track })
            return null;
        var now = (track, player.IsReady(FirstSecondUs), room.PeerId);
        if (now == _told)
            return null;
        _told = now;
        return new Ready(track, now.Item2);
    }
}
