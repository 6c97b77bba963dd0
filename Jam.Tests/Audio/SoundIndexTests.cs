using Jam.Peer.Audio;
using Jam.Peer.Playback;
using Jam.Peer.Session;
using NUnit.Framework;

namespace Jam.Tests.Audio;

/// <summary>What an index is good for, in files that libsndfile reads: which bytes are read, and what then sounds.</summary>
public sealed class SoundIndexTests
{
    private const int ChunkBytes = 16 * 1024;
    private const int Seconds = 24;

    private static readonly int[] s_formats =
    [
        SoundFiles.Wav16, SoundFiles.Wav24, SoundFiles.WavFloat, SoundFiles.Aiff16, SoundFiles.Flac16, SoundFiles.OggVorbis,
        SoundFiles.OggOpus, SoundFiles.Rf64, SoundFiles.Wave64, SoundFiles.Caf16, SoundFiles.Au16,
    ];

    [Test]
    public void A_joiner_in_the_middle_needs_no_bytes_but_those_around_the_playhead([ValueSource(nameof(s_formats))] int format)
    {
        var rate = RateFor(format);
        var bytes = Noise(format);
        var expected = Decode(bytes, 16 * rate, rate);
        var track = new PartialTrack(bytes, isWhole: false);
        using var decoder = DecoderFactory.Open(track, IndexOf(bytes), Decoders.Of(DecoderKind.Auto), 0, out var error, default);
        Assert.That(decoder, Is.Not.Null, error);
        Assert.That(track.Asked.High, Is.EqualTo(-1), "nothing is read before it is known where");
        Assert.That((decoder!.SampleRate, decoder.Channels, decoder.LengthFrames), Is.EqualTo((rate, 2, (long?)Seconds * rate)));
        var got = Fetch(track, bytes, decoder, 16 * rate, rate, out var fetched);
        Same(got, expected);
        var perSecond = bytes.Length / (double)Seconds;
        // Opus settles for 0.4 s, pages hold up to a second, and a library reads some blocks ahead.
        Assert.That(track.Asked.Low, Is.GreaterThan(14.4 * perSecond - ChunkBytes));
        Assert.That(track.Asked.High, Is.LessThan(17.6 * perSecond + 3 * ChunkBytes));
        Assert.That(fetched, Is.LessThanOrEqualTo(3.2 * perSecond / ChunkBytes + 3));
        Assert.That(decoder.Concealed, Is.Zero);
    }

    [Test]
    public void A_seek_lands_on_the_exact_sample([ValueSource(nameof(s_formats))] int format)
    {
        var rate = RateFor(format);
        var bytes = Noise(format);
        var all = Decode(bytes, 0, Seconds * rate);
        using var decoder = DecoderFactory.Open(new PartialTrack(bytes), IndexOf(bytes), Decoders.Of(DecoderKind.Auto), 0, out _, default)!;
        var random = new Random(5);
        var some = new float[2 * 600];
        for (var i = 0; i < 25; i++)
        {
            var frame = i switch { 0 => 0, 1 => Seconds * rate - 600, 2 => 100, _ => random.Next(Seconds * rate - 600) };
            decoder.SeekFrames(frame, default);
            Assert.That(decoder.PositionFrames, Is.EqualTo(frame));
            Assert.That(decoder.Read(some, default), Is.EqualTo(600));
            Same(some, all.AsSpan(2 * frame));
        }
        decoder.SeekFrames(Seconds * rate, default);
        Assert.That(decoder.Read(some, default), Is.Zero);
        Assert.That(decoder.Concealed, Is.Zero);
    }

    [Test]
    public void An_index_that_comes_later_serves_the_next_seek([Values(SoundFiles.Flac16, SoundFiles.OggVorbis, SoundFiles.OggOpus)] int format)
    {
        var rate = RateFor(format);
        var bytes = Noise(format);
        var track = new PartialTrack(bytes);
        using var decoder = DecoderFactory.Open(track, out _, default)!;
        decoder.Read(new float[2_000], default);
        decoder.UseIndex(IndexOf(bytes));
        track.Asked = (long.MaxValue, -1);
        decoder.SeekFrames(16 * rate, default);
        var got = new float[2 * rate];
        Assert.That(ReadFully(decoder, got), Is.EqualTo(rate));
        Same(got, Decode(bytes, 16 * rate, rate));
        Assert.That(track.Asked.Low, Is.GreaterThan(bytes.Length * 14L / Seconds));
    }

    [Test]
    public void Sound_that_is_damaged_is_silent_for_a_moment_and_in_time_again(
        [Values(SoundFiles.Flac16, SoundFiles.OggVorbis, SoundFiles.OggOpus)] int format)
    {
        var rate = RateFor(format);
        // A page of Opus is a second, and more than a fiftieth may not be lost.
        var seconds = format == SoundFiles.OggOpus ? 110 : 30;
        var bytes = Noise(format, seconds);
        var all = Decode(bytes, 0, seconds * rate);
        bytes = [.. bytes];
        new Random(1).NextBytes(bytes.AsSpan(bytes.Length / 2, 700));
        var probe = DecoderFactory.Probe(new PartialTrack(bytes));
        Assert.That(probe.Error, Is.Null);
        Assert.That(probe.DamagedUs, Is.InRange(10_000, 2 * seconds * 10_000));
        Assert.That(probe.DamagedAtUs, Is.InRange((seconds / 2 - 2) * 1_000_000L, (seconds / 2 + 2) * 1_000_000L));
        var index = TrackIndex.TryParse(probe.Index!.ToBytes(), bytes.Length, out _)!;
        using var decoder = DecoderFactory.Open(new PartialTrack(bytes), index, Decoders.Of(DecoderKind.Auto), 0, out _, default)!;
        decoder.SeekFrames((seconds / 2 - 7) * rate, default);
        var got = new float[2 * 14 * rate];
        Assert.That(ReadFully(decoder, got), Is.EqualTo(14 * rate));
        Assert.That(decoder.Concealed, Is.Positive);
        Assert.That(decoder.Remark, Is.Null, "the index is as good as before");
        Same(got.AsSpan(..(2 * 5 * rate)), all.AsSpan(2 * (seconds / 2 - 7) * rate));
        Same(got.AsSpan(^(2 * 4 * rate)..), all.AsSpan(2 * (seconds / 2 + 3) * rate));
    }

    [Test]
    public void An_index_that_leads_to_no_sound_is_given_up_for_opening_the_track_without(
        [ValueSource(nameof(s_formats))] int format, [Values] bool comesLater)
    {
        var rate = RateFor(format);
        var bytes = Noise(format);
        var useless = Useless((SoundIndex)IndexOf(bytes));
        var track = new PartialTrack(bytes, isWhole: false);
        using var decoder = DecoderFactory.Open(
            comesLater ? new PartialTrack(bytes) : track, comesLater ? null : useless, Decoders.Of(DecoderKind.Auto), 0, out _, default)!;
        if (comesLater)
            decoder.UseIndex(useless);
        var got = Fetch(track, bytes, decoder, 8 * rate, 3 * rate, out _);
        Assert.That(decoder.Concealed, Is.InRange(1, 20));
        Assert.That(decoder.Remark, Does.StartWith("this track's index leads to no sound"));
        Same(got.AsSpan(2 * rate), Decode(bytes, 9 * rate, 2 * rate));
        track.Arrive(0, bytes.Length);
        decoder.SeekFrames(2 * rate, default);
        ReadFully(decoder, got);
        Same(got, Decode(bytes, 2 * rate, 3 * rate));
    }

    [Test]
    public void An_index_of_another_track_gives_sound_or_silence_of_the_right_length(
        [ValueSource(nameof(s_formats))] int format, [Values(1, 2)] int seed)
    {
        var rate = RateFor(format);
        var other = IndexOf(Noise(format));
        var bytes = SoundFiles.Make(format, Seconds * rate, rate);
        Array.Resize(ref bytes, Math.Max(bytes.Length, (int)((SoundIndex)other).Layout.EndByte));
        using var decoder = DecoderFactory.Open(new PartialTrack(bytes), other, Decoders.Of(DecoderKind.Auto), 0, out _, default)!;
        decoder.SeekFrames(seed * 6 * rate, default);
        var got = new float[2 * rate];
        Assert.That(ReadFully(decoder, got), Is.EqualTo(rate));
        Assert.That(got, Has.All.Matches<float>(float.IsFinite));
    }

    [Test]
    public void A_changed_blob_is_refused_or_is_an_index_that_does_no_harm([Range(1, 24)] int seed)
    {
        var format = s_formats[seed % s_formats.Length];
        var bytes = Noise(format);
        var blob = IndexOf(bytes).ToBytes();
        var random = new Random(seed);
        for (var i = random.Next(1, 4); i > 0; i--)
            blob[random.Next(blob.Length)] = (byte)random.Next(256);
        var index = TrackIndex.TryParse(blob, bytes.Length, out var problem);
        Assert.That(problem is null, Is.EqualTo(index is not null));
        if (index is not SoundIndex sound)
            return;
        Assert.That(sound.ToBytes(), Is.EqualTo(blob), "one index, one hash");
        using var decoder = DecoderFactory.Open(new PartialTrack(bytes), sound, Decoders.Of(DecoderKind.Auto), 0, out _, default);
        decoder?.SeekFrames(700_000, default);
        decoder?.Read(new float[2 * 1_024], default);
    }

    [Test]
    public void A_place_between_two_entries_is_found_by_proportion([ValueSource(nameof(s_formats))] int format)
    {
        var bytes = Noise(format);
        var index = IndexOf(bytes);
        var before = 0.0;
        for (var second = 0; second <= Seconds; second++)
        {
            var at = TrackPlaces.ByteAt(index, second * 1_000_000L, bytes.Length)!.Value;
            Assert.That(at, Is.InRange(Math.Max(before, (second - 1.5) * bytes.Length / Seconds), (second + 1.5) * bytes.Length / Seconds));
            before = at;
        }
    }

    [Test]
    public void A_picture_in_the_tags_is_no_part_of_an_index()
    {
        var bytes = Noise(SoundFiles.OggVorbis);
        Assert.That(IndexOf(bytes).ToBytes(), Has.Length.LessThan(12_000));
        Assert.That(IndexOf(Noise(SoundFiles.Flac16)).ToBytes(), Has.Length.LessThan(4_000));
        Assert.That(IndexOf(Noise(SoundFiles.OggOpus)).ToBytes(), Has.Length.LessThan(1_000));
        Assert.That(IndexOf(Noise(SoundFiles.Wav16)).ToBytes(), Has.Length.LessThan(200));
    }

    private readonly Dictionary<(int Format, int Seconds), byte[]> _made = [];

    private static void Same(ReadOnlySpan<float> got, ReadOnlySpan<float> expected)
    {
        var worst = 0f;
        for (var i = 0; i < got.Length; i++)
            worst = Math.Max(worst, Math.Abs(got[i] - expected[i]));
        Assert.That(worst, Is.LessThan(2e-4f));
    }

    private static int RateFor(int format) => format == SoundFiles.OggOpus ? 48_000 : 44_100;

    /// <summary>Noise over a chord: pages and frames of all sizes, and a shift of one sample shows.</summary>
    private byte[] Noise(int format, int seconds = Seconds)
    {
        if (_made.TryGetValue((format, seconds), out var known))
            return known;
        var rate = RateFor(format);
        var samples = SoundFiles.Chord(seconds * rate, rate, 2);
        var random = new Random(format);
        for (var i = 0; i < samples.Length; i++)
            samples[i] = 0.5f * samples[i] + (float)(0.2 * (random.NextDouble() - 0.5) * (1 + Math.Sin(i * 1e-5)));
        return _made[(format, seconds)] = SoundFiles.Make(format, samples, rate, 2);
    }

    /// <summary>Says the truth about where all is, and puts in front of it what no decoder takes.</summary>
    private static SoundIndex Useless(SoundIndex index) =>
        SoundIndex.Create(index.Layout with { Head = new byte[index.Layout.Head.Length] }, [.. index.Offsets], [.. index.Frames])!;

    private static TrackIndex IndexOf(byte[] bytes)
    {
        var probe = DecoderFactory.Probe(new PartialTrack(bytes));
        Assert.That(probe.Index, Is.Not.Null, probe.Error);
        Assert.That(probe.DamagedUs, Is.Zero);
        var index = TrackIndex.TryParse(probe.Index!.ToBytes(), bytes.Length, out var error);
        Assert.That(index, Is.Not.Null, error);
        return index!;
    }

    private static float[] Decode(byte[] bytes, int from, int count)
    {
        using var decoder = DecoderFactory.Open(new PartialTrack(bytes), out _, default)!;
        var all = new float[2 * (from + count)];
        Assert.That(ReadFully(decoder, all), Is.EqualTo(from + count));
        return all[(2 * from)..];
    }

    private static int ReadFully(ITrackDecoder decoder, Span<float> target)
    {
        var done = 0;
        for (int read; 2 * done < target.Length && (read = decoder.Read(target[(2 * done)..], default)) > 0;)
            done += read;
        return done;
    }

    /// <summary>Reads as a peer does: what lacks is fetched a chunk at a time.</summary>
    private static float[] Fetch(PartialTrack track, byte[] bytes, ITrackDecoder decoder, long from, int count, out int fetched)
    {
        var got = new float[2 * count];
        var heard = 0;
        for (fetched = 0; heard < count;)
        {
            try
            {
                if (decoder.PositionFrames != from + heard)
                    decoder.SeekFrames(from + heard, default);
                heard += decoder.Read(got.AsSpan(2 * heard), default);
            }
            catch (OperationCanceledException)
            {
                var chunk = track.Waits[^1] / ChunkBytes * ChunkBytes;
                track.Arrive(chunk, Math.Min(ChunkBytes, bytes.Length - chunk));
                fetched++;
            }
        }
        return got;
    }
}
