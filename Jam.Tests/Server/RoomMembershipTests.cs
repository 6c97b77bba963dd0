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
    public void A_lost_host_keeps_its_place_for_ten_seconds()
    {
        var room = RoomHarness.WithHostAndViewers();
        room.Lose(1);
        room.Advance(9_999_999);
        Assert.That(room.Say(2, new SetRole(Role.Host)).OfType<Error>().Single().Code, Is.EqualTo(ErrorCodes.HostTaken));
        room.Advance(1);
        room.Say(2, new SetRole(Role.Host));
        Assert.That(room.MemberOf(2).Role, Is.EqualTo(Role.Host));
    }

    [Test]
    public void A_lost_host_comes_back_with_its_token()
    {
        var room = RoomHarness.WithHostAndViewers();
        var (id, token, seq) = (room.MemberOf(1).PeerId, room.TokenOf(1), room.MemberOf(1).JoinSeq);
        room.Lose(1);
        room.Advance(5_000_000);
        room.Say(9, new Hello(Role.Host, "host", id, ResumeToken: token));
        Assert.That(room.MemberOf(9), Is.EqualTo(room.MemberOf(9) with { PeerId = id, JoinSeq = seq, Role = Role.Host, Name = "host" }));
    }

    [Test]
    public void A_wrong_token_gets_neither_the_id_nor_the_role()
    {
        var room = RoomHarness.WithHostAndViewers();
        var id = room.MemberOf(1).PeerId;
        room.Lose(1);
        var answer = room.Say(9, new Hello(Role.Host, "host", id, ResumeToken: "guess"));
        Assert.That(room.MemberOf(9).PeerId, Is.EqualTo("fresh-9"));
        Assert.That(answer.OfType<Error>().Single().Code, Is.EqualTo(ErrorCodes.HostTaken));
    }

    [Test]
    public void A_wrong_token_does_not_push_a_seated_member_off()
    {
        var room = RoomHarness.WithHostAndViewers();
        room.Say(9, new Hello(Role.Host, "host", room.MemberOf(1).PeerId, ResumeToken: "guess"));
        Assert.That(room.Ended, Is.Empty);
        Assert.That(room.MemberOf(9).PeerId, Is.EqualTo("fresh-9"));
    }

    [Test]
    public void A_hello_that_was_held_up_on_a_connection_given_up_since_leaves_the_later_one_alone()
    {
        var room = RoomHarness.WithHostAndViewers();
        var hello = new Hello(Role.Host, "host", room.MemberOf(1).PeerId, ResumeToken: room.TokenOf(1));
        room.Say(9, hello);
        room.Say(8, hello);
        Assert.That(room.Received<Error>(8).Single(), Is.EqualTo(new Error(ErrorCodes.Replaced, "you came back on another connection", true)));
        Assert.That(room.Received<Error>(9), Is.Empty);
        Assert.That(room.MemberOf(9).Role, Is.EqualTo(Role.Host));
        Assert.That(room.Room.Seats, Has.Count.EqualTo(2));
    }

    [Test]
    public void A_member_that_comes_back_while_still_seated_replaces_its_old_connection()
    {
        var room = RoomHarness.WithHostAndViewers();
        room.Say(9, new Hello(Role.Host, "host", room.MemberOf(1).PeerId, ResumeToken: room.TokenOf(1)));
        Assert.That(room.Received<Error>(1).Single(), Is.EqualTo(new Error(ErrorCodes.Replaced, "you came back on another connection", true)));
        Assert.That(room.MemberOf(9).Role, Is.EqualTo(Role.Host));
        Assert.That(room.MemberOf(9).Name, Is.EqualTo("host"));
        Assert.That(room.Room.Seats, Has.Count.EqualTo(2));
        room.Lose(1);
        Assert.That(room.Room.Seats, Has.Count.EqualTo(2));
        Assert.That(room.Room.HostConnection, Is.EqualTo(9));
    }

    [Test]
    public void An_id_of_another_authoritys_time_is_kept()
    {
        var room = new RoomHarness();
        room.Say(1, new Hello(PeerId: "p-old", ResumeToken: "t-old"));
        Assert.That(room.MemberOf(1).PeerId, Is.EqualTo("p-old"));
        Assert.That(room.TokenOf(1), Is.EqualTo("token-1"));
    }

    [Test]
    public void An_id_that_nobody_has_may_be_brought_along_and_one_that_somebody_has_needs_its_token()
    {
        var room = new RoomHarness();
        room.Say(1, new Hello(PeerId: "p-own"));
        Assert.That(room.MemberOf(1).PeerId, Is.EqualTo("p-own"));
        room.Say(2, new Hello(PeerId: "p-own"));
        Assert.That(room.MemberOf(2).PeerId, Is.EqualTo("fresh-2"));
        room.Lose(1);
        room.Say(3, new Hello(PeerId: "p-own"));
        Assert.That(room.MemberOf(3).PeerId, Is.EqualTo("fresh-3"), "it may come back");
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
    public void A_lost_host_that_returns_as_a_viewer_frees_the_role()
    {
        var room = RoomHarness.WithHostAndViewers();
        var (id, token) = (room.MemberOf(1).PeerId, room.TokenOf(1));
        room.Lose(1);
        room.Say(9, new Hello(Role.Viewer, "host", id, ResumeToken: token));
        room.Say(2, new SetRole(Role.Host));
        Assert.That(room.MemberOf(2).Role, Is.EqualTo(Role.Host));
    }

    [Test]
    public void Losing_the_host_does_not_stop_the_music()
    {
        var room = RoomHarness.WithHostAndViewers();
        room.Say(1, new Play());
        var playing = room.Timeline;
        room.Lose(1);
        room.Advance(30_000_000);
        Assert.That(room.Timeline, Is.EqualTo(playing));
        Assert.That(playing.Status, Is.EqualTo(PlaybackStatus.Play));
        Assert.That(room.Received<PeerLeft>(2).Single().Reason, Is.EqualTo("lost"));
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
