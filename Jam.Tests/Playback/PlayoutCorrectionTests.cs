using Jam.Peer.Clock;
using Jam.Server.Contracts;
using NUnit.Framework;

namespace Jam.Tests.Playback;

/// <summary>What an engine does when the room clock's estimate moves under it.</summary>
public sealed class PlayoutCorrectionTests
{
    [Test]
    public void A_small_error_is_closed_by_speed_alone()
    {
        var (rig, play) = Playing();
        Shift(rig, 900);
        var from = rig.Device.Written;
        rig.Run(6);
        Assert.That(rig.ErrorUsAt(from + 4_800, play), Is.EqualTo(-850).Within(60), "closed by at most 500 ppm");
        rig.AssertInTime(from + 5 * 48_000, from + 5 * 48_000 + 9_600, play, 6);
        Assert.That(rig.Engine.Status.Snaps, Is.Zero);
    }

    [TestCase(20_000)]
    [TestCase(-20_000)]
    public void A_big_error_is_closed_by_one_snap(double us)
    {
        var (rig, play) = Playing();
        Shift(rig, us);
        var from = rig.Device.Written;
        rig.Run(1);
        rig.AssertInTime(from + 1_200, from + 20_000, play, 3);
        Assert.That(rig.Engine.Status.Snaps, Is.EqualTo(1));
    }

    [Test]
    public void After_three_snaps_in_a_few_seconds_it_stops_snapping_says_so_and_recovers_in_calm()
    {
        var (rig, _) = Playing();
        for (var i = 0; i < 5; i++)
        {
            Shift(rig, i % 2 == 0 ? 10_000 : -10_000);
            rig.Run(0.5);
        }
        Assert.That(rig.Engine.Status.Snaps, Is.EqualTo(3));
        Assert.That(rig.Engine.Status.HasGivenUpSnapping, Is.True);
        rig.Run(3);
        Assert.That(rig.Engine.Status.HasGivenUpSnapping, Is.False);
    }

    [Test]
    public void An_error_of_a_second_is_a_new_start_whatever_the_guard_says()
    {
        var (rig, play) = Playing();
        for (var i = 0; i < 5; i++)
            Shift(rig, i % 2 == 0 ? 10_000 : -10_000);
        Shift(rig, 1_000_000);
        var from = rig.Device.Written;
        rig.Run(1);
        rig.AssertInTime(from + 1_200, from + 20_000, play, 3);
    }

    [Test]
    public void A_clock_that_is_lost_for_a_while_is_held_over()
    {
        var (rig, play) = Playing();
        var known = rig.Room;
        rig.Room = RoomClockSnapshot.None;
        var from = rig.Device.Written;
        rig.Run(2);
        rig.Room = known;
        rig.AssertInTime(from, rig.Device.Written - 1, play, 3);
    }

    [Test]
    public void A_new_authority_is_followed_without_a_gap_once_its_clock_is_known()
    {
        var (rig, play) = Playing();
        var old = rig.Room;
        var other = Guid.Parse("00000000-0000-0000-0000-000000000002");
        const long Apart = 123_456_789_012;
        var rebased = play with { Epoch = 2, ClockId = other, AtUs = play.AtUs + Apart };
        rig.Engine.SetTimeline(new TimelinePair(play, null).Accept(rebased));
        var from = rig.Device.Written;
        rig.Run(1);
        rig.Room = old with { ClockId = other, OffsetUs = old.OffsetUs + Apart };
        rig.Run(1);
        var to = rig.Device.Written - 1;
        rig.Room = old;
        rig.AssertInTime(from, to, play, 3);
        Assert.That(rig.Engine.Status.Snaps, Is.Zero);
    }

    [Test]
    public void A_new_authority_s_clock_has_two_seconds_to_settle_before_it_is_jumped_after()
    {
        var (rig, play) = Playing();
        var old = rig.Room;
        var other = Guid.Parse("00000000-0000-0000-0000-000000000002");
        rig.Engine.SetTimeline(new TimelinePair(play, null).Accept(play with { Epoch = 2, ClockId = other }));
        rig.Room = old with { ClockId = other, OffsetUs = old.OffsetUs + 8_000 };
        rig.Run(1.5);
        Assert.That(rig.Engine.Status.Snaps, Is.Zero);
        rig.Room = rig.Room with { OffsetUs = old.OffsetUs };
        rig.Run(1.5);
        Assert.That(rig.Engine.Status.Snaps, Is.Zero, "it settled by itself");
        rig.Room = rig.Room with { OffsetUs = old.OffsetUs + 8_000 };
        rig.Run(0.5);
        Assert.That(rig.Engine.Status.Snaps, Is.EqualTo(1), "later an error is one");
    }

    [Test]
    public void Right_after_a_start_corrections_are_free()
    {
        var rig = new PlayoutRig(new SimulatedDevice(48_000));
        rig.Engine.SetTracks(rig.MakeTrack(0, 441_000), null);
        rig.Run(1);
        rig.Engine.SetTimeline(new TimelinePair(PlayoutRig.Record(1, PlaybackStatus.Play, rig.RoomNowUs + 300_000, 0), null));
        rig.Run(0.3);
        for (var i = 0; i < 4; i++)
        {
            Shift(rig, i % 2 == 0 ? 10_000 : -10_000);
            rig.Run(0.05);
        }
        Assert.That(rig.Engine.Status.HasGivenUpSnapping, Is.False);
        rig.Run(0.5);
        for (var i = 0; i < 4; i++)
        {
            Shift(rig, i % 2 == 0 ? 10_000 : -10_000);
            rig.Run(0.5);
        }
        Assert.That(rig.Engine.Status.HasGivenUpSnapping, Is.True, "from then on they count");
    }

    [Test]
    public void Silence_from_a_new_authority_is_obeyed_before_its_clock_is_known()
    {
        var (rig, play) = Playing();
        var pause = play with { Epoch = 2, ClockId = Guid.Parse("00000000-0000-0000-0000-000000000002"), Status = PlaybackStatus.Pause };
        rig.Engine.SetTimeline(new TimelinePair(pause, null));
        var from = rig.Device.Written;
        rig.Run(1);
        rig.AssertSilent(from + 200, rig.Device.Written - 1);
    }

    [Test]
    public void The_reported_error_is_of_what_is_heard_not_of_what_is_rendered()
    {
        var (rig, _) = Playing();
        rig.Run(1);
        Shift(rig, 2_000);
        rig.Run(0.1);
        Assert.That(rig.Engine.Status.SyncErrorUs, Is.EqualTo(0).Within(2_100).And.LessThanOrEqualTo(0));
        rig.Run(0.15);
        Assert.That(rig.Engine.Status.SyncErrorUs, Is.EqualTo(-2_000).Within(100), "the queue still holds what was rendered before");
    }

    private static void Shift(PlayoutRig rig, double us) => rig.Room = rig.Room with { OffsetUs = rig.Room.OffsetUs + us };

    private static (PlayoutRig Rig, Timeline Play) Playing()
    {
        var rig = new PlayoutRig(new SimulatedDevice(48_000));
        rig.Engine.SetTracks(rig.MakeTrack(0, 441_000), null);
        rig.Run(1);
        var play = PlayoutRig.Record(1, PlaybackStatus.Play, rig.RoomNowUs + 300_000, 0);
        rig.Engine.SetTimeline(new TimelinePair(play, null));
        rig.Run(1.5);
        return (rig, play);
    }
}
