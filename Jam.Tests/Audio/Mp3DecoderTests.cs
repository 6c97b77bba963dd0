using Jam.Peer.Audio;
using Jam.Peer.Session;
using NUnit.Framework;

namespace Jam.Tests.Audio;

/// <summary>What holds of an MP3 decoder, whichever library decodes its frames: length, places, what encoders add, damage.</summary>
[TestFixtureSource(nameof(Kinds))]
public sealed class Mp3DecoderTests(DecoderKind kind)
{
    public static IEnumerable<DecoderKind> Kinds => Decoders.BuiltIn.Where(kind => kind is DecoderKind.Native or DecoderKind.NLayer);

    [Test]
    public void It_sounds_as_it_does_on_other_peers_however_little_is_asked_for_at_once()
    {
        var bytes = SampleTrack.Bytes();
        using var other = Open(bytes, DecoderKind.Native);
        var expected = ReadAll(other);
        using var decoder = Open(bytes);
        var random = new Random(8);
        var got = new List<float>();
        for (var read = -1; read != 0;)
        {
            var block = new float[2 * random.Next(1, 3_000)];
            read = decoder.Read(block, default);
            got.AddRange(block.AsSpan(0, 2 * read));
        }
        Assert.That(got, Has.Count.EqualTo(expected.Length));
        Assert.That(Error(got.ToArray(), expected), Is.LessThan(1e-4), "-80 dB");
        Assert.That(decoder.Concealed, Is.Zero);
    }

    [Test]
    public void The_track_is_as_long_as_its_tag_says()
    {
        using var decoder = Open(SampleTrack.Bytes());
        var all = ReadAll(decoder);
        Assert.That(all, Has.Length.EqualTo(2 * decoder.LengthFrames!.Value));
        Assert.That(all.Max(Math.Abs), Is.InRange(0.05f, 1.5f), "it is music");
    }

    [Test]
    public void A_seek_lands_on_the_exact_sample_counted_or_calculated()
    {
        var bytes = SampleTrack.Bytes();
        using var straight = Open(bytes);
        var all = ReadAll(straight);
        var random = new Random(5);
        foreach (var variant in new[] { bytes, AsVariable(bytes) })
        {
            using var decoder = Open(variant);
            for (var i = 0; i < 20; i++)
            {
                var frame = i == 0 ? 0 : random.NextInt64(all.Length / 2 - 2_000);
                decoder.SeekFrames(frame, default);
                Assert.That(decoder.PositionFrames, Is.EqualTo(frame));
                var some = new float[2 * 1_500];
                Assert.That(decoder.Read(some, default), Is.EqualTo(1_500));
                for (var k = 0; k < some.Length; k++)
                    Assert.That(some[k], Is.EqualTo(all[2 * frame + k]).Within(1e-4f), $"sample {k} after a seek to {frame}");
            }
        }
    }

    [Test]
    public void A_seek_beyond_the_end_is_the_end()
    {
        using var decoder = Open(SampleTrack.Bytes());
        decoder.SeekFrames(long.MaxValue / 4, default);
        Assert.That(decoder.Read(new float[200], default), Is.Zero);
        decoder.SeekFrames(0, default);
        Assert.That(decoder.Read(new float[200], default), Is.EqualTo(100));
    }

    [Test]
    public void A_track_that_arrives_in_pieces_decodes_to_the_same_samples()
    {
        var bytes = SampleTrack.Bytes().AsSpan(0, 120_000).ToArray();
        using var whole = Open(bytes);
        var expected = ReadAll(whole);

        var track = new PartialTrack(bytes, isWhole: false);
        track.Arrive(0, 20_000);
        using var decoder = Open(track);
        var got = new List<float>();
        var block = new float[2 * 4_096];
        for (var here = 20_000L; ;)
        {
            try
            {
                var read = decoder.Read(block, default);
                if (read == 0)
                    break;
                got.AddRange(block.AsSpan(0, 2 * read));
            }
            catch (OperationCanceledException)
            {
                var more = Math.Min(7_001, bytes.Length - here);
                track.Arrive(here, more);
                here += more;
            }
        }
        Assert.That(got, Is.EqualTo(expected));
    }

    [Test]
    public void A_seek_that_was_cut_off_is_made_again_when_its_bytes_are_here()
    {
        var bytes = SampleTrack.Bytes();
        using var whole = Open(bytes);
        whole.SeekFrames(600_000, default);
        var expected = new float[2_000];
        whole.Read(expected, default);

        var track = new PartialTrack(bytes, isWhole: false);
        track.Arrive(0, 20_000);
        using var decoder = Open(track);
        Assert.That(() => decoder.SeekFrames(600_000, default), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(decoder.PositionFrames, Is.Negative);
        track.Arrive(0, bytes.Length);
        decoder.SeekFrames(600_000, default);
        var got = new float[2_000];
        decoder.Read(got, default);
        Assert.That(got, Is.EqualTo(expected).Within(1e-4f));
    }

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    public void Damaged_bytes_give_other_sound_never_more_or_less_of_it(int seed)
    {
        var bytes = SampleTrack.Bytes();
        var random = new Random(seed);
        // Headers are left alone, so that the count of frames is known.
        for (var i = 5_000; i < bytes.Length; i += random.Next(50, 2_000))
        {
            if (bytes[i] != 0xFF && bytes[i - 1] != 0xFF && bytes[i - 2] != 0xFF && bytes[i - 3] != 0xFF)
                bytes[i] = (byte)random.Next(0, 255);
        }
        using var decoder = Open(bytes);
        Assert.That(ReadAll(decoder), Has.Length.EqualTo(2 * decoder.LengthFrames!.Value));
    }

    [TestCase(1)]
    [TestCase(2)]
    public void A_track_torn_to_pieces_ends_without_a_crash(int seed)
    {
        var bytes = SampleTrack.Bytes();
        var random = new Random(seed);
        for (var i = 0; i < 200; i++)
            random.NextBytes(bytes.AsSpan(4_000 + random.Next(bytes.Length - 5_000), random.Next(1, 900)));
        using var decoder = Open(bytes);
        Assert.That(ReadAll(decoder), Has.Length.LessThanOrEqualTo(2 * decoder.LengthFrames!.Value));
    }

    [Test]
    public void A_truncated_track_ends_where_its_bytes_do()
    {
        using var decoder = Open(SampleTrack.Bytes().AsSpan(0, 200_123).ToArray());
        Assert.That(ReadAll(decoder), Has.Length.LessThan(2 * decoder.LengthFrames!.Value).And.Length.GreaterThan(44_100));
    }

    /// <summary>Counts that leave every amount of padding in the last frame, the smallest among them.</summary>
    [Test]
    public void An_encoded_sound_comes_back_at_its_length_and_place_to_the_sample([Range(100_000, 101_152, 128)] int frames)
    {
        var expected = SoundFiles.Chord(frames, 44_100, 2);
        using var decoder = Open(SoundFiles.Make(SoundFiles.Mp3, expected, 44_100, 2));
        Assert.That(decoder.LengthFrames, Is.EqualTo(frames));
        var all = ReadAll(decoder);
        Assert.That(all, Has.Length.EqualTo(2 * frames));
        Assert.That(Error(all, expected), Is.LessThan(0.02));
        Assert.That(Error(all.AsSpan(2), expected), Is.GreaterThan(1.5 * Error(all, expected)), "a sample late");
        Assert.That(Error(all, expected.AsSpan(2)), Is.GreaterThan(1.5 * Error(all, expected)), "a sample early");
        Assert.That(Error(all.AsSpan(^400..), expected.AsSpan(^400..)), Is.LessThan(0.1), "its very end");
    }

    private static double Error(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        var count = Math.Min(a.Length, b.Length);
        var sum = 0.0;
        for (var i = 0; i < count; i++)
            sum += (a[i] - b[i]) * (double)(a[i] - b[i]);
        return Math.Sqrt(sum / count);
    }

    private ITrackDecoder Open(byte[] bytes, DecoderKind? other = null) => Open(new PartialTrack(bytes), other);

    private ITrackDecoder Open(PartialTrack track, DecoderKind? other = null)
    {
        var decoder = DecoderFactory.Open(track, null, Decoders.Of(other ?? kind), 0, out var error, default);
        Assert.That(decoder, Is.Not.Null, error);
        return decoder!;
    }

    private static float[] ReadAll(ITrackDecoder decoder)
    {
        var all = new List<float>();
        var block = new float[2 * 4_096];
        for (var read = decoder.Read(block, default); read > 0; read = decoder.Read(block, default))
            all.AddRange(block.AsSpan(0, 2 * read));
        return [.. all];
    }

    /// <summary>The same track with a tag of the other kind, which makes places a matter of counting, or of calculating.</summary>
    private static byte[] AsVariable(byte[] bytes)
    {
        var other = (byte[])bytes.Clone();
        var info = other.AsSpan().IndexOf("Info"u8);
        if (info >= 0)
            "Xing"u8.CopyTo(other.AsSpan(info));
        return other;
    }
}
