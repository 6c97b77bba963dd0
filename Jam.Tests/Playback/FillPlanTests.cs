using Jam.Peer.Clock;
using Jam.Peer.Playback;
using Jam.Server.Contracts;
using NUnit.Framework;

namespace Jam.Tests.Playback;

public sealed class FillPlanTests
{
    private const long Written = 10_000_000;
    private static readonly RoomClockSnapshot Room = new(PlayoutRig.ClockId, 0, 500_000_000, 0, 3, 400, true);

    [Test]
    public void A_track_that_the_timeline_does_not_name_is_prepared_from_its_start()
    {
        Assert.That(Plan(null), Is.EqualTo(new FillPlan(null, new FillGoal(0, 5_000_000))));
        Assert.That(
            Plan(new TimelinePair(PlayoutRig.Record(1, PlaybackStatus.Play, 0, 9, "other"), null)),
            Is.EqualTo(new FillPlan(null, new FillGoal(0, 5_000_000))));
    }

    [Test]
    public void What_stands_still_is_prepared_where_it_stands_even_before_the_clock_is_known() =>
        Assert.That(
            Plan(new TimelinePair(PlayoutRig.Record(1, PlaybackStatus.Pause, 0, 42_000_000), null), RoomClockSnapshot.None),
            Is.EqualTo(new FillPlan(null, new FillGoal(42_000_000, 47_000_000))));

    [Test]
    public void What_runs_by_an_unknown_clock_is_not_prepared_at_the_wrong_place() =>
        Assert.That(
            Plan(new TimelinePair(PlayoutRig.Record(1, PlaybackStatus.Play, 0, 0), null), RoomClockSnapshot.None),
            Is.EqualTo(default(FillPlan)));

    [Test]
    public void What_runs_is_decoded_from_where_it_is_when_it_is_heard() =>
        Assert.That(
            Plan(new TimelinePair(PlayoutRig.Record(1, PlaybackStatus.Play, 503_000_000, 1_000_000), null)),
            Is.EqualTo(new FillPlan(null, new FillGoal(8_000_000, 13_000_000))));

    [Test]
    public void Before_a_seek_the_rest_of_the_old_place_comes_first_and_then_the_new_one()
    {
        var play = PlayoutRig.Record(1, PlaybackStatus.Play, 503_000_000, 0);
        var seek = PlayoutRig.Record(2, PlaybackStatus.Play, 511_000_000, 90_000_000);
        Assert.That(
            Plan(new TimelinePair(seek, play)),
            Is.EqualTo(new FillPlan(new FillGoal(7_000_000, 8_200_000), new FillGoal(90_000_000, 95_000_000))));
    }

    [Test]
    public void An_old_track_that_still_sounds_needs_nothing_more()
    {
        var play = PlayoutRig.Record(1, PlaybackStatus.Play, 503_000_000, 0, "other");
        var next = PlayoutRig.Record(2, PlaybackStatus.Play, 511_000_000, 3_000_000);
        Assert.That(Plan(new TimelinePair(next, play)), Is.EqualTo(new FillPlan(null, new FillGoal(3_000_000, 8_000_000))));
    }

    private static FillPlan Plan(TimelinePair? pair, RoomClockSnapshot? room = null)
    {
        var followed = FollowedTimeline.Nothing;
        followed.Take(pair, room ?? Room);
        return FillPlan.For(PlayoutRig.TrackId, pair, followed, Written);
    }
}
