using Jam.Peer.Audio;
using Jam.Peer.Session;
using NUnit.Framework;

namespace Jam.Tests.Audio;

public sealed class ProbeTests
{
    [Test]
    public void A_track_says_its_duration_and_format() =>
        Assert.That(
            DecoderFactory.Probe(SampleTrack.Path) with { Index = null, Tags = null }, Is.EqualTo(new TrackProbe(30_000_000, 44_100, 2, null)));

    [Test]
    public void Without_a_tag_the_frames_are_counted() =>
        Assert.That(
            DecoderFactory.Probe(new PartialTrack(Mp3Bytes.ConstantFrames(100))).DurationUs,
            Is.EqualTo(100L * Mp3Bytes.SamplesPerFrame * 1_000_000 / 44_100));

    [TestCase("fLaC0000", "no audio")]
    [TestCase("fLaC000000000000", "damaged")]
    [TestCase("OggS000000000000000000000000000000000000", "cut off")]
    [TestCase("RIFF0000WAVE", "cut off")]
    [TestCase("RIFF0000AVI LIST", "no audio")]
    [TestCase("\0\0\0\u0020ftypM4A ", "cut off")]
    [TestCase("hello, this is a text", "no audio")]
    [TestCase("", "empty")]
    [TestCase("ID3", "no audio")]
    public void What_cannot_be_played_is_named_in_one_line(string text, string named)
    {
        var probe = DecoderFactory.Probe(new PartialTrack(System.Text.Encoding.Latin1.GetBytes(text)));
        Assert.That(probe.DurationUs, Is.Null);
        Assert.That(probe.Error, Does.Contain(named).And.Not.Contain("\n"));
        Assert.That(probe.Advice, Is.Not.Empty);
    }

    [TestCase(8_000, 1)]
    [TestCase(11_025, 2)]
    [TestCase(96_000, 2)]
    [TestCase(192_000, 6)]
    [TestCase(352_800, 2)]
    public void Any_rate_and_count_of_channels_is_announced_as_it_is(int rate, int channels)
    {
        foreach (var format in new[] { SoundFiles.WavExtensible16, SoundFiles.Flac16 })
        {
            var probe = DecoderFactory.Probe(new PartialTrack(SoundFiles.Make(format, rate / 2, rate, channels)));
            Assert.That(probe with { Index = null }, Is.EqualTo(new TrackProbe(rate / 2 * 1_000_000L / rate, rate, channels, null)));
        }
    }

    [TestCase(2_000)]
    [TestCase(384_000)]
    public void A_rate_that_no_device_is_fed_from_is_named(int rate) => Assert.That(
        DecoderFactory.Probe(new PartialTrack(SoundFiles.Make(SoundFiles.Wav16, 4_000, rate))).Error, Does.Contain($"{rate} Hz"));

    [Test]
    public void Random_bytes_are_no_audio([Range(1, 8)] int seed) =>
        Assert.That(DecoderFactory.Probe(new PartialTrack(Mp3Bytes.Garbage(300_000, seed))).Error, Does.Contain("no audio"));

    [Test]
    public void A_tag_that_is_larger_than_the_file_is_no_audio() =>
        Assert.That(DecoderFactory.Probe(new PartialTrack(Mp3Bytes.Id3(5_000)[..3_000])).Error, Does.Contain("no audio"));

    [TestCase("REPLAYGAIN_TRACK_GAIN=-7.32 dB", -7.32)]
    [TestCase("replaygain_track_gain\0+3.5 dB", 3.5)]
    [TestCase("R128_TRACK_GAIN=-512", 3.0)]
    [TestCase("REPLAYGAIN_TRACK_GAIN=loud", null)]
    [TestCase("REPLAYGAIN_TRACK_GAIN=1e300", null)]
    public void A_measured_loudness_is_found_in_the_tag(string text, double? gainDb)
    {
        // 124 times 128 and 118 bytes follow its header.
        var id3 = new byte[10 + 15_990];
        "ID3\u0003\0\0\0\0|v"u8.CopyTo(id3);
        System.Text.Encoding.Latin1.GetBytes(text).CopyTo(id3, 15_900);
        Assert.That(DecoderFactory.Probe(new PartialTrack([.. id3, .. Mp3Bytes.Constant(50)])).GainDb, Is.EqualTo(gainDb));
    }

    [TestCase(SoundFiles.Wav16)]
    [TestCase(SoundFiles.Aiff16)]
    [TestCase(SoundFiles.Flac16)]
    [TestCase(SoundFiles.OggVorbis)]
    [TestCase(SoundFiles.OggOpus)]
    public void A_file_that_is_cut_off_is_named_and_a_whole_one_is_not(int format)
    {
        var bytes = SoundFiles.Make(format, 48_000, 48_000);
        Assert.That(DecoderFactory.Probe(new PartialTrack(bytes)) with { Index = null }, Is.EqualTo(new TrackProbe(1_000_000, 48_000, 2, null)));
        foreach (var share in new[] { 0.3, 0.7, 0.95 })
        {
            var probe = DecoderFactory.Probe(new PartialTrack(bytes[..(int)(share * bytes.Length)]));
            Assert.That(probe.Error, Does.Contain("cut off").Or.Contain("damaged"), $"at {share}");
            Assert.That(probe.Error, Does.Not.Contain("\n"));
        }
    }

    [Test]
    public void An_MP3_that_is_cut_off_or_torn_is_named()
    {
        var bytes = SampleTrack.Bytes();
        Assert.That(DecoderFactory.Probe(new PartialTrack(bytes[..(bytes.Length / 2)])).Error, Does.Contain("cut off"));
        Array.Clear(bytes, bytes.Length / 4, bytes.Length / 4);
        Assert.That(DecoderFactory.Probe(new PartialTrack(bytes)).Error, Does.Contain("damaged"));
    }

    [Test]
    public void A_file_that_is_not_there_is_one_line() =>
        Assert.That(
            () => DecoderFactory.Probe(Path.Combine(AppContext.BaseDirectory, "no such file.mp3")),
            Throws.InstanceOf<JamException>().With.Message.Contains("cannot read"));

    [Test]
    public void A_folder_is_one_line() =>
        Assert.That(() => DecoderFactory.Probe(AppContext.BaseDirectory), Throws.InstanceOf<JamException>());
}
