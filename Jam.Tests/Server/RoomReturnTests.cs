using Jam.Server.Contracts;
using NUnit.Framework;

namespace Jam.Tests.Server;

[TestFixture]
internal sealed class RoomReturnTests
{
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

    [TestCase(true)]
    [TestCase(false)]
    public void A_host_that_gave_up_before_it_heard_that_it_was_in_finds_its_own_place_when_it_dials_again(bool isSeated)
    {
        var room = new RoomHarness();
        var hello = new Hello(Role.Host, "ana", "p-own", ResumeToken: "t-of-elsewhere") { RetryToken = "r-own" };
        var unheard = room.Say(1, hello).OfType<Welcome>().Single();
        if (!isSeated)
            room.Lose(1);
        var welcome = room.Say(2, hello).OfType<Welcome>().Single();
        Assert.That(welcome, Is.EqualTo(unheard with { Policy = welcome.Policy, Door = welcome.Door }), "the same id, tokens and role");
        Assert.That((room.MemberOf(2).PeerId, room.MemberOf(2).Name, room.MemberOf(2).Role), Is.EqualTo(("p-own", "ana", Role.Host)));
        Assert.That(room.Room.Seats, Has.Count.EqualTo(1));
        Assert.That(room.Received<Error>(2), Is.Empty);
    }

    [TestCase("r-guess")]
    [TestCase(null)]
    public void Who_does_not_know_what_a_member_would_be_known_by_is_someone_else(string? guess)
    {
        var room = new RoomHarness();
        room.Say(1, new Hello(Role.Host, "ana", "p-own") { RetryToken = "r-own" });
        room.Say(2, new Hello(Role.Host, "ana", "p-own") { RetryToken = guess });
        Assert.That((room.MemberOf(2).PeerId, room.MemberOf(2).Role), Is.EqualTo(("fresh-2", Role.Viewer)));
        Assert.That(room.MemberOf(1).Role, Is.EqualTo(Role.Host));
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
}
