using Jam.Server.Contracts;
using NUnit.Framework;

namespace Jam.Tests.Server;

[TestFixture]
internal sealed class RoomMembershipTests
{
    [Test]
    public void Hello_is_answered_by_state_welcome_and_snapshot_in_that_order()
    {
        var room = new RoomHarness();
        var answer = room.Say(1, new Hello(Role.Host, "ana"));
        Assert.That(answer.Take(3).Select(m => m.GetType()), Is.EqualTo(new[] { typeof(State), typeof(Welcome), typeof(Snapshot) }));
        Assert.That(answer[0], Is.EqualTo(new State(null, PlaybackStatus.Pause, 0, 1_700_000_001, 1, 0, RoomHarness.ClockId, 1_000_000, 0)));
        Assert.That(answer[1], Is.EqualTo(new Welcome("fresh-1", Role.Host, 1, "token-1", "c2VjcmV0", new RoomPolicy(), "192.0.2.7")));
    }

    [Test]
    public void Others_hear_of_a_newcomer_and_the_newcomer_does_not_hear_of_itself()
    {
        var room = new RoomHarness();
        room.Say(1, new Hello(Role.Host, "ana"));
        room.Say(2, new Hello(Name: "bo"));
        Assert.That(room.Received<PeerJoined>(1).Single().Member.Name, Is.EqualTo("bo"));
        Assert.That(room.Received<PeerJoined>(2), Is.Empty);
    }

    [Test]
    public void A_message_before_hello_is_an_error()
    {
        var room = new RoomHarness();
        Assert.That(room.Say(1, new Play()).Single(), Is.InstanceOf<Error>().With.Property("Code").EqualTo(ErrorCodes.HelloFirst));
    }

    [Test]
    public void A_second_hello_is_an_error_and_changes_nothing()
    {
        var room = new RoomHarness();
        room.Say(1, new Hello(Role.Host, "ana"));
        var before = room.Room;
        Assert.That(room.Say(1, new Hello(Name: "bo")).Single(), Is.InstanceOf<Error>().With.Property("Code").EqualTo(ErrorCodes.HelloAgain));
        Assert.That(room.Room, Is.EqualTo(before));
    }

    [Test]
    public void A_name_that_is_taken_gets_a_number()
    {
        var room = new RoomHarness();
        for (var connection = 1; connection <= 30; connection++)
            room.Say(connection, new Hello(Name: "ana"));
        Assert.That(room.MemberOf(1).Name, Is.EqualTo("ana"));
        Assert.That(room.MemberOf(2).Name, Is.EqualTo("ana (2)"));
        Assert.That(room.MemberOf(3).Name, Is.EqualTo("ana (3)"));
        Assert.That(room.Room.Seats.Values.Select(seat => seat.Member.Name), Is.Unique);
    }

    [Test]
    public void A_long_name_that_is_taken_stays_within_its_cap()
    {
        var room = new RoomHarness();
        room.Say(1, new Hello(Name: new string('x', 64)));
        room.Say(2, new Hello(Name: new string('x', 64)));
        Assert.That(room.MemberOf(2).Name, Is.EqualTo(new string('x', 60) + " (2)"));
    }

    [Test]
    public void Who_gives_no_name_is_a_guest()
    {
        var room = new RoomHarness();
        room.Say(1, new Hello());
        Assert.That(room.MemberOf(1).Name, Is.EqualTo("guest"));
    }

    [Test]
    public void The_first_host_gets_the_role_and_the_second_joins_as_a_viewer()
    {
        var room = new RoomHarness();
        room.Say(1, new Hello(Role.Host, "ana"));
        var answer = room.Say(2, new Hello(Role.Host, "bo"));
        Assert.That(answer[0], Is.InstanceOf<State>());
        Assert.That(answer.OfType<Welcome>().Single().Role, Is.EqualTo(Role.Viewer));
        Assert.That(answer.OfType<Error>().Single().Code, Is.EqualTo(ErrorCodes.HostTaken));
        Assert.That(room.MemberOf(2).Role, Is.EqualTo(Role.Viewer));
    }

    [Test]
    public void Bye_gives_the_host_role_up_at_once()
    {
        var room = RoomHarness.WithHostAndViewers();
        room.Say(1, new Bye());
        Assert.That(room.Ended, Is.EquivalentTo(new[] { 1 }));
        Assert.That(room.Received<PeerLeft>(2).Single().Reason, Is.EqualTo("bye"));
        Assert.That(room.MemberOf(2).Role, Is.EqualTo(Role.Host));
        Assert.That(room.Received<PeerJoined>(2).Single().Member.Role, Is.EqualTo(Role.Host));
    }

    [Test]
    public void A_host_may_step_down()
    {
        var room = RoomHarness.WithHostAndViewers();
        room.Say(1, new SetRole(Role.Viewer));
        room.Say(2, new SetRole(Role.Host));
        Assert.That(room.MemberOf(1).Role, Is.EqualTo(Role.Viewer));
        Assert.That(room.MemberOf(2).Role, Is.EqualTo(Role.Host));
        Assert.That(room.Say(1, new Play()).OfType<Error>().Single().Code, Is.EqualTo(ErrorCodes.NotHost));
    }

    [Test]
    public void The_address_that_the_server_sees_stands_beside_those_announced()
    {
        var room = new RoomHarness();
        room.Say(1, new Hello(Listen: ["10.0.0.2:9003", "0.0.0.0:9003", "10.0.0.2:9003"], ListenPort: 9003));
        Assert.That(room.MemberOf(1).Addresses, Is.EqualTo(new[] { "10.0.0.2:9003", "192.0.2.7:9003" }));
    }

    [TestCase(true, new[] { "127.0.0.1:9003" })]
    [TestCase(false, new[] { "10.0.0.2:9003" })]
    public void Loopback_is_named_only_where_there_is_nothing_better(bool isAlone, string[] expected)
    {
        var room = new RoomHarness();
        room.Say(1, new Hello(Listen: isAlone ? null : ["10.0.0.2:9003"], ListenPort: 9003), "127.0.0.1");
        Assert.That(room.MemberOf(1).Addresses, Is.EqualTo(expected));
    }

    [Test]
    public void Peers_lists_everyone_in_order_of_joining()
    {
        var room = RoomHarness.WithHostAndViewers(3);
        var peers = room.Say(2, new PeersRequest()).OfType<Peers>().Single();
        Assert.That(peers.Members.Select(m => m.Name), Is.EqualTo(new[] { "host", "viewer1", "viewer2", "viewer3" }));
    }

    [Test]
    public void No_message_exceeds_its_cap_however_long_names_and_lists_are()
    {
        var room = new RoomHarness();
        var addresses = Enumerable.Range(0, 16).Select(i => $"[2001:db8:aaaa:bbbb:cccc:dddd:eeee:{i + 4096:x}]:65535").ToArray();
        for (var connection = 1; connection <= 250; connection++)
            room.Say(connection, new Hello(connection == 1 ? Role.Host : Role.Viewer, new string('"', 60) + connection, Listen: addresses));
        for (var track = 0; track < 250; track++)
            room.Say(1, new Queue("add", new TrackInfo(track.ToString("x64"), new string('é', 255), 1, 1)));
        Assert.That(room.Received<Error>(1).Select(e => e.Code), Has.Some.EqualTo(ErrorCodes.QueueFull));
        room.Say(1000, new Hello());
        room.Say(1, new PeersRequest());
        var all = room.Inbox(1000).Concat(room.Inbox(1)).ToArray();
        Assert.That(all.Max(m => ControlCodec.Serialize(m).Length), Is.LessThanOrEqualTo(Limits.MaxMessageBytes));
        var snapshots = room.Received<Snapshot>(1000).ToArray();
        Assert.That(snapshots.Select(s => s.Page), Is.EqualTo(Enumerable.Range(0, snapshots[0].Pages)));
        Assert.That(snapshots.Sum(s => s.Members.Count), Is.EqualTo(251));
        Assert.That(snapshots[0].Queue, Is.Not.Empty);
        Assert.That(snapshots.Skip(1).SelectMany(s => s.Queue), Is.Empty);
    }

    [Test]
    public void An_empty_room_is_over_after_a_minute()
    {
        var room = RoomHarness.WithHostAndViewers(0);
        room.Lose(1);
        var since = room.NowUs;
        Assert.That(room.Room.IsOver(since + 59_999_999), Is.False);
        Assert.That(room.Room.IsOver(since + 60_000_000), Is.True);
        Assert.That(room.Room.NextDueUs, Is.LessThanOrEqualTo(since + 60_000_000));
    }

    [Test]
    public void Room_stats_go_out_at_most_twice_a_second_and_name_the_worst()
    {
        var room = RoomHarness.WithHostAndViewers(2);
        for (var i = 1; i <= 100; i++)
        {
            room.Say(2, new Stats(new MemberStats(RttUs: i * 1000, OutputLeadUs: 5_000)));
            room.Say(3, new Stats(new MemberStats(RttUs: 10, OutputLeadUs: i * 100)));
            room.Advance(20_000);
        }

        // The worst figures wait for the telling of what members report: every 3 s in a room of three.
        room.Advance(5_000_000);
        var stats = room.Received<RoomStats>(1).ToArray();
        Assert.That(stats, Has.Length.InRange(2, 4));
        Assert.That(stats[^1], Is.EqualTo(new RoomStats(3, 1, 2, 100_000, 10_000, stats[^1].WaitingFor, stats[^1].Quality)));
        Assert.That(room.Room.NextDueUs, Is.EqualTo(long.MaxValue));
    }
}
