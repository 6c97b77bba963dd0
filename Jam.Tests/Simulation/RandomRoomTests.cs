using System.Globalization;
using NUnit.Framework;

namespace Jam.Tests.Simulation;

/// <summary>
/// Rooms made up from seeds, hundreds of them. JAM_SWARM_ROOMS=20000 runs as many of each kind; JAM_SWARM_SEED=7 runs one and tells
/// about it.
/// </summary>
internal sealed class RandomRoomTests
{
    private const int FirstSeed = 1000;
    private const int Rooms = 100;

    // Rates differ by a factor of forty here and most rooms are over in three seconds, in which the host has yet to learn who
    // relays well, beyond the slack that each room is allowed for it. So a single room is held to little, and all together to more.
    private const double LeastPart = 0.4;
    private const double MostCopies = 1.7;
    private const double UsualPart = 0.7;
    private const double UsualCopies = 1.2;

    private static IEnumerable<int> Seeds()
    {
        if (Number("JAM_SWARM_SEED") is { } seed)
            return [seed];
        return Enumerable.Range(FirstSeed, Number("JAM_SWARM_ROOMS") ?? Rooms);
    }

    [Test]
    public void A_still_room_comes_near_its_bound_without_needless_copies()
    {
        var (parts, copies) = (new List<double>(), new List<double>());
        ForEachSeed(RoomKind.Still, room =>
        {
            var part = room.BoundUs / (room.TookUs - room.SlackUs);
            parts.Add(part);
            copies.Add((room.Copies - room.CopiesInSlack) / room.CopiesAllowed);
            return part < LeastPart ? $"only {part:P1} of the bound"
                : room.Copies > MostCopies * room.CopiesAllowed + room.CopiesInSlack ? "too many copies from the host" : null;
        });
        if (parts.Count < 10)
            return;
        parts.Sort();
        copies.Sort();
        TestContext.Out.WriteLine($"part of the bound: median {parts[parts.Count / 2]:P1}, 5 % {parts[parts.Count / 20]:P1}, least {parts[0]:P1}");
        Assert.Multiple(() =>
        {
            Assert.That(parts[parts.Count / 2], Is.GreaterThan(0.99));
            Assert.That(parts[parts.Count / 12], Is.GreaterThan(UsualPart));
            Assert.That(copies[copies.Count * 19 / 20], Is.LessThan(UsualCopies));
        });
    }

    // One chunk at a time was on its way, and the way back was taken for the uplink's: at half its rate for a whole track.
    [Test]
    public void An_uplink_whose_chunks_take_as_long_as_the_way_is_used_in_full()
    {
        var room = new RandomRoom(1034, RoomKind.Still);
        room.Run();
        Assert.That(room.BoundUs / (room.TookUs - room.SlackUs), Is.GreaterThan(0.9), room.ToString());
    }

    [Test]
    public void In_a_restless_room_everyone_who_stays_gets_everything() => ForEachSeed(RoomKind.Restless, room =>
        room.Staying.FirstOrDefault(v => v.CompletedAtUs is null) is { } starved ? $"{starved.Name} does not complete" : null);

    [Test]
    public void In_a_playing_room_nobody_runs_dry() => ForEachSeed(RoomKind.Playing, room =>
        room.LatestUs > 0 ? $"a chunk comes {room.LatestUs / 1e6:F3} s late" : null);

    private static void ForEachSeed(RoomKind kind, Func<RandomRoom, string?> problemOf)
    {
        var failed = new List<int>();
        foreach (var seed in Seeds())
        {
            var room = new RandomRoom(seed, kind);
            room.Run();
            var problem = room.Drops.FirstOrDefault() ?? problemOf(room);
            if (problem is not null || Number("JAM_SWARM_SEED") is not null)
                TestContext.Out.WriteLine($"{kind} room of seed {seed}: {problem ?? "well"}; {room}");
            if (problem is null)
                continue;
            failed.Add(seed);
            TestContext.Out.WriteLine($"again:  JAM_SWARM_SEED={seed} tools/test {TestContext.CurrentContext.Test.MethodName}");
        }

        Assert.That(failed, Is.Empty, "seeds that failed; the output above tells how to run one again");
    }

    private static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
