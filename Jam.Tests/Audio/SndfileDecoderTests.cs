using Jam.Peer.Audio;
using Jam.Peer.Session;
using NUnit.Framework;

namespace Jam.Tests.Audio;

/// <summary>What holds of files that libsndfile reads, whichever way it is reached.</summary>
[TestFixtureSource(nameof(Kinds))]
public sealed class SndfileDecoderTests(DecoderKind kind)
{
    public static IEnumerable<DecoderKind> Kinds => Decoders.BuiltIn.Where(kind => kind is DecoderKind.Native or DecoderKind.NAudio);

    private const int Frames = 100_000;

    private static readonly int[] s_formats =
    [
        SoundFiles.Wav16, SoundFiles.Wav24, SoundFiles.WavFloat, SoundFiles.Aiff16, SoundFiles.Flac16, SoundFiles.OggVorbis,
        SoundFiles.OggOpus,
    ];

    [Test]
    public void What_was_written_is_what_is_heard_to_the_sample([ValueSource(nameof(s_formats))] int format)
    {
        var rate = RateFor(format);
        var expected = SoundFiles.Chord(Frames, rate, 2);
        using var decoder = Open(SoundFiles.Make(format, expected, rate, 2));
        var all = ReadAll(decoder);
        Assert.That(decoder.SampleRate, Is.EqualTo(rate));
        Assert.That(decoder.LengthFrames, Is.EqualTo(Frames));
        Assert.That(all, Has.Length.EqualTo(2 * Frames));
        Assert.That(decoder.Concealed, Is.Zero);
        // A lossy one is near; a sample's shift would be far.
        var tolerance = format is SoundFiles.OggVorbis or SoundFiles.OggOpus ? 0.03 : 1e-4;
        Assert.That(Rms(all, expected), Is.LessThan(tolerance));
        Assert.That(Rms(all.AsSpan(2), expected.AsSpan(..^2)), Is.GreaterThan(1.2 * Rms(all, expected)));
        Assert.That(Rms(all.AsSpan(..^2), expected.AsSpan(2)), Is.GreaterThan(1.2 * Rms(all, expected)));
    }

    [Test]
    public void A_seek_lands_on_the_exact_sample([ValueSource(nameof(s_formats))] int format)
    {
        var bytes = SoundFiles.Make(format, Frames, RateFor(format));
        using var straight = Open(bytes);
        var all = ReadAll(straight);
        using var decoder = Open(bytes);
        var random = new Random(3);
        for (var i = 0; i < 25; i++)
        {
            var frame = i switch { 0 => 0, 1 => Frames - 700, _ => random.Next(Frames - 2_000) };
            decoder.SeekFrames(frame, default);
            Assert.That(decoder.PositionFrames, Is.EqualTo(frame));
            var some = new float[2 * 600];
            Assert.That(decoder.Read(some, default), Is.EqualTo(600));
            Assert.That(some, Is.EqualTo(all.AsSpan(2 * frame, some.Length).ToArray()).Within(2e-4f), $"after a seek to {frame}");
        }
    }

    [Test]
    public void A_track_that_arrives_in_pieces_decodes_to_the_same_samples([ValueSource(nameof(s_formats))] int format)
    {
        var bytes = SoundFiles.Make(format, Frames, RateFor(format));
        using var whole = Open(bytes);
        var expected = ReadAll(whole);
        var track = new PartialTrack(bytes, isWhole: false);
        track.Arrive(0, 9_000);
        track.Arrive(bytes.Length - 1_000, 1_000);
        using var decoder = OpenAsItArrives(track, bytes.Length);
        var got = new List<float>();
        var block = new float[2 * 4_096];
        for (var here = 9_000L; ;)
        {
            try
            {
                if (decoder.PositionFrames != got.Count / 2)
                    decoder.SeekFrames(got.Count / 2, default);
                var read = decoder.Read(block, default);
                if (read == 0)
                    break;
                got.AddRange(block.AsSpan(0, 2 * read));
            }
            catch (OperationCanceledException)
            {
                Assert.That(here, Is.LessThan(bytes.Length), "what waits, waits for bytes that lack");
                var more = Math.Min(5_003, bytes.Length - here);
                track.Arrive(here, more);
                here += more;
            }
        }
        Assert.That(got, Is.EqualTo(expected).Within(2e-4f));
        Assert.That(decoder.Concealed, Is.Zero, "bytes that lacked were no damage");
    }

    [Test]
    public void A_seek_in_a_WAV_needs_only_the_bytes_around_it()
    {
        var bytes = SoundFiles.Make(SoundFiles.Wav16, 1_000_000);
        var track = new PartialTrack(bytes, isWhole: false);
        track.Arrive(0, 16_384);
        track.Arrive(2_000_000, 65_536);
        using var decoder = TryOpen(track, out _)!;
        decoder.SeekFrames(502_000, default);
        Assert.That(decoder.Read(new float[2 * 4_096], default), Is.EqualTo(4_096));
        Assert.That(track.Waits, Is.Empty);
    }

    [Test]
    public void A_joiner_in_the_middle_fetches_little_of_the_track([ValueSource(nameof(s_formats))] int format)
    {
        const int chunkBytes = 16 * 1024;
        var rate = RateFor(format);
        var bytes = SoundFiles.Make(format, 60 * rate, rate);
        var track = new PartialTrack(bytes, isWhole: false);
        ITrackDecoder? decoder = null;
        var block = new float[2 * 4_096];
        var (target, heard, fetched) = (37L * rate, 0, 0);
        while (heard < rate)
        {
            try
            {
                decoder ??= TryOpen(track, out _)!;
                if (decoder.PositionFrames != target + heard)
                    decoder.SeekFrames(target + heard, default);
                heard += decoder.Read(block, default);
            }
            catch (OperationCanceledException)
            {
                var chunk = track.Waits[^1] / chunkBytes * chunkBytes;
                track.Arrive(chunk, Math.Min(chunkBytes, bytes.Length - chunk));
                fetched++;
            }
        }
        decoder!.Dispose();
        var oneSecond = bytes.Length / 60 / chunkBytes + 1;
        TestContext.Out.WriteLine($"{fetched} of {bytes.Length / chunkBytes} chunks; a second is {oneSecond}");
        // In an Ogg file a place is found by halving; the others say where it is.
        Assert.That(fetched, Is.LessThanOrEqualTo(oneSecond + (format is SoundFiles.OggVorbis or SoundFiles.OggOpus ? 16 : 5)));
    }

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(6)]
    [TestCase(8)]
    public void Any_count_of_channels_becomes_two(int channels)
    {
        using var decoder = Open(SoundFiles.Make(SoundFiles.WavExtensible16, 5_000, 48_000, channels));
        Assert.That(decoder.Channels, Is.EqualTo(channels));
        var all = ReadAll(decoder);
        Assert.That(all, Has.Length.EqualTo(10_000));
        Assert.That(all.Max(Math.Abs), Is.InRange(0.2f, 0.61f));
    }

    [TestCase(SoundFiles.Flac16, 1)]
    [TestCase(SoundFiles.Flac16, 2)]
    [TestCase(SoundFiles.OggVorbis, 1)]
    [TestCase(SoundFiles.OggVorbis, 2)]
    [TestCase(SoundFiles.OggOpus, 1)]
    [TestCase(SoundFiles.OggOpus, 2)]
    public void Damaged_bytes_give_silence_or_other_sound_never_more_or_less_of_it(int format, int seed)
    {
        var bytes = SoundFiles.Make(format, 4 * Frames, RateFor(format));
        using var whole = Open((byte[])bytes.Clone());
        var expected = ReadAll(whole);
        var random = new Random(seed);
        random.NextBytes(bytes.AsSpan(bytes.Length / 2 + random.Next(1_000), 3_000));
        using var decoder = Open(bytes);
        var all = ReadAll(decoder);
        Assert.That(all, Has.Length.EqualTo(expected.Length));
        Assert.That(decoder.Concealed, Is.Positive);
        Assert.That(all.AsSpan(0, all.Length / 3).ToArray(), Is.EqualTo(expected.AsSpan(0, all.Length / 3).ToArray()).Within(2e-4f));
        Assert.That(all.AsSpan(^20_000..).ToArray(), Is.EqualTo(expected.AsSpan(^20_000..).ToArray()).Within(2e-4f), "it is in time again");
    }

    [Test]
    public void Bytes_that_are_random_after_a_true_beginning_never_crash([ValueSource(nameof(s_formats))] int format, [Values(1, 2, 3)] int seed)
    {
        var bytes = SoundFiles.Make(format, 20_000, RateFor(format));
        var random = new Random(seed);
        random.NextBytes(bytes.AsSpan(seed * 20));
        var decoder = TryOpen(new PartialTrack(bytes), out var error);
        if (decoder is null)
        {
            Assert.That(error, Is.Not.Null.And.Not.Contain("\n"));
            return;
        }
        using (decoder)
        {
            var block = new float[2 * 4_096];
            for (var blocks = 0; blocks < 100 && decoder.Read(block, default) > 0; blocks++)
                Assert.That(block, Has.All.Matches<float>(float.IsFinite));
        }
    }

    private static int RateFor(int format) => format == SoundFiles.OggOpus ? 48_000 : 44_100;

    private ITrackDecoder? TryOpen(PartialTrack track, out string? error) =>
        DecoderFactory.Open(track, null, Decoders.Of(kind), 0, out error, default);

    private ITrackDecoder Open(byte[] bytes)
    {
        var decoder = TryOpen(new PartialTrack(bytes), out var error);
        Assert.That(decoder, Is.Not.Null, error);
        return decoder!;
    }

    private ITrackDecoder OpenAsItArrives(PartialTrack track, int length)
    {
        for (var attempts = 0; attempts < 100; attempts++)
        {
            try
            {
                return TryOpen(track, out _)!;
            }
            catch (OperationCanceledException)
            {
                track.Arrive(track.Waits[^1], Math.Min(1_000, length - track.Waits[^1]));
            }
        }
        throw new AssertionException("It asks for bytes without end.");
    }

    private static float[] ReadAll(ITrackDecoder decoder)
    {
        var all = new List<float>();
        var block = new float[2 * 4_096];
        for (var read = decoder.Read(block, default); read > 0; read = decoder.Read(block, default))
            all.AddRange(block.AsSpan(0, 2 * read));
        return [.. all];
    }

    private static double Rms(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        var sum = 0.0;
        for (var i = 0; i < Math.Min(a.Length, b.Length); i++)
            sum += (a[i] - b[i]) * (double)(a[i] - b[i]);
        return Math.Sqrt(sum / Math.Min(a.Length, b.Length));
    }
}
