using Jam.Server.Rooms;

namespace Jam.Server.Hosting;

/// <summary>
/// A room as its loop last published it, for whoever looks from elsewhere: connections answer probes from it without asking the loop. It is
/// all that a change of the room writes to among what is old, which is what the garbage collector of thousands of rooms has to look through.
/// </summary>
internal sealed class RoomView(Room room)
{
    private volatile Room _room = room;

    public Room Room
    {
        get => _room;
        set => _room = value;
    }
}
