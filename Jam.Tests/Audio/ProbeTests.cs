using Jam.Peer.Audio;
using Jam.Peer.Session;
using NUnit.Framework;

namespace Jam.Tests.Audio;

public sealed class ProbeTests
{
    [Test]
    public void A_track_says_its_duration_and_format() =>
        Assert.That(
            DecoderFactory.Probe(SampleTrack.Path), Is.EqualTo(new TrackProbe(30_000_000, 44_100, 2, null)));

    [Test]
    public void Without_a_tag_the_frames_are_counted() =>
        Assert.That(
            DecoderFactory.Probe(new PartialTrack(Mp3Bytes.ConstantFrames(100))).DurationUs,
            Is.EqualTo(100L * Mp3Bytes.SamplesPerFrame * 1_000_000 / 44_100));

    [TestCase("fLaC0000", "FLAC")]
    [TestCase("OggS0000", "Ogg")]
    [TestCase("RIFF0000WAVE", "WAV")]
    [TestCase("\0\0\0\u0020ftypM4A ", "M4A")]
    [TestCase("hello, this is a text", "no MP3")]
    [TestCase("", "empty")]
    [TestCase("ID3", "no MP3")]
    public void What_is_no_MP3_is_named_in_one_line(string text, string named)
    {
        var probe = DecoderFactory.Probe(new PartialTrack(System.Text.Encoding.Latin1.GetBytes(text)));
        Assert.That(probe.DurationUs, Is.Null);
        Assert.That(probe.Error, Does.Contain(named).And.Not.Contain("\n"));
    }

    [Test]
    public void Random_bytes_are_no_MP3([Range(1, 8)] int seed) =>
        Assert.That(DecoderFactory.Probe(new PartialTrack(Mp3Bytes.Garbage(300_000, seed))).Error, Does.Contain("no MP3"));

    [Test]
    public void A_tag_that_is_larger_than_the_file_is_no_MP3() =>
        Assert.That(DecoderFactory.Probe(new PartialTrack(Mp3Bytes.Id3(5_000)[..3_000])).Error, Does.Contain("no MP3"));

    [Test]
    public void A_file_that_is_not_there_is_one_line() =>
        Assert.That(
            () => DecoderFactory.Probe(Path.Combine(AppContext.BaseDirectory, "no such file.mp3")),
            Throws.InstanceOf<JamException>().With.Message.Contains("cannot read"));

    [Test]
    public void A_folder_is_one_line() =>
        Assert.That(() => DecoderFactory.Probe(AppContext.BaseDirectory), Throws.InstanceOf<JamException>());
}
