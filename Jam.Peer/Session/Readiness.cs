using Jam.Server.Contracts;

namespace Jam.Peer.Session;

/// <summary>Tells the room when this peer could not play at once, and when it can, so that PLAY may wait a moment for it.</summary>
/// <param name="isReady">Whether a track could sound at once.</param>
internal sealed class Readiness(Func<string, bool> isReady)
{
    /// <summary>Of a track that is to play, so much is decoded first, microseconds.</summary>
    public const long FirstSecondUs = 1_000_000;

    /// <summary>For how long the clock's probes leave the way to a first second that is not here.</summary>
    public static readonly TimeSpan MostAwaited = TimeSpan.FromSeconds(4);

    private string? _waiting;
    private (string? TrackId, bool IsReady, string? PeerId) _told;

    /// <summary>Whether the room believes that this peer could not play. Any thread may read it.</summary>
    public bool IsAwaited { get; private set; }

    /// <summary>Whether the room's list has begun with something that is not here: a host says next that it is the room's track.</summary>
    public bool IsToCome(RoomState room) =>
        room is { PeerId: not null, Track: null, Queue: [{ Kind: TrackKind.Audio } first, ..] } && !isReady(first.TrackId);

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
        if (room.PeerId is null || room.Track is not { Kind: TrackKind.Audio, TrackId: var track })
            return null;
        var now = (track, isReady(track), room.PeerId);
        if (now == _told)
            return null;
        _told = now;
        IsAwaited = !now.Item2;
        return new Ready(track, now.Item2);
    }
}
