using Jam.Peer.Audio;
using NUnit.Framework;

namespace Jam.Tests.Audio;

/// <summary>What a host hears of a file that is damaged, before anyone is told of the file.</summary>
public sealed class DamagedFileTests
{
    private const int Seconds = 60;

    private static readonly int[] s_checked = [SoundFiles.Flac16, SoundFiles.OggVorbis, SoundFiles.OggOpus, SoundFiles.Mp3];

    private readonly Dictionary<int, byte[]> _made = [];

    [Test]
    public void A_hole_in_the_middle_is_named_with_its_place_and_what_to_do([ValueSource(nameof(s_checked))] int format)
    {
        var bytes = Make(format);
        new Random(1).NextBytes(bytes.AsSpan(bytes.Length / 2, bytes.Length / 10));
        var probe = DecoderFactory.Probe(new PartialTrack(bytes));
        Assert.That(probe.DurationUs, Is.Null);
        Assert.That(probe.Error, Does.Match("^it is damaged: (9|1[0-5])(\\.\\d)? % of it cannot be decoded, the first of that at 0:(28|29|30)$"));
        Assert.That(probe.Advice, Is.EqualTo("copy or download it again"));
    }

    [Test]
    public void Zeros_in_the_place_of_sound_are_damage([ValueSource(nameof(s_checked))] int format)
    {
        var bytes = Make(format);
        bytes.AsSpan(bytes.Length / 4, bytes.Length / 20).Clear();
        Assert.That(DecoderFactory.Probe(new PartialTrack(bytes)).Error, Does.Contain("damaged").And.Contain("at 0:1"));
    }

    [Test]
    public void A_stretch_that_is_missing_is_damage([Values(SoundFiles.Flac16, SoundFiles.Mp3)] int format)
    {
        var bytes = Make(format);
        byte[] cut = [.. bytes[..(bytes.Length / 3)], .. bytes[(bytes.Length * 2 / 5)..]];
        var probe = DecoderFactory.Probe(new PartialTrack(cut));
        Assert.That(probe.Error, Does.Contain("damaged"));
    }

    [Test]
    public void A_few_bytes_are_a_moment_of_silence_and_counted(
        [Values(SoundFiles.Flac16, SoundFiles.OggVorbis, SoundFiles.Mp3)] int format)
    {
        var bytes = Make(format);
        new Random(2).NextBytes(bytes.AsSpan(bytes.Length / 2, 900));
        var probe = DecoderFactory.Probe(new PartialTrack(bytes));
        Assert.That(probe.Error, Is.Null);
        Assert.That(probe.DurationUs, Is.EqualTo(Seconds * 1_000_000L).Within(50_000));
        Assert.That(probe.DamagedUs, Is.InRange(10_000, 1_200_000));
        Assert.That(probe.DamagedAtUs, Is.InRange(28_500_000, 31_000_000));
        Assert.That(probe.Index, Is.Not.Null);
    }

    [Test]
    public void A_whole_file_has_no_damage([ValueSource(nameof(s_checked))] int format)
    {
        var probe = DecoderFactory.Probe(new PartialTrack(Make(format)));
        Assert.That((probe.Error, probe.DamagedUs), Is.EqualTo(((string?)null, 0L)));
        Assert.That(probe.Index, Is.Not.Null);
    }

    [Test]
    public void What_players_write_behind_the_sound_is_no_damage([ValueSource(nameof(s_checked))] int format)
    {
        byte[] bytes = [.. Make(format), .. "TAG"u8, .. new byte[125]];
        var probe = DecoderFactory.Probe(new PartialTrack(bytes));
        Assert.That((probe.Error, probe.DamagedUs), Is.EqualTo(((string?)null, 0L)));
    }

    [TestCase(SoundFiles.Flac16, 3)]
    [TestCase(SoundFiles.OggVorbis, 3)]
    [TestCase(SoundFiles.Mp3, 3)]
    public void Damage_anywhere_is_refused_or_played_never_a_fault(int format, int times)
    {
        var whole = Make(format);
        for (var seed = 0; seed < times; seed++)
        {
            var random = new Random(seed);
            byte[] bytes = [.. whole];
            for (var i = random.Next(1, 6); i > 0; i--)
                random.NextBytes(bytes.AsSpan(random.Next(bytes.Length - 5_000), random.Next(1, 5_000)));
            var probe = DecoderFactory.Probe(new PartialTrack(bytes));
            Assert.That(probe.Error is null, Is.EqualTo(probe.DurationUs is not null), $"seed {seed}: {probe}");
        }
    }

    private byte[] Make(int format)
    {
        if (!_made.TryGetValue(format, out var bytes))
        {
            var rate = format == SoundFiles.OggOpus ? 48_000 : 44_100;
            var samples = SoundFiles.Chord(Seconds * rate, rate, 1);
            var random = new Random(9);
            for (var i = 0; i < samples.Length; i++)
                samples[i] = 0.6f * samples[i] + (float)(0.1 * (random.NextDouble() - 0.5));
            _made[format] = bytes = SoundFiles.Make(format, samples, rate, 1);
        }
        return [.. bytes];
    }
}
