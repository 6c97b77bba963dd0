using Jam.Server.Contracts;

namespace Jam.Server.Rooms;

/// <summary>
/// WATCH and SWARM: members tell of their part in the swarm only while somebody watches, and so seldom that a room's reports come to about
/// fifty a second however many trade.
/// </summary>
internal static class Watching
{
    private const int ShortestMs = 500;
    private const int LongestMs = 30_000;
    private const int MsPerMember = 20;
    private const long RoundsEveryUs = 2_000_000;

    public static void Subscribe(RoomTurn turn, Seat seat, WatchRequest wanted)
    {
        var watch = turn.Room.Watch;
        if (!wanted.IsOn)
            Leave(turn, seat.Connection);
        else if (!watch.By.Contains(seat.Connection))
            StartRound(turn, watch with { By = watch.By.Add(seat.Connection) });
    }

    /// <summary>A watcher is gone, or looks elsewhere.</summary>
    public static void Leave(RoomTurn turn, long connection)
    {
        var watch = turn.Room.Watch;
        if (!watch.By.Contains(connection))
            return;
        watch = watch with { By = watch.By.Remove(connection) };
        turn.Room = turn.Room with { Watch = watch.By.IsEmpty ? watch with { DueUs = long.MaxValue } : watch };
        if (watch.By.IsEmpty)
            turn.SendSome(Traders(turn.Room), new Watched(false, watch.EveryMs, watch.Round));
    }

    /// <summary>Someone came who may trade: it has to know that somebody watches, and everyone where so many came that all speak too often.</summary>
    public static void Greet(RoomTurn turn, Seat seat)
    {
        var watch = turn.Room.Watch;
        if (watch.By.IsEmpty || seat.Member.Addresses.Count == 0)
            return;
        if (EveryMs(turn.Room) >= 2 * watch.EveryMs)
            StartRound(turn, watch);
        else
            turn.Send(seat.Connection, new Watched(true, watch.EveryMs, watch.Round));
    }

    /// <summary>A round that was put off, so that those who look in one after the other do not make everyone tell everything each time.</summary>
    public static void StartRoundIfDue(RoomTurn turn)
    {
        if (turn.Now.Us >= turn.Room.Watch.DueUs)
            StartRound(turn, turn.Room.Watch);
    }

    /// <summary>Passes a report on to those who watch; who tells more often than asked is not passed on.</summary>
    public static void Relay(RoomTurn turn, Seat by, SwarmReport report)
    {
        var watch = turn.Room.Watch;
        var costUs = watch.EveryMs * 750L;
        var paidUs = Math.Max(by.ReportsPaidUs, turn.Now.Us) + costUs;
        if (watch.By.IsEmpty || by.Member.Addresses.Count == 0 || paidUs > turn.Now.Us + (4 * costUs))
            return;
        turn.Room = turn.Room with { Seats = turn.Room.Seats.SetItem(by.Connection, by with { ReportsPaidUs = paidUs }) };
        turn.SendSome([.. watch.By.Where(connection => connection != by.Connection)], new SwarmRelay(by.Member.PeerId, report));
    }

    private static void StartRound(RoomTurn turn, Watch watch)
    {
        var soonestUs = watch.RoundUs + RoundsEveryUs;
        if (turn.Now.Us < soonestUs)
        {
            turn.Room = turn.Room with { Watch = watch with { DueUs = soonestUs } };
            return;
        }

        watch = watch with { Round = watch.Round + 1, RoundUs = turn.Now.Us, DueUs = long.MaxValue, EveryMs = EveryMs(turn.Room) };
        turn.Room = turn.Room with { Watch = watch };
        turn.SendSome(Traders(turn.Room), new Watched(true, watch.EveryMs, watch.Round));
    }

    private static long[] Traders(Room room) =>
        [.. room.Seats.Values.Where(seat => seat.Member.Addresses.Count > 0).Select(seat => seat.Connection)];

    private static int EveryMs(Room room) => Math.Clamp(MsPerMember * room.Seats.Count, ShortestMs, LongestMs);
}
