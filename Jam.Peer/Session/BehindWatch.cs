using Jam.Server.Contracts;

namespace Jam.Peer.Session;

/// <summary>Notices that this peer has missed something of the room. A probe's answer overtakes what it tells of, so that takes a while.</summary>
/// <param name="patience">Looks at which the room must know more, one after the other.</param>
internal sealed class BehindWatch(int patience)
{
    private int _behind;

    /// <summary>One more look: whether to ask for the whole room.</summary>
    public bool Look(Revisions? newest, RoomState room)
    {
        _behind = newest is not null && room.IsBehind(newest) ? _behind + 1 : 0;
        if (_behind < patience)
            return false;
        _behind = 0;
        return true;
    }
}
