using Jam.Server.Contracts;
using NUnit.Framework;

namespace Jam.Tests.Server;

[TestFixture]
internal sealed class RoomReadinessTests
{
    [Test]
    public void Play_waits_for_members_that_are_not_ready()
    {
        var room = RoomHarness.WithHostAndViewers(2);
        room.Say(2, new Ready(RoomHarness.TrackId, false));
        room.Say(3, new Ready(RoomHarness.OtherTrackId, false));
        room.Say(1, new Play());
        Assert.That(room.Received<State>(1), Is.Empty);
        Assert.That(room.Received<RoomStats>(1).Last().WaitingFor, Is.EqualTo(new[] { room.MemberOf(2).PeerId }));
        room.Advance(1_000_000);
        room.Say(2, new Ready(RoomHarness.TrackId, true));
        Assert.That(room.Received<State>(1).Single().AtUs, Is.EqualTo(room.NowUs + 50_000));
        room.Advance(1_000_000);
        Assert.That(room.Received<RoomStats>(1).Last().WaitingFor, Is.Empty);
        Assert.That(room.Room.Pending, Is.Null);
    }

    [Test]
    public void Who_of_those_awaited_is_still_awaited_is_told_after_a_while_and_not_at_each_who_is_not()
    {
        var room = RoomHarness.WithHostAndViewers(3);
        for (var viewer = 2; viewer <= 4; viewer++)
            room.Say(viewer, new Ready(RoomHarness.TrackId, false));
        room.Advance(1_000_000);
        room.Say(1, new Play());
        var told = room.Received<RoomStats>(1).Count();
        Assert.That(room.Received<RoomStats>(1).Last().WaitingFor, Has.Count.EqualTo(3));
        room.Advance(600_000);
        room.Say(2, new Ready(RoomHarness.TrackId, true));
        room.Advance(800_000);
        Assert.That(room.Received<RoomStats>(1).Count(), Is.EqualTo(told), "each word takes its part of what they wait for");
        room.Advance(200_000);
        Assert.That(room.Received<RoomStats>(1).Last().WaitingFor, Has.Count.EqualTo(2));
        room.Say(3, new Ready(RoomHarness.TrackId, true));
        room.Say(4, new Ready(RoomHarness.TrackId, true));
        room.Advance(1_000_000);
        Assert.That(room.Received<RoomStats>(1).Last().WaitingFor, Is.Empty);
    }

    [Test]
    public void Who_is_awaited_knows_it_and_is_told_by_whom_else_only_where_that_lasts()
    {
        var room = RoomHarness.WithHostAndViewers(3);
        for (var viewer = 2; viewer <= 3; viewer++)
            room.Say(viewer, new Ready(RoomHarness.TrackId, false));
        room.Advance(1_000_000);
        var told = Enumerable.Range(1, 4).Select(member => room.Received<RoomStats>(member).Count()).ToArray();
        room.Say(1, new Play());
        room.Advance(1_400_000);
        Assert.That(
            Enumerable.Range(1, 4).Select(member => room.Received<RoomStats>(member).Count() - told[member - 1]), Is.EqualTo(new[] { 1, 0, 0, 1 }),
            "each word to them takes its part of what they wait for");
        room.Advance(200_000);
        for (var member = 1; member <= 4; member++)
            Assert.That(room.Received<RoomStats>(member).Last().WaitingFor, Has.Count.EqualTo(2), $"member {member}");
        room.Say(2, new Ready(RoomHarness.TrackId, true));
        room.Say(3, new Ready(RoomHarness.TrackId, true));
        room.Advance(1_000_000);
        for (var member = 1; member <= 4; member++)
            Assert.That(room.Received<RoomStats>(member).Last().WaitingFor, Is.Empty, $"member {member}");
    }

    [Test]
    public void Play_waits_no_longer_than_three_seconds()
    {
        var room = RoomHarness.WithHostAndViewers();
        room.Say(2, new Ready(RoomHarness.TrackId, false));
        var commanded = room.NowUs;
        room.Say(1, new Play());
        room.Advance(2_999_999);
        Assert.That(room.Received<State>(1), Is.Empty);
        room.Advance(1);
        Assert.That(room.Received<State>(1).Single().AtUs, Is.EqualTo(commanded + 3_050_000));
    }

    [Test]
    public void A_host_that_presses_play_again_does_not_make_the_room_wait_longer()
    {
        var room = RoomHarness.WithHostAndViewers();
        room.Say(2, new Ready(RoomHarness.TrackId, false));
        room.Say(1, new Play(1));
        room.Advance(2_000_000);
        room.Say(1, new Play(2));
        room.Advance(1_000_000);
        Assert.That(room.Timeline.PositionUs, Is.EqualTo(2));
    }

    [Test]
    public void Who_leaves_is_not_waited_for()
    {
        var room = RoomHarness.WithHostAndViewers();
        room.Say(2, new Ready(RoomHarness.TrackId, false));
        room.Say(1, new Play());
        room.Lose(2);
        Assert.That(room.Timeline.Status, Is.EqualTo(PlaybackStatus.Play));
    }

    [Test]
    public void Pause_drops_a_play_that_waits()
    {
        var room = RoomHarness.WithHostAndViewers();
        room.Say(2, new Ready(RoomHarness.TrackId, false));
        room.Say(1, new Play());
        room.Say(1, new Pause());
        room.Advance(10_000_000);
        Assert.That(room.Timeline.Status, Is.EqualTo(PlaybackStatus.Pause));
        Assert.That(room.Received<State>(2), Is.Empty);
    }

    [Test]
    public void The_music_plays_on_while_a_seek_waits()
    {
        var room = RoomHarness.WithHostAndViewers();
        room.Say(1, new Play());
        room.Advance(1_000_000);
        var playing = room.Timeline;
        room.Say(2, new Ready(RoomHarness.TrackId, false));
        room.Say(1, new Seek(60_000_000));
        Assert.That(room.Timeline, Is.EqualTo(playing));
        room.Say(2, new Ready(RoomHarness.TrackId, true));
        Assert.That(room.Timeline.PositionUs, Is.EqualTo(60_000_000));
    }

    [Test]
    public void A_seek_that_waits_while_the_end_comes_near_does_not_make_the_room_ask_for_nothing_for_ever()
    {
        var room = RoomHarness.WithHostAndViewers();
        room.Say(1, new Play(236_000_000));
        room.Say(2, new Ready(RoomHarness.TrackId, false));
        room.Advance(1_000_000);
        room.Say(1, new Seek(60_000_000));
        room.Advance(2_999_999);
        Assert.That(room.Room.NextDueUs, Is.EqualTo(room.NowUs + 1), "the end of the waiting is all that the room has to do");
        room.Advance(1_000_000);
        Assert.That((room.Timeline.Status, room.Timeline.PositionUs), Is.EqualTo((PlaybackStatus.Play, 60_000_000L)));
    }

    [Test]
    public void Who_said_nothing_of_readiness_is_not_waited_for()
    {
        var room = RoomHarness.WithHostAndViewers(5);
        room.Say(1, new Play());
        Assert.That(room.Timeline.Status, Is.EqualTo(PlaybackStatus.Play));
    }

    [Test]
    public void A_room_with_nothing_to_do_asks_for_nothing()
    {
        var room = RoomHarness.WithHostAndViewers();
        room.Say(1, new Play());
        Assert.That(room.Room.NextDueUs, Is.EqualTo(room.Room.EndDueUs));
    }
}
