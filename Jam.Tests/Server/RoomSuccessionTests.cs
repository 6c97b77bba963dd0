using Jam.Server.Contracts;
using NUnit.Framework;

namespace Jam.Tests.Server;

[TestFixture]
internal sealed class RoomSuccessionTests
{
    // On the old clock: played from 3 s at 50 s; it is 60 s now, so the position is 13 s.
    private static readonly Timeline _old = new(4, 17, RoomHarness.OldClockId, PlaybackStatus.Play, RoomHarness.TrackId, 50_000_000, 3_000_000);
    private static readonly Resume _resume = new(_old, RoomHarness.Track, 60_000_000, 200);

    [Test]
    public void A_new_authority_goes_on_where_the_old_one_was()
    {
        var room = new RoomHarness();
        var state = (State)room.Say(1, new Hello(Role.Host, "ana", Resume: _resume))[0];
        Assert.That(state.Epoch, Is.EqualTo(5));
        Assert.That(state.ClockId, Is.EqualTo(RoomHarness.ClockId));
        Assert.That(state.Note, Is.EqualTo("resumed"));
        Assert.That(state.Track, Is.EqualTo(RoomHarness.Track));
        Assert.That(state.AtUs, Is.EqualTo(room.NowUs - 10_000_000));
        Assert.That(state.ToTimeline().PositionAtUs(room.NowUs), Is.EqualTo(13_000_000));
    }

    [TestCase(-84_000, -84_000)]
    [TestCase(5_000_001, 0)]
    public void The_successors_clock_as_a_member_measured_it_counts_where_it_can_be_true(long measuredUs, long expectedUs)
    {
        var room = new RoomHarness();
        room.Say(1, new Hello(Resume: _resume with { SuccessorUs = room.NowUs + measuredUs }));
        Assert.That(room.Timeline.AtUs, Is.EqualTo(room.NowUs - 10_000_000 + expectedUs));
    }

    [Test]
    public void A_clearly_better_estimate_of_the_same_record_refines_it()
    {
        var room = new RoomHarness();
        room.Say(1, new Hello(Resume: _resume));
        room.Advance(1_000_000);
        room.Say(2, new Hello(Resume: _resume with { RoomTimeUs = 61_000_500, ErrorUs = 99 }));
        Assert.That(room.Timeline.PositionAtUs(room.NowUs), Is.EqualTo(14_000_500));
        Assert.That(room.Received<State>(1).Last().ToTimeline(), Is.EqualTo(room.Timeline));
        Assert.That(room.Timeline.Epoch, Is.EqualTo(5));
    }

    [TestCase(101, 1_000_000)]
    [TestCase(1, 5_000_001)]
    public void A_barely_better_or_late_estimate_changes_nothing(double errorUs, long afterUs)
    {
        var room = new RoomHarness();
        room.Say(1, new Hello(Resume: _resume));
        var adopted = room.Timeline;
        room.Advance(afterUs);
        room.Say(2, new Hello(Resume: _resume with { RoomTimeUs = 99_000_000, ErrorUs = errorUs }));
        Assert.That(room.Timeline, Is.EqualTo(adopted));
    }

    [Test]
    public void A_newer_record_of_the_old_authority_wins()
    {
        var room = new RoomHarness();
        room.Say(1, new Hello(Resume: _resume));
        room.Say(2, new Hello(Resume: _resume with { Timeline = _old with { Revision = 18, PositionUs = 90_000_000 }, ErrorUs = 900 }));
        Assert.That(room.Timeline.PositionUs, Is.EqualTo(90_000_000));
        var newest = room.Timeline;
        room.Say(3, new Hello(Resume: _resume with { ErrorUs = 0 }));
        Assert.That(room.Timeline, Is.EqualTo(newest));
    }

    [Test]
    public void Music_that_never_stopped_is_followed_though_a_new_host_has_just_begun_it_anew()
    {
        var room = RoomHarness.WithHostAndViewers();
        room.Say(1, new Play(0));
        room.Advance(3_000_000);
        room.Say(9, new Hello(Resume: _resume));
        Assert.That(room.Timeline.PositionAtUs(room.NowUs), Is.EqualTo(13_000_000));
        Assert.That(room.Timeline.Epoch, Is.EqualTo(5));
    }

    [Test]
    public void A_host_that_names_the_track_which_listeners_have_just_brought_back_does_not_stop_it()
    {
        var room = new RoomHarness();
        room.Say(1, new Hello(Role.Host, "ana"));
        room.Say(2, new Hello(Resume: _resume));
        room.Say(1, new SetTrack(RoomHarness.TrackId));
        Assert.That(room.Timeline.Status, Is.EqualTo(PlaybackStatus.Play));
        Assert.That(room.Timeline.PositionAtUs(room.NowUs), Is.EqualTo(13_000_000));
        Assert.That(room.Received<State>(1).Last().ToTimeline(), Is.EqualTo(room.Timeline));
    }

    [Test]
    public void After_a_while_the_new_authority_s_own_music_stays()
    {
        var room = RoomHarness.WithHostAndViewers();
        room.Say(1, new Play(0));
        room.Advance(10_000_001);
        room.Say(9, new Hello(Resume: _resume));
        Assert.That(room.Timeline.PositionUs, Is.Zero);
        Assert.That(room.Timeline.Epoch, Is.EqualTo(5));
    }

    [Test]
    public void An_authority_that_has_commanded_keeps_its_own_timeline_under_a_higher_epoch()
    {
        var room = RoomHarness.WithHostAndViewers();
        room.Say(1, new Play(7_000_000));
        room.Advance(10_000_001);
        var own = room.Timeline;
        room.ClearInboxes();
        room.Say(9, new Hello(Resume: _resume));
        Assert.That(room.Timeline, Is.EqualTo(own with { Epoch = 5, Revision = own.Revision + 1 }));
        Assert.That(room.Received<State>(2).Single().ToTimeline(), Is.EqualTo(room.Timeline));
        Assert.That(room.Received<State>(9).Single().Note, Is.Null);
    }

    [Test]
    public void A_mere_track_is_no_command()
    {
        var room = RoomHarness.WithHostAndViewers();
        room.Say(9, new Hello(Resume: _resume));
        Assert.That((room.Timeline.Status, room.Timeline.Epoch), Is.EqualTo((PlaybackStatus.Play, 5L)));
        Assert.That(room.Received<State>(1).Last().Note, Is.EqualTo("resumed"));
    }

    [Test]
    public void A_memory_without_a_track_does_not_take_one_away()
    {
        var room = RoomHarness.WithHostAndViewers();
        room.Say(9, new Hello(Resume: _resume with { Timeline = _old with { TrackId = null }, Track = null }));
        Assert.That(room.Timeline.TrackId, Is.EqualTo(RoomHarness.TrackId));
        Assert.That(room.Timeline.Epoch, Is.EqualTo(5));
    }

    [Test]
    public void A_reconnect_to_the_same_authority_changes_nothing()
    {
        var room = RoomHarness.WithHostAndViewers();
        var before = room.Timeline;
        room.Say(9, new Hello(Resume: _resume with { Timeline = _old with { ClockId = RoomHarness.ClockId } }));
        Assert.That(room.Timeline, Is.EqualTo(before));
    }

    [TestCase(40_000_000)]
    [TestCase(900_000_000_000_000)]
    public void A_memory_that_cannot_be_raises_the_epoch_alone(long roomTimeUs)
    {
        var room = new RoomHarness();
        room.Say(1, new Hello(Resume: _resume with { RoomTimeUs = roomTimeUs }));
        Assert.That((room.Timeline.Status, room.Timeline.Epoch), Is.EqualTo((PlaybackStatus.Pause, 5L)));
    }

    [Test]
    public void A_scheduled_start_survives_the_change_of_authority()
    {
        var room = new RoomHarness();
        room.Say(1, new Hello(Resume: _resume with { RoomTimeUs = 49_000_000 }));
        Assert.That(room.Timeline.AtUs, Is.EqualTo(room.NowUs + 1_000_000));
    }

    [Test]
    public void The_next_command_goes_on_from_the_adopted_position()
    {
        var room = new RoomHarness();
        room.Say(1, new Hello(Role.Host, Resume: _resume));
        room.Say(1, new Pause());
        Assert.That(room.Timeline.PositionUs, Is.EqualTo(13_050_000));
        Assert.That(room.Timeline.Epoch, Is.EqualTo(5));
    }
}
