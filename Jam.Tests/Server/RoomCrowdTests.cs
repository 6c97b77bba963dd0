using Jam.Server.Contracts;
using Jam.Server.Rooms;
using NUnit.Framework;

namespace Jam.Tests.Server;

/// <summary>Rooms that are too large for everyone to be told of everyone.</summary>
[TestFixture]
internal sealed class RoomCrowdTests
{
    /// <summary>A room and what each of its clients believes of the others, by what it was told; counts what is sent.</summary>
    private sealed class Believers
    {
        private readonly Dictionary<long, HashSet<string>> _lists = [];
        private long _nowUs = 1_000_000;

        public Room Room { get; private set; } = Room.Open("jam", "c2VjcmV0", RoomHarness.ClockId, 1_000_000);

        /// <summary>Messages to connections by the last event, and members told of in them.</summary>
        public (int Messages, int Members) Sent { get; private set; }

        public IReadOnlyDictionary<long, HashSet<string>> Lists => _lists;

        public static string IdOf(long member) => $"peer-{member}";

        public void Join(long connection, long member, Role role = Role.Viewer, bool trades = false)
        {
            _lists[connection] = [];
            Say(connection, new Hello(role, $"m{member}", PeerId: IdOf(member), ResumeToken: $"token-{member}", ListenPort: trades ? 9000 : null), $"token-{member}");
        }

        public void Say(long connection, ClientMessage message, string token = "") =>
            Take(RoomMachine.Receive(Room, message, new Sender(connection, "192.0.2.7", $"fresh-{connection}", token), Tick()));

        public void Lose(long connection) => Take(RoomMachine.Lose(Room, connection, "lost", Tick()));

        /// <summary>Nobody lists who is not here; who is listed lists back; the host lists all, and all list the host.</summary>
        public void Check()
        {
            var here = Room.Seats.Values.ToDictionary(seat => seat.Member.PeerId, seat => seat.Connection);
            foreach (var (id, connection) in here)
            {
                Assert.That(_lists[connection].Except(here.Keys), Is.Empty, $"{id} lists who is gone");
                Assert.That(_lists[connection], Does.Contain(id), $"{id} lists itself");
            }

            if (Room.HostConnection is not { } host)
                return;
            Assert.That(_lists[host], Has.Count.EqualTo(here.Count), "the host lists all");
            Assert.That(here.Values.All(c => _lists[c].Contains(Room.Seats[host].Member.PeerId)), Is.True, "all list the host");
        }

        /// <summary>How many can be reached from one member by way of lists, the host left out.</summary>
        public int Reachable()
        {
            var byId = Room.Seats.Values.Where(seat => seat.Connection != Room.HostConnection).ToDictionary(seat => seat.Member.PeerId, seat => seat.Connection);
            var seen = new HashSet<string> { byId.Keys.First() };
            var open = new Queue<string>(seen);
            while (open.TryDequeue(out var id))
            {
                foreach (var next in _lists[byId[id]].Where(byId.ContainsKey).Where(seen.Add))
                    open.Enqueue(next);
            }

            return seen.Count;
        }

        private Moment Tick() => new(++_nowUs, _nowUs);

        private void Take(Step step)
        {
            Room = step.Room;
            var (messages, members) = (0, 0);
            foreach (var outgoing in step.Outgoing)
            {
                var (to, message) = outgoing switch
                {
                    ToOne one => ([one.Connection], one.Message),
                    ToSome some => (some.Connections, some.Message),
                    ToAll all => (Room.Seats.Keys.Where(id => id != all.Except).ToArray(), all.Message),
                    _ => (Array.Empty<long>(), new Pong(0) as ServerMessage),
                };
                if (message is not RoomStats)
                    messages += to.Count;
                foreach (var list in to.Where(_lists.ContainsKey).Select(id => _lists[id]))
                    members += Note(list, message);
            }

            foreach (var gone in _lists.Keys.Where(id => !Room.Seats.ContainsKey(id)).ToArray())
                _lists.Remove(gone);
            Sent = (messages, members);
        }

        private static int Note(HashSet<string> list, ServerMessage message)
        {
            switch (message)
            {
                case Snapshot page:
                    if (page.Page == 0)
                        list.Clear();
                    list.UnionWith(page.Members.Select(member => member.PeerId));
                    return page.Members.Count;
                case PeerJoined joined:
                    list.Add(joined.Member.PeerId);
                    return 1;
                case PeerLeft left:
                    list.Remove(left.PeerId);
                    return 1;
                default:
                    return 0;
            }
        }
    }

    private static Believers RoomOf(int members, bool withHost = true)
    {
        var room = new Believers();
        for (var i = 1; i <= members; i++)
            room.Join(i, i, withHost && i == 1 ? Role.Host : Role.Viewer, trades: i % 3 == 0);
        return room;
    }

    [Test]
    public void A_join_in_a_crowd_is_told_to_few_and_tells_of_few()
    {
        var room = RoomOf(500);
        room.Join(5001, 5001);
        var at500 = room.Sent;
        for (var i = 501; i <= 2000; i++)
            room.Join(i, i);
        room.Join(5002, 5002);
        Assert.That(room.Sent.Messages, Is.LessThan(50));
        Assert.That(room.Sent.Members, Is.LessThan(90));
        Assert.That(room.Sent.Messages, Is.EqualTo(at500.Messages).Within(5), "it does not grow with the room");
        room.Lose(5002);
        Assert.That(room.Sent.Messages, Is.LessThan(50), "a leave is told to few, too");
    }

    [Test]
    public void Up_to_256_members_everyone_is_told_of_everyone()
    {
        var room = RoomOf(RoomRules.CrowdOf);
        Assert.That(room.Lists.Values.Select(list => list.Count), Is.All.EqualTo(RoomRules.CrowdOf));
        room.Join(900, 900);
        Assert.That(room.Lists[900], Has.Count.LessThan(50), "one more is a crowd");
        room.Check();
    }

    [Test]
    public void A_crowd_that_shrinks_to_half_of_that_is_told_of_everyone_again()
    {
        var room = RoomOf(600);
        for (var i = 600; i > RoomRules.CrowdOf / 2; i--)
            room.Lose(i);
        Assert.That(room.Room.Crowd, Is.Null);
        Assert.That(room.Lists.Values.Select(list => list.Count), Is.All.EqualTo(RoomRules.CrowdOf / 2));
        room.Check();
    }

    [Test]
    public void Who_comes_back_on_another_connection_keeps_whom_it_knows()
    {
        var room = RoomOf(600);
        var before = room.Lists[590].ToHashSet();
        room.Join(7000, 590);
        Assert.That(room.Lists[7000], Is.EquivalentTo(before));
        room.Join(7001, 100);
        room.Check();
        room.Lose(7000);
        room.Lose(7001);
        room.Check();
    }

    [Test]
    public void A_new_host_learns_of_all_and_a_former_one_knows_few_again()
    {
        var room = RoomOf(600);
        room.Say(1, new SetRole(Role.Host, Believers.IdOf(500)));
        Assert.That(room.Room.HostConnection, Is.EqualTo(500));
        room.Check();
        Assert.That(room.Lists[1], Has.Count.LessThan(400), "of those of the first 256, and of its own");
        room.Lose(1);
        room.Check();
        room.Say(500, new Mute(Believers.IdOf(590), true));
        room.Check();
    }

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    public void Whoever_comes_and_goes_nobody_lists_the_gone_and_the_room_hangs_together(int seed)
    {
        var random = new Random(seed);
        var room = RoomOf(400);
        var next = 10_000L;
        for (var i = 0; i < 1500; i++)
        {
            var seats = room.Room.Seats.Values.ToArray();
            var any = seats[random.Next(seats.Length)];
            switch (random.Next(10))
            {
                case < 5:
                    room.Join(++next, next, trades: random.Next(2) == 0);
                    break;
                case < 8:
                    room.Lose(any.Connection);
                    break;
                case 8:
                    // Its token is the room's to know here: what it has of its own is of no matter.
                    room.Join(++next, long.Parse(any.Member.PeerId.Split('-')[1]));
                    break;
                default:
                    if (room.Room.HostConnection is { } host && i % 10 == 0)
                        room.Say(host, new SetRole(Role.Host, any.Member.PeerId));
                    else
                        room.Say(any.Connection, new Bye());
                    break;
            }

            if (i % 50 == 0)
                room.Check();
        }

        room.Check();
        var others = room.Room.Seats.Count - (room.Room.HostConnection is null ? 0 : 1);
        Assert.That(room.Reachable(), Is.GreaterThanOrEqualTo(others * 0.99), $"seed {seed}");
    }
}
