using Jam.Server.Contracts;
using Jam.Server.Rooms;

namespace Jam.Server.Hosting;

/// <summary>Rooms that a member's peer hands over.</summary>
internal sealed partial class RoomHub
{
    /// <summary>
    /// Takes a room over from a member of it. Who is connected to that room here is hung up on, and comes back as itself.
    /// </summary>
    /// <returns>The room's epoch under this authority.</returns>
    public async Task<long> InheritAsync(Inheritance inheritance, CancellationToken cancellationToken)
    {
        var taken = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        await WriteAsync(new Inherited(inheritance, taken), cancellationToken);
        return await taken.Task.WaitAsync(cancellationToken);
    }

    private void Inherit(Inheritance inheritance)
    {
        var room = Inheriting.Open(inheritance, ClockId, Now());
        if (_rooms.TryRemove(room.Name, out var old))
        {
            // The same clock, so the same authority: what it says now must outrank what it said before.
            room = Succession.Raised(room, old.Room.Timeline.Epoch + 1);
            foreach (var connection in old.Room.Seats.Keys)
                _post.Deliver(old.Room, new HangUp(connection));
            _memberCount -= old.Room.Seats.Count;
            old.IsGone = true;
        }

        Add(room);
        _saver?.Save(room, Now());
        _telemetry?.Inherited(room);
    }
}
