using Jam.Server.Contracts;
using Jam.Tests.Fakes;
using NUnit.Framework;

namespace Jam.Tests.Playback;

/// <summary>What an engine renders again of what is queued: 200 ms are, and only 40 of them may be left as they are.</summary>
public sealed class PlayoutRewriteTests
{
    private const int TenSeconds = 441_000;
    private const int TooLate = 48 * 40 + PlayoutBlock;
    private const int PlayoutBlock = 480;

    [TestCase(44_100)]
    [TestCase(48_000)]
    public void A_start_that_falls_into_the_queue_is_exact_to_its_first_frame(int outputRate)
    {
        var rig = new PlayoutRig(new SimulatedDevice(outputRate));
        rig.Engine.SetTracks(rig.MakeTrack(0, TenSeconds), null);
        rig.Run(1);
        var play = PlayoutRig.Record(1, PlaybackStatus.Play, rig.RoomNowUs + 70_003, 0);
        rig.Engine.SetTimeline(new TimelinePair(play, null));
        Assert.That(rig.Rewrite(), Is.Positive.And.LessThan(rig.FrameHeardAtRoom(play.AtUs)));
        rig.Run(1);
        var first = rig.FrameHeardAtRoom(play.AtUs);
        rig.AssertSilent(first - 2_000, first - 1);
        Assert.That(rig.GainAt(first), Is.GreaterThan(0.4));
        rig.AssertInTime(first + 32, first + outputRate / 2, play, 3);
    }

    [Test]
    public void How_soon_a_change_can_be_heard_is_what_cannot_be_written_over()
    {
        var (rig, _) = Playing();
        Assert.That(rig.Engine.Status.LeadUs, Is.GreaterThan(150_000));
        rig.Rewrite();
        Assert.That(rig.Engine.Status.LeadUs, Is.InRange(40_000, 41_000));
    }

    [Test]
    public void A_pause_falls_at_its_instant_though_more_is_queued()
    {
        var (rig, play) = Playing();
        var atUs = rig.RoomNowUs + 60_000;
        var pause = PlayoutRig.Record(2, PlaybackStatus.Pause, atUs, play.PositionAtUs(atUs));
        rig.Engine.SetTimeline(new TimelinePair(pause, play));
        rig.Rewrite();
        rig.Run(0.5);
        var at = rig.FrameHeardAtRoom(pause.AtUs);
        rig.AssertInTime(at - 4_000, at - 1, play, 3);
        Assert.That(rig.GainAt(at + 96), Is.EqualTo(0.5).Within(0.02));
        rig.AssertSilent(at + 200, at + 10_000);
    }

    [Test]
    public void A_resume_right_after_a_pause_starts_at_its_instant()
    {
        var (rig, play) = Playing();
        var pauseAt = rig.RoomNowUs + 60_000;
        var pause = PlayoutRig.Record(2, PlaybackStatus.Pause, pauseAt, play.PositionAtUs(pauseAt));
        rig.Engine.SetTimeline(new TimelinePair(pause, play));
        rig.Rewrite();
        rig.Run(0.2);
        var resume = PlayoutRig.Record(3, PlaybackStatus.Play, rig.RoomNowUs + 60_000, pause.PositionUs);
        rig.Engine.SetTimeline(new TimelinePair(resume, pause));
        rig.Rewrite();
        rig.Run(0.5);
        var at = rig.FrameHeardAtRoom(resume.AtUs);
        rig.AssertSilent(at - 2_000, at - 1);
        rig.AssertInTime(at + 241, at + 20_000, resume, 3);
    }

    [Test]
    public void A_seek_crosses_over_inside_the_queue()
    {
        var (rig, play) = Playing();
        var seek = PlayoutRig.Record(2, PlaybackStatus.Play, rig.RoomNowUs + 60_000, 7_000_000);
        rig.Engine.SetTimeline(new TimelinePair(seek, play));
        rig.Rewrite();
        rig.Run(0.5);
        var at = rig.FrameHeardAtRoom(seek.AtUs);
        rig.AssertInTime(at - 4_000, at - 1, play, 3);
        for (var frame = at; frame < at + 240; frame++)
            Assert.That(rig.GainAt(frame), Is.EqualTo(1).Within(0.02), "a crossfade has no dip");
        rig.AssertInTime(at + 241, at + 20_000, seek, 3);
        Assert.That(rig.Engine.Status.Snaps, Is.Zero);
    }

    [Test]
    public void A_start_whose_instant_is_past_comes_in_at_the_right_place_as_soon_as_it_can()
    {
        var rig = new PlayoutRig(new SimulatedDevice(48_000));
        rig.Engine.SetTracks(rig.MakeTrack(0, TenSeconds), null);
        rig.Run(1);
        var play = PlayoutRig.Record(1, PlaybackStatus.Play, rig.RoomNowUs - 2_000_000, 0);
        rig.Engine.SetTimeline(new TimelinePair(play, null));
        var now = rig.FrameHeardAtRoom(rig.RoomNowUs);
        rig.Rewrite();
        rig.Run(0.5);
        rig.AssertSilent(now - 1_000, now + 48 * 40 - 1);
        rig.AssertInTime(now + TooLate + 241, now + 20_000, play, 3);
    }

    [Test]
    public void What_has_not_changed_is_not_rendered_again()
    {
        var (rig, _) = Playing();
        Assert.That(rig.Rewrite(), Is.EqualTo(-1));
    }

    [Test]
    public void A_change_that_is_taken_back_leaves_the_sound_as_it_was()
    {
        var (rig, play) = Playing();
        var (other, _) = Playing();
        var pauseAt = rig.RoomNowUs + 60_000;
        rig.Engine.SetTimeline(new TimelinePair(PlayoutRig.Record(2, PlaybackStatus.Pause, pauseAt, 0), play));
        rig.Rewrite();
        rig.Engine.SetTimeline(new TimelinePair(play, null));
        Assert.That(rig.Rewrite(), Is.Positive);
        rig.Run(1);
        other.Run(1);
        Assert.That(rig.Samples(0, 90_000), Is.EqualTo(other.Samples(0, 90_000)), "what is rendered again goes on where it was, bit by bit");
    }

    [Test]
    public void Frames_that_come_while_their_silence_is_queued_are_still_heard()
    {
        var (rig, play) = Playing();
        var ring = new Jam.Peer.Playback.FrameRing(1 << 20, 7 * 44_100);
        var track = rig.MakeTrack(0, TenSeconds / 2);
        rig.Engine.SetTracks(track, null);
        rig.Rewrite();
        var seek = PlayoutRig.Record(2, PlaybackStatus.Play, rig.RoomNowUs + 90_000, 7_500_000);
        rig.Engine.SetTimeline(new TimelinePair(seek, play));
        rig.Rewrite();
        Assert.That(rig.Engine.IsStarved, Is.True);
        rig.Run(0.02);
        Assert.That(rig.Rewrite(), Is.EqualTo(-1), "nothing has come");
        PlayoutRig.Append(ring, 2 * 44_100);
        track.Add(ring, track.Find(0, 1));
        Assert.That(rig.Rewrite(), Is.Positive);
        rig.Run(0.5);
        var at = rig.FrameHeardAtRoom(seek.AtUs);
        rig.AssertInTime(at + 241, at + 20_000, seek, 3);
        Assert.That(rig.Engine.IsStarved, Is.False);
        Assert.That(rig.Engine.Status.Underruns, Is.Zero);
    }

    [Test]
    public void An_underrun_that_is_mended_before_it_is_heard_is_none()
    {
        var rig = new PlayoutRig(new SimulatedDevice(48_000));
        var track = new Jam.Peer.Playback.PlayoutTrack(PlayoutRig.TrackId, rig.SourceRate, null);
        var ring = PlayoutRig.AddTo(track, 0, 44_100);
        rig.Engine.SetTracks(track, null);
        rig.Run(1);
        var play = PlayoutRig.Record(1, PlaybackStatus.Play, rig.RoomNowUs + 300_000, 0);
        rig.Engine.SetTimeline(new TimelinePair(play, null));
        rig.Run(1.17);
        Assert.That(rig.Engine.Status.Underruns, Is.EqualTo(1));
        PlayoutRig.Append(ring, 2 * 44_100);
        Assert.That(rig.Rewrite(), Is.Positive);
        rig.Run(1);
        var start = rig.FrameHeardAtRoom(play.AtUs);
        rig.AssertInTime(start + 32, start + 80_000, play, 3);
        Assert.That(rig.Engine.Status.Underruns, Is.Zero);
    }

    [Test]
    public void The_volume_changes_within_the_queue_and_without_a_step()
    {
        var (rig, _) = Playing();
        var now = rig.FrameHeardAtRoom(rig.RoomNowUs);
        rig.Engine.Volume = 0.25;
        rig.Rewrite();
        rig.Run(0.3);
        for (var frame = now; frame < now + 12_000; frame++)
            Assert.That(Math.Abs(rig.GainAt(frame + 1) - rig.GainAt(frame)), Is.LessThan(0.002));
        Assert.That(rig.GainAt(now + TooLate + 960), Is.EqualTo(0.25).Within(1e-3));
    }

    [Test]
    public void A_latency_that_is_changed_while_it_plays_is_one_jump_that_no_guard_counts()
    {
        var (rig, play) = Playing();
        var now = rig.FrameHeardAtRoom(rig.RoomNowUs);
        rig.Engine.LatencyUs = 30_000;
        rig.Rewrite();
        rig.Run(0.3);
        Assert.That(rig.ErrorUsAt(now + TooLate + 300, play), Is.EqualTo(30_000).Within(3));
        Assert.That(rig.Engine.Status.Snaps, Is.Zero);
        rig.Engine.LatencyUs = 30_500;
        rig.Rewrite();
        rig.Run(0.3);
        Assert.That(rig.ErrorUsAt(now + 48 * 300 + TooLate + 300, play), Is.EqualTo(30_500).Within(3), "small steps too");
    }

    [Test]
    public void Rendering_again_allocates_nothing()
    {
        var (rig, play) = Playing();
        var block = new float[2 * 960];
        var (frame, nowUs) = (rig.Device.Written, rig.Device.NowUs);
        var pairs = Enumerable.Range(2, 40).Select(i => new TimelinePair(PlayoutRig.Record(i, PlaybackStatus.Play, play.AtUs, i * 1_000), null)).ToArray();
        rig.Engine.Render(block, frame, nowUs, rig.Device.Clock, rig.Room);
        var least = Allocated.Least(4, round =>
        {
            foreach (var pair in pairs.AsSpan(10 * round, 10))
            {
                rig.Engine.SetTimeline(pair);
                var from = rig.Engine.Rewind(frame, nowUs, rig.Device.Clock, rig.Room);
                rig.Engine.Render(block, from, nowUs, rig.Device.Clock, rig.Room);
            }
        });
        Assert.That(least, Is.Zero);
    }

    private static (PlayoutRig Rig, Timeline Play) Playing()
    {
        var rig = new PlayoutRig(new SimulatedDevice(48_000));
        rig.Engine.SetTracks(rig.MakeTrack(0, TenSeconds), null);
        rig.Run(1);
        var play = PlayoutRig.Record(1, PlaybackStatus.Play, rig.RoomNowUs + 300_000, 0);
        rig.Engine.SetTimeline(new TimelinePair(play, null));
        rig.Run(1.5);
        return (rig, play);
    }
}
