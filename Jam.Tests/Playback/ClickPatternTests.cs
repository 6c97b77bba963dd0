using Jam.Peer.Clock;
using Jam.Peer.Playback;
using Jam.Server.Contracts;
using NUnit.Framework;

namespace Jam.Tests.Playback;

public sealed class ClickPatternTests
{
    private const int Rate = 48_000;
    private static readonly RoomClockSnapshot s_room = new(PlayoutRig.ClockId, 0, 0, 0, 3, 400, true);

    [Test]
    public void Each_peer_clicks_on_its_own_beat_and_both_on_the_third()
    {
        Assert.That(BeatsOf(ClickPattern.First), Is.EqualTo(new[] { true, false, true, false }));
        Assert.That(BeatsOf(ClickPattern.Second), Is.EqualTo(new[] { false, true, true, false }));
    }

    [Test]
    public void A_click_rendered_in_pieces_is_the_same_as_in_one()
    {
        var whole = Render(ClickPattern.First, 1_990_000, 4_800);
        var pieces = new float[whole.Length];
        for (var at = 0; at < 4_800; at += 100)
            ClickPattern.First.AddTo(pieces.AsSpan(2 * at, 200), s_room, 1_990_000 + at * 1e6 / Rate, 1e6 / Rate, 1);
        Assert.That(pieces, Is.EqualTo(whole).Within(1e-5f));
        Assert.That(whole.Max(), Is.GreaterThan(0.3f), "there is a click in it");
    }

    [Test]
    public void The_engine_clicks_in_the_place_of_the_music_at_the_very_room_time()
    {
        var rig = new PlayoutRig(new SimulatedDevice(Rate));
        rig.Engine.SetTracks(rig.MakeTrack(0, 441_000), null);
        rig.Run(1);
        rig.Engine.SetTimeline(new TimelinePair(PlayoutRig.Record(1, PlaybackStatus.Play, rig.RoomNowUs, 0), null));
        rig.Engine.Clicks = ClickPattern.First;
        rig.Rewrite();
        rig.Run(4);
        const long Bar = 4 * ClickPattern.BeatUs;
        var barUs = (rig.RoomNowUs / Bar - 1) * Bar;
        var at = rig.FrameHeardAtRoom(barUs);
        Assert.That(rig.Samples(at - 4_000, at).Max(Math.Abs), Is.LessThan(1e-3), "neither music nor the rest of an earlier click");
        Assert.That(rig.Samples(at, at + 20).Max(Math.Abs), Is.GreaterThan(0.3));

        rig.Engine.Clicks = null;
        rig.Rewrite();
        rig.Run(1);
        Assert.That(rig.GainAt(rig.Device.Written - 1), Is.EqualTo(1).Within(1e-3), "the music is back");
    }

    private static bool[] BeatsOf(ClickPattern pattern) =>
        [.. Enumerable.Range(0, 4).Select(beat => Render(pattern, 8_000_000_000 + beat * ClickPattern.BeatUs, 480).Max() > 0.3f)];

    private static float[] Render(ClickPattern pattern, double fromUs, int frames)
    {
        var stereo = new float[2 * frames];
        pattern.AddTo(stereo, s_room, fromUs, 1e6 / Rate, 1);
        return stereo;
    }
}
