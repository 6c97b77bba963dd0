using System.Buffers.Binary;
using System.Text;
using Jam.Peer.Audio;
using Jam.Peer.Audio.Aac;
using NUnit.Framework;

namespace Jam.Tests.Audio;

/// <summary>AAC in MP4: its places come from the file's tables, its sound from ffmpeg where that is installed, else there is a clear line.</summary>
[CancelAfter(30_000)]
internal sealed class AacDecoderTests
{
    private const int Rate = 22_050;

    private static float[] Decode(ITrackDecoder decoder, int frames, CancellationToken cancellationToken)
    {
        var all = new float[2 * frames];
        var done = 0;
        while (done < frames && decoder.Read(all.AsSpan(2 * done), cancellationToken) is > 0 and var got)
            done += got;
        return all[..(2 * done)];
    }

    [Test]
    public void The_tables_say_where_frames_stand_and_what_is_cut_off(CancellationToken ct)
    {
        var track = Mp4Track.Open(new PartialTrack(AacSample.Bytes()), out var error, ct)!;
        Assert.Multiple(() =>
        {
            Assert.That(error, Is.Null);
            Assert.That((track.Config.Rate, track.Config.Channels), Is.EqualTo((Rate, 1)));
            Assert.That((track.SkipSamples, track.LengthSamples), Is.EqualTo((1024L, (long)Rate)));
            Assert.That(track.Sizes, Has.Length.EqualTo((Rate + 1024 + 1023) / 1024));
            Assert.That(track.Offsets.Zip(track.Offsets.Skip(1)).Select(p => p.Second - p.First), Is.EqualTo(track.Sizes[..^1]));
        });
    }

    [TestCase(" 00000000 00000464 000001CA 0000000000004E20 00000000", 1_124, 20_000, TestName = "The_encoders_own_count_of_samples_holds")]
    [TestCase(" 00000000 00000840 00000000 0000000000009000", 1_024, 22_050, TestName = "A_count_of_more_than_is_there_is_left")]
    [TestCase(" 00000000 00008000 00000000 0000000000000100", 1_024, 22_050, TestName = "A_count_that_no_encoder_writes_is_left")]
    [TestCase(" 00000000 what 00000000 0000000000000100", 1_024, 22_050, TestName = "A_count_that_is_none_is_left")]
    public void What_the_encoder_counted(string count, long skip, long length)
    {
        var bytes = WithItem(AacSample.Bytes(), "iTunSMPB", count);
        var track = Mp4Track.Open(new PartialTrack(bytes), out _, default)!;
        Assert.That((track.SkipSamples, track.LengthSamples), Is.EqualTo((skip, length)));
    }

    [TestCase(500u, 501L * Rate / 1_000)]
    [TestCase(999u, Rate)]
    [TestCase(0u, Rate)]
    [TestCase(2_000u, Rate)]
    public void What_the_edit_list_cuts_off_behind_is_cut_off(uint durationMs, long length)
    {
        var bytes = AacSample.Bytes();
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(bytes.AsSpan().IndexOf("elst"u8) + 12), durationMs);
        Assert.That(Mp4Track.Open(new PartialTrack(bytes), out _, default)!.LengthSamples, Is.EqualTo(length));
    }

    // Another list of items behind all that describes the tracks, which moves their frames.
    private static byte[] WithItem(byte[] file, string name, string value)
    {
        var item = Box("----", [.. Box("mean", [0, 0, 0, 0, .. "com.apple.iTunes"u8]), .. Box("name", [0, 0, 0, 0, .. Encoding.Latin1.GetBytes(name)]),
            .. Box("data", [0, 0, 0, 1, 0, 0, 0, 0, .. Encoding.Latin1.GetBytes(value)])]);
        var more = Box("udta", Box("meta", [0, 0, 0, 0, .. Box("ilst", item)]));
        "skip"u8.CopyTo(file.AsSpan(file.AsSpan().IndexOf("udta"u8)));
        var movie = file.AsSpan().IndexOf("moov"u8) - 4;
        var size = BinaryPrimitives.ReadInt32BigEndian(file.AsSpan(movie));
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(movie), size + more.Length);
        var first = file.AsSpan(file.AsSpan().IndexOf("stco"u8) + 12);
        BinaryPrimitives.WriteInt32BigEndian(first, BinaryPrimitives.ReadInt32BigEndian(first) + more.Length);
        return [.. file[..(movie + size)], .. more, .. file[(movie + size)..]];
    }

    private static byte[] Box(string name, byte[] content)
    {
        var head = new byte[8];
        BinaryPrimitives.WriteInt32BigEndian(head, 8 + content.Length);
        Encoding.Latin1.GetBytes(name, head.AsSpan(4));
        return [.. head, .. content];
    }

    [Test]
    public void It_plays_to_the_sample_wherever_it_is_entered_or_says_what_to_install(CancellationToken ct)
    {
        var probe = DecoderFactory.Probe(new PartialTrack(AacSample.Bytes()), ct);
        using var decoder = DecoderFactory.Open(new PartialTrack(AacSample.Bytes()), out var error, ct);
        if (FfmpegPipe.Find() is null)
        {
            Assert.That((probe.Error, probe.Advice), Is.EqualTo((AacDecoder.Missing, AacDecoder.Install)));
            Assert.That(error, Does.Contain("apt-get install ffmpeg"));
            return;
        }

        Assert.That(probe, Is.EqualTo(new TrackProbe(1_000_000, Rate, 1, null)));
        var whole = Decode(decoder!, 2 * Rate, ct);
        Assert.That(whole, Has.Length.EqualTo(2 * Rate));
        Assert.That(Decode(decoder!, 10, ct), Is.Empty);
        foreach (var frame in new[] { 15_000, 1, 22_040, 12_288 })
        {
            decoder!.SeekFrames(frame, ct);
            Assert.That(decoder.PositionFrames, Is.EqualTo(frame));
            var part = Decode(decoder, 500, ct);
            // Bands that the encoder has replaced by noise come out anew each time; a single sample beside its place would be 0.1 off.
            Assert.That(part.Zip(whole.Skip(2 * frame)).Max(p => Math.Abs(p.First - p.Second)), Is.LessThan(0.01f), $"from {frame}");
        }

        Assert.That(decoder!.Concealed, Is.Zero);
        AssertIsSweep(whole);
    }

    [TestCase(0)]
    [TestCase(300_000)]
    [TestCase(700_000)]
    [TestCase(5_000_000)]
    public void Who_opens_it_in_its_middle_needs_no_byte_before_and_hears_the_same(long fromUs, CancellationToken ct)
    {
        var bytes = AacSample.Bytes();
        if (FfmpegPipe.Find() is null)
        {
            Assert.That(DecoderFactory.Probe(new PartialTrack(bytes), ct).Advice, Is.EqualTo(AacDecoder.Install));
            return;
        }

        using var first = AacDecoder.Open(new PartialTrack(bytes), 0, out _, ct)!;
        var whole = Decode(first, 2 * Rate, ct);
        var from = Math.Min(Rate, fromUs * Rate / 1_000_000);
        // Ten frames until a decoder has settled, and the one in which the place lies.
        var frame = Math.Max(0, (int)((from + 1024) / 1024) - 10);
        var tables = Mp4Track.Open(new PartialTrack(bytes), out _, ct)!;
        var offset = tables.Offsets[Math.Min(frame, tables.Offsets.Length - 1)];
        var partial = new PartialTrack(bytes, isWhole: false);
        partial.Arrive(0, tables.Offsets[0]);
        partial.Arrive(offset, bytes.Length - offset);

        using var decoder = AacDecoder.Open(partial, fromUs, out var error, ct)!;
        Assert.That(error, Is.Null);
        Assert.That(decoder.PositionFrames, Is.InRange(frame == 0 ? 0 : from - 1024, from));
        decoder.SeekFrames(from, ct);
        var part = Decode(decoder, 500, ct);
        Assert.That(part, Has.Length.EqualTo(2 * Math.Min(500, Rate - from)));
        Assert.That(part.Zip(whole.Skip((int)(2 * from))).All(p => Math.Abs(p.First - p.Second) < 0.01f), Is.True);
        Assert.That((partial.Waits, decoder.Concealed), Is.EqualTo((new List<long>(), 0)));
    }

    [Test]
    public void Frames_that_cannot_be_decoded_are_silent_and_counted_and_what_follows_stays_in_its_place(CancellationToken ct)
    {
        var bytes = AacSample.Bytes();
        if (FfmpegPipe.Find() is null)
        {
            Assert.That(DecoderFactory.Probe(new PartialTrack(bytes), ct).Advice, Is.EqualTo(AacDecoder.Install));
            return;
        }

        using var sound = AacDecoder.Open(new PartialTrack(bytes), 0, out _, ct)!;
        var whole = Decode(sound, 2 * Rate, ct);
        var tables = Mp4Track.Open(new PartialTrack(bytes), out _, ct)!;
        foreach (var frame in (int[])[8, 9])
            bytes.AsSpan((int)tables.Offsets[frame], tables.Sizes[frame]).Fill(0xFF);
        using var decoder = AacDecoder.Open(new PartialTrack(bytes), 0, out var error, ct)!;
        Assert.That(error, Is.Null);
        var played = Decode(decoder, 2 * Rate, ct);
        Assert.That(played, Has.Length.EqualTo(whole.Length));
        Assert.That(decoder.IsCutOff, Is.False);
        // The frame after is heard without the half that overlaps with the one before; both lie 1,024 further on than the sound.
        Assert.That(Differ(0, 7 * 1024), Is.LessThan(0.01f), "before");
        Assert.That(Differ(10 * 1024, Rate), Is.LessThan(0.01f), "behind");
        decoder.SeekFrames(15_000, ct);
        Assert.That(Decode(decoder, 500, ct).Zip(whole.Skip(30_000)).Max(p => Math.Abs(p.First - p.Second)), Is.LessThan(0.01f), "sought");
        Assert.That(decoder.Concealed, Is.GreaterThanOrEqualTo(2));
        Assert.That(DecoderFactory.Probe(new PartialTrack(bytes), ct).DurationUs, Is.EqualTo(1_000_000));

        float Differ(int from, int to) => played[(2 * from)..(2 * to)].Zip(whole[(2 * from)..(2 * to)]).Max(p => Math.Abs(p.First - p.Second));
    }

    [Test]
    public void A_wait_that_is_cancelled_loses_nothing(CancellationToken ct)
    {
        if (FfmpegPipe.Find() is null)
        {
            Assert.That(DecoderFactory.Probe(new PartialTrack(AacSample.Bytes()), ct).Advice, Is.EqualTo(AacDecoder.Install));
            return;
        }

        using var decoder = DecoderFactory.Open(new PartialTrack(AacSample.Bytes()), out _, ct)!;
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        decoder.SeekFrames(9_000, ct);
        try
        {
            decoder.Read(new float[20_000], cancelled.Token);
            decoder.SeekFrames(9_000, ct);
        }
        catch (OperationCanceledException)
        {
            Assert.That(decoder.PositionFrames, Is.EqualTo(9_000));
        }

        using var other = DecoderFactory.Open(new PartialTrack(AacSample.Bytes()), out _, ct)!;
        other.SeekFrames(9_000, ct);
        Assert.That(Decode(decoder, 5_000, ct), Is.EqualTo(Decode(other, 5_000, ct)).Within(1e-5f));
    }

    [Test]
    public void Frames_without_a_container_are_named(CancellationToken ct)
    {
        var bytes = new byte[2_000];
        Adts.Write(bytes, new AacConfig(1, 4, 2), bytes.Length - Adts.HeaderBytes);
        var probe = DecoderFactory.Probe(new PartialTrack(bytes), ct);
        Assert.That((probe.Error, probe.Advice), Is.EqualTo(("it is AAC without a container", "this makes an M4A of it: ffmpeg -i FILE -c copy FILE.m4a")));
    }

    [Test]
    public void A_file_that_is_cut_off_is_named(CancellationToken ct)
    {
        var bytes = AacSample.Bytes();
        foreach (var share in new[] { 0.02, 0.3, 0.7, 0.98 })
        {
            var probe = DecoderFactory.Probe(new PartialTrack(bytes[..(int)(share * bytes.Length)]), ct);
            Assert.That(probe.Error, Does.Contain("cut off").Or.Contain("damaged"), $"at {share}");
        }
    }

    [Test]
    public void Tables_that_lie_never_throw_and_never_point_outside(CancellationToken ct)
    {
        var bytes = AacSample.Bytes();
        for (var at = 0; at < Math.Min(1_200, bytes.Length); at++)
        {
            foreach (var value in new byte[] { 0, 1, 0x7F, 0x80, 0xFF })
            {
                var broken = (byte[])bytes.Clone();
                broken[at] = value;
                if (Mp4Track.Open(new PartialTrack(broken), out _, ct) is { } track)
                    Assert.That(track.Offsets.Zip(track.Sizes).All(p => p.First >= 0 && p.Second > 0 && p.First + p.Second <= bytes.Length));
            }
        }
    }

    // The encoder is lossy at so few bits (0.92 at the right place); a sample beside it gives less than 0.88.
    private static void AssertIsSweep(float[] stereo)
    {
        double same = 0, energy = 0, both = 0;
        for (var i = 2_000; i < Rate - 2_000; i++)
        {
            var t = (double)i / Rate;
            var expected = 0.5 * Math.Sin(2 * Math.PI * (200 + 900 * t) * t);
            same += expected * stereo[2 * i];
            energy += expected * expected;
            both += stereo[2 * i] * stereo[2 * i];
        }

        Assert.That(same / Math.Sqrt(energy * both), Is.GreaterThan(0.9));
    }
}
