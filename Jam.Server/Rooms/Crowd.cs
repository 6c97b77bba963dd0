using System.Collections.Immutable;
using Jam.Server.Contracts;

namespace Jam.Server.Rooms;

/// <summary>
/// Who knows whom in a room that is too large for everyone to be told of everyone, which would grow with its square. Each is told of some
/// others, mostly such as trade, and those of it; all are told of the host, and the host of all. All by connection.
/// </summary>
/// <param name="Members">Everyone.</param>
/// <param name="Traders">Those of them who have addresses.</param>
/// <param name="First">Who was here before the crowd: they were told of each other.</param>
/// <param name="Famous">Who is the host or was it: all were told.</param>
/// <param name="Known">Whom each was told of besides, and who was told of it: the same.</param>
internal sealed record Crowd(
    ImmutableSortedSet<long> Members, ImmutableSortedSet<long> Traders, ImmutableHashSet<long> First, ImmutableHashSet<long> Famous,
    ImmutableDictionary<long, Acquaintances> Known)
{
    /// <summary>How many a newcomer is told of, beside the host; it comes to know as many again who come later.</summary>
    private const int Told = 32;

    /// <summary>How many of those are looked for among who trades.</summary>
    private const int ToldOfTraders = 24;

    /// <summary>Notes a newcomer, or that a member is on another connection now. Begins the crowd where it makes the room one.</summary>
    public static void Enter(RoomTurn turn, Seat seat, long? replaced)
    {
        var room = turn.Room;
        if (room.Crowd is null && room.Seats.Count <= RoomRules.CrowdOf)
            return;
        var crowd = room.Crowd ?? Begin(room, seat.Connection);
        crowd = replaced is { } old && crowd.Members.Contains(old)
            ? crowd.Renamed(old, seat)
            : crowd.With(seat, crowd.Pick(seat.Connection, turn.Now.Us));
        turn.Room = room with { Crowd = seat.Member.Role == Role.Host ? crowd with { Famous = crowd.Famous.Add(seat.Connection) } : crowd };
    }

    /// <summary>
    /// Has all of a member that others know told to them: PEER_JOINED or PEER_LEFT. In a crowd that is patient: a message each to three dozen
    /// for everyone who comes is most of what a join costs, and nobody's music hangs on it.
    /// </summary>
    public static void Tell(RoomTurn turn, Seat about, ServerMessage message, long? except = null)
    {
        if (turn.Room.Crowd is not { } crowd || crowd.Famous.Contains(about.Connection))
            turn.SendAll(message, except);
        else
            turn.SendSome(crowd.Here(turn.Room, about.Connection, except), message, isPatient: true);
    }

    /// <summary>After the others were told that someone is gone. A room that is no crowd any more is told who all are.</summary>
    public static void Leave(RoomTurn turn, Seat seat)
    {
        if (turn.Room.Crowd is not { } crowd)
            return;
        if (turn.Room.Seats.Count > RoomRules.CrowdOf / 2)
        {
            turn.Room = turn.Room with { Crowd = crowd.Without(seat.Connection) };
            return;
        }

        turn.Room = turn.Room with { Crowd = null };
        foreach (var page in Pages.Snapshot(turn, turn.Room.Seats.Values))
            turn.SendAll(page);
    }

    /// <summary>After a member's role has changed, and all were told: what it knows of the others is then another matter.</summary>
    public static void Shift(RoomTurn turn, Seat seat)
    {
        if (turn.Room.Crowd is not { } crowd)
            return;
        turn.Room = turn.Room with { Crowd = crowd with { Famous = crowd.Famous.Add(seat.Connection) } };
        Membership.SendSnapshot(turn, seat.Connection);
    }

    /// <summary>Whom a member is told of, itself among them.</summary>
    public static IEnumerable<Seat> Of(Room room, Seat seat)
    {
        if (room.Crowd is not { } crowd || seat.Member.Role == Role.Host)
            return room.Seats.Values;
        var told = crowd.Knowing(seat.Connection, room.HostConnection);
        foreach (var id in crowd.Famous)
        {
            if (!told.Contains(id))
                told.Add(id);
        }

        var seats = new List<Seat>(told.Count);
        foreach (var id in told)
        {
            if (room.Seats.TryGetValue(id, out var one))
                seats.Add(one);
        }

        return seats;
    }

    private static Crowd Begin(Room room, long newcomer)
    {
        var first = room.Seats.Keys.Where(id => id != newcomer).ToImmutableHashSet();
        return new Crowd(
            first.ToImmutableSortedSet(), first.Where(id => room.Seats[id].Member.Addresses.Count > 0).ToImmutableSortedSet(), first,
            room.HostConnection is { } host ? [host] : [], ImmutableDictionary<long, Acquaintances>.Empty);
    }

    /// <summary>Who of those who know a member is here.</summary>
    private List<long> Here(Room room, long connection, long? except)
    {
        var here = Knowing(connection, room.HostConnection);
        here.RemoveAll(id => id == except || !room.Seats.ContainsKey(id));
        return here;
    }

    // A few dozen: looking through them costs less than a set of them.
    private List<long> Knowing(long connection, long? host)
    {
        var known = Known.TryGetValue(connection, out var told) ? told.Ids : [];
        var all = new List<long>(known.Length + 8);
        all.AddRange(known);
        if (!all.Contains(connection))
            all.Add(connection);
        if (host is { } id && !all.Contains(id))
            all.Add(id);
        return First.Contains(connection) ? [.. all.Union(First)] : all;
    }

    /// <summary>Some of those who are here, spread evenly by chance, so that the whole hangs together whoever leaves.</summary>
    private long[] Pick(long newcomer, long seed)
    {
        Span<long> picked = stackalloc long[Told];
        var count = 0;
        var dice = (ulong)newcomer ^ ((ulong)seed << 20);
        for (var i = 0; i < 2 * Told && count < Told; i++)
        {
            var among = count < ToldOfTraders && i < Told && !Traders.IsEmpty ? Traders : Members;
            var one = among[(int)(Next(ref dice) % (ulong)among.Count)];
            if (!picked[..count].Contains(one))
                picked[count++] = one;
        }

        return picked[..count].ToArray();
    }

    /// <summary>SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).</summary>
    private static ulong Next(ref ulong state)
    {
        var z = state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    private Crowd With(Seat seat, long[] told)
    {
        var id = seat.Connection;
        var known = Known.ToBuilder();
        known[id] = new Acquaintances(told);
        foreach (var other in told)
            known[other] = known.TryGetValue(other, out var before) ? before.Add(id) : new Acquaintances([id]);
        return this with
        {
            Members = Members.Add(id), Traders = seat.Member.Addresses.Count > 0 ? Traders.Add(id) : Traders, Known = known.ToImmutable(),
        };
    }

    private Crowd Without(long id)
    {
        var known = Known.ToBuilder();
        if (known.Remove(id, out var others))
        {
            foreach (var other in others.Ids)
                known[other] = known[other].Remove(id);
        }

        return new Crowd(Members.Remove(id), Traders.Remove(id), First.Remove(id), Famous.Remove(id), known.ToImmutable());
    }

    private Crowd Renamed(long old, Seat seat)
    {
        var crowd = Without(old).With(seat, Known.TryGetValue(old, out var known) ? known.Ids.ToArray() : []);
        return crowd with
        {
            First = First.Contains(old) ? crowd.First.Add(seat.Connection) : crowd.First,
            Famous = Famous.Contains(old) ? crowd.Famous.Add(seat.Connection) : crowd.Famous,
        };
    }
}
