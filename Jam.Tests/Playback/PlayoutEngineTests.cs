using Jam.Peer.Playback;
using Jam.Server.Contracts;
using Jam.Tests.Fakes;
using NUnit.Framework;

namespace Jam.Tests.Playback;

public sealed class PlayoutEngineTests
{
    private const int TenSeconds = 441_000;

    [TestCase(44_100)]
    [TestCase(48_000)]
    public void The_first_frame_of_a_start_is_the_one_that_is_heard_at_the_instant_or_right_after(int outputRate)
    {
        var rig = new PlayoutRig(new SimulatedDevice(outputRate));
        rig.Engine.SetTracks(rig.MakeTrack(0, TenSeconds), null);
        rig.Run(1);
        var play = PlayoutRig.Record(1, PlaybackStatus.Play, rig.RoomNowUs + 700_003, 0);
        rig.Engine.SetTimeline(new TimelinePair(play, null));
        rig.Run(2);
        var first = rig.FrameHeardAtRoom(play.AtUs);
        rig.AssertSilent(first - 2_000, first - 1);
        // The very first frames mix with the silence before the track; 16 taps later the position can be read.
        Assert.That(rig.GainAt(first), Is.GreaterThan(0.4));
        rig.AssertInTime(first + 32, first + outputRate / 2, play, 3);
    }

    [Test]
    public void A_start_in_the_middle_of_the_track_fades_in_and_is_exact()
    {
        var rig = new PlayoutRig(new SimulatedDevice(48_000));
        rig.Engine.SetTracks(rig.MakeTrack(0, TenSeconds), null);
        rig.Run(1);
        var play = PlayoutRig.Record(1, PlaybackStatus.Play, rig.RoomNowUs + 600_000, 3_141_592);
        rig.Engine.SetTimeline(new TimelinePair(play, null));
        rig.Run(2);
        var first = rig.FrameHeardAtRoom(play.AtUs);
        Assert.That(rig.GainAt(first), Is.EqualTo(0).Within(0.01));
        Assert.That(rig.GainAt(first + 120), Is.EqualTo(0.5).Within(0.01));
        rig.AssertInTime(first + 241, first + 20_000, play, 3);
    }

    [Test]
    public void A_track_sounds_as_loud_as_it_is_told_from_its_start_on()
    {
        var rig = new PlayoutRig(new SimulatedDevice(48_000));
        var track = rig.MakeTrack(0, TenSeconds);
        track.Gain = 0.5f;
        rig.Engine.SetTracks(track, null);
        rig.Run(1);
        var play = PlayoutRig.Record(1, PlaybackStatus.Play, rig.RoomNowUs + 600_000, 1_000_000);
        rig.Engine.SetTimeline(new TimelinePair(play, null));
        rig.Run(2);
        track.Gain = 2;
        rig.Run(1);
        var first = rig.FrameHeardAtRoom(play.AtUs);
        foreach (var frame in new[] { 1_000, 40_000, 80_000 })
            Assert.That(rig.GainAt(first + frame), Is.EqualTo(0.5).Within(1e-3), "what sounds keeps its loudness");
    }

    [Test]
    public void A_pause_falls_at_its_instant_and_fades_for_4_ms()
    {
        var (rig, play) = Playing();
        var pause = PlayoutRig.Record(2, PlaybackStatus.Pause, rig.RoomNowUs + 500_000, play.PositionAtUs(rig.RoomNowUs + 500_000));
        rig.Engine.SetTimeline(new TimelinePair(pause, play));
        rig.Run(1);
        var at = rig.FrameHeardAtRoom(pause.AtUs);
        rig.AssertInTime(at - 4_000, at - 1, play, 3);
        Assert.That(rig.GainAt(at + 96), Is.EqualTo(0.5).Within(0.02));
        rig.AssertSilent(at + 193, at + 10_000);
        Assert.That(rig.Engine.Status.Underruns, Is.Zero);
    }

    [Test]
    public void A_pause_resumes_where_it_stood()
    {
        var (rig, play) = Playing();
        var pauseAt = rig.RoomNowUs + 400_000;
        var pause = PlayoutRig.Record(2, PlaybackStatus.Pause, pauseAt, play.PositionAtUs(pauseAt));
        rig.Engine.SetTimeline(new TimelinePair(pause, play));
        rig.Run(1);
        var resume = PlayoutRig.Record(3, PlaybackStatus.Play, rig.RoomNowUs + 400_000, pause.PositionUs);
        rig.Engine.SetTimeline(new TimelinePair(resume, pause));
        rig.Run(1);
        var at = rig.FrameHeardAtRoom(resume.AtUs);
        rig.AssertSilent(at - 4_000, at - 1);
        rig.AssertInTime(at + 241, at + 20_000, resume, 3);
    }

    [Test]
    public void A_seek_crosses_over_at_its_instant_and_is_no_correction()
    {
        var (rig, play) = Playing();
        var seek = PlayoutRig.Record(2, PlaybackStatus.Play, rig.RoomNowUs + 500_000, 7_000_000);
        rig.Engine.SetTimeline(new TimelinePair(seek, play));
        rig.Run(1);
        var at = rig.FrameHeardAtRoom(seek.AtUs);
        rig.AssertInTime(at - 4_000, at - 1, play, 3);
        for (var frame = at; frame < at + 240; frame++)
            Assert.That(rig.GainAt(frame), Is.EqualTo(1).Within(0.02), "a crossfade has no dip");
        rig.AssertInTime(at + 241, at + 20_000, seek, 3);
        Assert.That(rig.Engine.Status.Snaps, Is.Zero);
    }

    [TestCase(100, 1e-5)]
    [TestCase(-100, -1e-5)]
    [TestCase(30, 80e-6)]
    public void A_device_and_a_room_clock_that_drift_are_followed_to_a_few_microseconds(double ppm, double roomDrift)
    {
        var rig = new PlayoutRig(new SimulatedDevice(48_000, ppm, noiseUs: 10), roomDrift: roomDrift);
        rig.Engine.SetTracks(rig.MakeTrack(0, 2 * TenSeconds), null);
        rig.Run(1);
        var play = PlayoutRig.Record(1, PlaybackStatus.Play, rig.RoomNowUs + 400_000, 0);
        rig.Engine.SetTimeline(new TimelinePair(play, null));
        rig.Run(17);
        var start = rig.FrameHeardAtRoom(play.AtUs);
        rig.AssertInTime(start + 400, start + 48_000, play, 60);
        rig.AssertInTime(start + 10 * 48_000, start + 16 * 48_000, play, 12);
        Assert.That(rig.Engine.Status.SyncErrorUs, Is.EqualTo(0).Within(10));
        Assert.That(rig.Engine.Status.Snaps, Is.Zero);
    }

    [Test]
    public void Who_joins_late_comes_in_at_the_right_place()
    {
        var rig = new PlayoutRig(new SimulatedDevice(48_000));
        rig.Engine.SetTracks(rig.MakeTrack(0, TenSeconds), null);
        var play = PlayoutRig.Record(1, PlaybackStatus.Play, rig.RoomNowUs - 4_000_000, 0);
        rig.Engine.SetTimeline(new TimelinePair(play, null));
        rig.Run(2);
        var at = rig.FrameHeardAtRoom(rig.Room.ToRoomUs(rig.Device.NowUs));
        rig.AssertInTime(at - 20_000, at, play, 3);
    }

    [Test]
    public void Missing_frames_fade_out_count_once_and_come_back_at_the_right_place()
    {
        var rig = new PlayoutRig(new SimulatedDevice(48_000));
        var track = new PlayoutTrack(PlayoutRig.TrackId, rig.SourceRate, null);
        var ring = PlayoutRig.AddTo(track, 0, 2 * 44_100);
        rig.Engine.SetTracks(track, null);
        rig.Run(1);
        var play = PlayoutRig.Record(1, PlaybackStatus.Play, rig.RoomNowUs + 500_000, 0);
        rig.Engine.SetTimeline(new TimelinePair(play, null));
        rig.Run(4);
        var dry = rig.FrameHeardAtRoom(play.AtUs + 2_000_000);
        rig.AssertInTime(dry - 20_000, dry - 1_000, play, 3);
        rig.AssertSilent(dry, dry + 40_000);
        Assert.That(rig.Engine.Status.Underruns, Is.EqualTo(1));
        Assert.That(rig.Engine.Status.IsSounding, Is.False);

        PlayoutRig.Append(ring, 5 * 44_100);
        rig.Run(1);
        var back = rig.Device.Written;
        rig.AssertInTime(back - 30_000, back - 100, play, 3);
        Assert.That(rig.Engine.Status.Underruns, Is.EqualTo(1));
        Assert.That(rig.Engine.Status.IsSounding, Is.True);
    }

    [Test]
    public void The_end_of_the_track_is_silence_and_no_underrun()
    {
        var rig = new PlayoutRig(new SimulatedDevice(48_000));
        rig.Engine.SetTracks(rig.MakeTrack(0, 44_100, isWhole: true), null);
        rig.Run(1);
        var play = PlayoutRig.Record(1, PlaybackStatus.Play, rig.RoomNowUs + 400_000, 0);
        rig.Engine.SetTimeline(new TimelinePair(play, null));
        rig.Run(3);
        var end = rig.FrameHeardAtRoom(play.AtUs + 1_000_000);
        rig.AssertInTime(end - 20_000, end - 40, play, 3);
        rig.AssertSilent(end + 40, end + 20_000);
        Assert.That(rig.Engine.Status.Underruns, Is.Zero);
        Assert.That(rig.Engine.Status.IsSounding, Is.False);
    }

    [Test]
    public void A_device_that_ran_dry_is_rejoined_in_time()
    {
        var (rig, play) = Playing();
        rig.Run(1);
        rig.Device.Starve(120_000);
        rig.Run(2);
        var last = rig.Device.Written - 1;
        rig.AssertInTime(last - 20_000, last, play, 3);
    }

    [Test]
    public void A_change_of_mind_before_the_start_is_obeyed()
    {
        var rig = new PlayoutRig(new SimulatedDevice(48_000));
        rig.Engine.SetTracks(rig.MakeTrack(0, TenSeconds), null);
        rig.Run(1);
        var first = PlayoutRig.Record(1, PlaybackStatus.Play, rig.RoomNowUs + 500_000, 0);
        var pair = new TimelinePair(first, null);
        rig.Engine.SetTimeline(pair);
        rig.Run(0.1);
        var second = PlayoutRig.Record(2, PlaybackStatus.Play, first.AtUs + 300_000, 5_000_000);
        rig.Engine.SetTimeline(pair.Accept(second));
        rig.Run(1.5);
        var at = rig.FrameHeardAtRoom(first.AtUs);
        var then = rig.FrameHeardAtRoom(second.AtUs);
        rig.AssertSilent(at - 4_000, at - 1);
        rig.AssertInTime(at + 32, then - 1, first, 3);
        rig.AssertInTime(then + 241, then + 20_000, second, 3);
    }

    [Test]
    public void The_next_track_follows_at_its_instant_while_the_old_one_plays_until_then()
    {
        var (rig, play) = Playing();
        var next = PlayoutRig.Record(2, PlaybackStatus.Play, rig.RoomNowUs + 500_000, 1_000_000, "b");
        var old = rig.MakeTrack(0, TenSeconds);
        rig.Engine.SetTracks(rig.MakeTrack(0, TenSeconds, "b"), old);
        rig.Engine.SetTimeline(new TimelinePair(next, play));
        rig.Run(1);
        var at = rig.FrameHeardAtRoom(next.AtUs);
        rig.AssertInTime(at - 4_000, at - 1, play, 3);
        rig.AssertInTime(at + 241, at + 20_000, next, 3);
    }

    [Test]
    public void A_track_that_the_timeline_does_not_name_is_silent()
    {
        var rig = new PlayoutRig(new SimulatedDevice(48_000));
        rig.Engine.SetTracks(rig.MakeTrack(0, TenSeconds, "other"), null);
        rig.Engine.SetTimeline(new TimelinePair(PlayoutRig.Record(1, PlaybackStatus.Play, rig.RoomNowUs, 0), null));
        rig.Run(2);
        rig.AssertSilent(0, rig.Device.Written - 1);
    }

    [TestCase(50)]
    [TestCase(-20)]
    public void A_device_that_sounds_later_than_it_says_is_played_earlier(double latencyMs)
    {
        var rig = new PlayoutRig(new SimulatedDevice(48_000), latencyUs: latencyMs * 1000);
        rig.Engine.SetTracks(rig.MakeTrack(0, TenSeconds), null);
        rig.Run(1);
        var play = PlayoutRig.Record(1, PlaybackStatus.Play, rig.RoomNowUs + 500_000, 0);
        rig.Engine.SetTimeline(new TimelinePair(play, null));
        rig.Run(2);
        var at = rig.FrameHeardAtRoom(play.AtUs);
        Assert.That(rig.ErrorUsAt(at + 20_000, play), Is.EqualTo(latencyMs * 1000).Within(3));
        Assert.That(rig.Engine.Status.SyncErrorUs, Is.EqualTo(0).Within(3));
    }

    [Test]
    public void The_volume_moves_without_a_step()
    {
        var (rig, _) = Playing();
        rig.Engine.Volume = 0.25;
        var from = rig.Device.Written;
        rig.Run(0.5);
        for (var frame = from; frame < rig.Device.Written - 1; frame++)
            Assert.That(Math.Abs(rig.GainAt(frame + 1) - rig.GainAt(frame)), Is.LessThan(0.002));
        Assert.That(rig.GainAt(rig.Device.Written - 1), Is.EqualTo(0.25).Within(1e-3));
    }

    [Test]
    public void Rendering_allocates_nothing()
    {
        var (rig, _) = Playing();
        var block = new float[2 * 960];
        var frame = rig.Device.Written;
        var drifted = rig.Room with { Drift = 100e-6 };
        // What is made on first use is not what is measured.
        Render(0, 20);
        Assert.That(Allocated.Least(3, stretch => Render(20 + (20 * stretch), 40 + (20 * stretch))), Is.Zero);

        // Each block is rendered again, at another volume, as an output with a queue has it done; the room's clock drifts on.
        void Render(int from, int until)
        {
            for (var i = from; i < until; i++)
            {
                var (at, nowUs) = (frame + i * 960, rig.Device.NowUs + i * 20_000);
                rig.Engine.Render(block, at, nowUs, rig.Device.Clock, drifted);
                rig.Engine.Volume = 1 - i * 0.01;
                if (rig.Engine.Rewind(at, nowUs, rig.Device.Clock, drifted) == at)
                    rig.Engine.Render(block, at, nowUs, rig.Device.Clock, drifted);
            }
        }
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
