using System.Net;
using Jam.Server.Contracts;

namespace Jam.Server.Rooms;

/// <summary>
/// What a server does that hears of another authority of its room which outranks it. It hands its members on, as a hint: each looks
/// for itself and moves where the hint is true. So a lie costs them an attempt, not the room.
/// </summary>
internal static class Moving
{
    /// <summary>A client says where the room is; it is told what is known here.</summary>
    public static void Tell(RoomTurn turn, Sender sender, Rendezvous told)
    {
        var (room, connection) = (turn.Room, sender.Connection);
        // Its own machine's addresses mean another machine to each who would be told them, and this server's to the members beside it.
        if (!(IPAddress.TryParse(sender.ObservedAddress, out var from) && IPAddress.IsLoopback(from)) && told.Urls.Any(IsOfOneMachine))
            told = told with { Urls = [.. told.Urls.Where(u => !IsOfOneMachine(u))] };
        if (told.Rank.Outranks(room.Rank) && told.Epoch <= room.Timeline.Epoch + Limits.MaxEpochStep && told.Urls.Count > 0)
        {
            var isNews = Successor(room, turn.Now.Us) is not { } known || told.Rank.Outranks(known.Rank);
            if (isNews || room.MovedTo?.Where.Rank == told.Rank)
                turn.Room = room with { MovedTo = new Move(told, turn.Now.Us + RoomRules.MovedUs) };
            if (isNews)
                turn.SendAll(told, connection);
        }

        turn.Send(connection, Here(turn));
    }

    private static bool IsOfOneMachine(string url) => Names.IsOfThisMachine(new Uri(url));

    /// <summary>An authority that outranks this one and was spoken of lately; null: none, so that this is the one.</summary>
    public static Rendezvous? Successor(Room room, long nowUs) =>
        room.MovedTo is { } move && nowUs < move.UntilUs && move.Where.Rank.Outranks(room.Rank) ? move.Where : null;

    private static Rendezvous Here(RoomTurn turn) =>
        (Successor(turn.Room, turn.Now.Us) ?? new Rendezvous(turn.Room.Timeline.Epoch, turn.Room.ClockId, [])) with
        {
            Members = turn.Room.Seats.Count,
        };
}
