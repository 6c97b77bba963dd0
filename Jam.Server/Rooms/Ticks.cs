using Jam.Server.Contracts;

namespace Jam.Server.Rooms;

/// <summary>SCROLL_TICK for clients that do not compute: on the room clock's own tenths of a second, each from the timeline.</summary>
internal static class Ticks
{
    private const long ShortestUs = 50_000;

    public static void Subscribe(RoomTurn turn, Seat seat, ScrollRequest wanted)
    {
        var tickers = wanted.EveryMs == 0
            ? turn.Room.Tickers.Remove(seat.Connection)
            : turn.Room.Tickers.SetItem(seat.Connection, wanted.EveryMs * 1000L);
        turn.Room = turn.Room with { Tickers = tickers, TickDueUs = NextUs(tickers.Values, turn.Now.Us) };
    }

    public static void SendIfDue(RoomTurn turn)
    {
        var dueUs = turn.Room.TickDueUs;
        if (turn.Now.Us < dueUs)
            return;
        // A tick that comes late tells where the room is now; those that were missed are not made up for.
        var connections = turn.Room.Tickers.Where(ticker => dueUs % ticker.Value == 0).Select(ticker => ticker.Key).ToArray();
        if (connections.Length > 0)
            turn.SendSome(connections, Now(turn));
        turn.Room = turn.Room with { TickDueUs = NextUs(turn.Room.Tickers.Values, turn.Now.Us) };
    }

    private static ScrollTick Now(RoomTurn turn)
    {
        var (room, nowUs) = (turn.Room, turn.Now.Us);
        var holds = room.Pair.At(nowUs) ?? room.Timeline;
        var positionUs = holds.PositionAtUs(nowUs);
        var tempo = room.Tempo.At(nowUs);
        var beat = tempo.Grid.LastBeatAt(nowUs);
        var inBar = (int)(((beat % tempo.BeatsPerBar) + tempo.BeatsPerBar) % tempo.BeatsPerBar) + 1;
        return new ScrollTick(
            positionUs, positionUs / 1e6, nowUs, turn.Now.ToUnixSec(nowUs), holds.Status, holds.TrackId, holds.Epoch, holds.Revision, beat, inBar);
    }

    private static long NextUs(IEnumerable<long> periods, long nowUs)
    {
        var shortest = periods.DefaultIfEmpty(long.MaxValue).Min();
        if (shortest == long.MaxValue)
            return long.MaxValue;
        // Room clocks may begin anywhere, below zero too.
        var period = Math.Max(shortest, ShortestUs);
        return nowUs - (((nowUs % period) + period) % period) + period;
    }
}
