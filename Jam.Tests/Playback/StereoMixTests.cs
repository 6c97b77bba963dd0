using Jam.Peer.Playback;
using NUnit.Framework;

namespace Jam.Tests.Playback;

public sealed class StereoMixTests
{
    [Test]
    public void One_channel_goes_to_both_sides_at_full_level()
    {
        var stereo = Mix(StereoMix.Usual(1), 0.5f);
        Assert.That(stereo, Is.EqualTo(new[] { 0.5f, 0.5f }));
    }

    [Test]
    public void Two_channels_stay_as_they_are() =>
        Assert.That(Mix(StereoMix.Usual(2), 0.5f, -0.25f), Is.EqualTo(new[] { 0.5f, -0.25f }));

    [Test]
    public void No_layout_clips_what_did_not_clip([Range(1, 20)] int channels)
    {
        var stereo = Mix(StereoMix.Usual(channels), [.. Enumerable.Repeat(1f, channels)]);
        Assert.That(stereo, Has.All.InRange(0.5f, 1.0001f));
    }

    [Test]
    public void The_sides_stay_on_their_sides_and_the_middle_in_the_middle()
    {
        Assert.That(Mix(StereoMix.Usual(6), 0, 0, 0, 0, 1, 0)[1], Is.Zero, "behind, left");
        Assert.That(Mix(StereoMix.Usual(6), 0, 0, 0, 0, 0, 1)[0], Is.Zero, "behind, right");
        var middle = Mix(StereoMix.Usual(6), 0, 0, 1, 0, 0, 0);
        Assert.That(middle[0], Is.EqualTo(middle[1]).And.Positive);
        Assert.That(Mix(StereoMix.Usual(6), 0, 0, 0, 1, 0, 0), Is.EqualTo(new float[2]), "low-frequency effects");
    }

    [TestCase(float.NaN)]
    [TestCase(float.PositiveInfinity)]
    public void What_is_no_number_is_silence(float sample) =>
        Assert.That(Mix(StereoMix.Usual(2), sample, 0.5f), Is.EqualTo(new[] { 0f, 0.5f }).Or.EqualTo(new float[2]));

    [TestCase(OutputChannel.Stereo, 0.5f, -0.25f)]
    [TestCase(OutputChannel.Left, 0.5f, 0.5f)]
    [TestCase(OutputChannel.Right, -0.25f, -0.25f)]
    [TestCase(OutputChannel.Mono, 0.125f, 0.125f)]
    public void A_machine_may_give_one_channel_to_both_loudspeakers(OutputChannel channel, float left, float right)
    {
        float[] stereo = [0.5f, -0.25f, 0.5f, -0.25f];
        ChannelPick.Apply(channel, stereo);
        Assert.That(stereo, Is.EqualTo(new[] { left, right, left, right }));
    }

    private static float[] Mix(Speaker[] speakers, params float[] frame)
    {
        var stereo = new float[2];
        new StereoMix(speakers).Mix(frame, stereo);
        return stereo;
    }
}
