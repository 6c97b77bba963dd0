using Jam.Peer.Audio.Mp3;
using NUnit.Framework;

namespace Jam.Tests.Audio;

public sealed class Mp3StreamTests
{
    [TestCase(128, false, 417)]
    [TestCase(128, true, 418)]
    [TestCase(320, false, 1044)]
    [TestCase(32, false, 104)]
    public void A_header_says_how_long_its_frame_is(int kbps, bool isPadded, int bytes)
    {
        Assert.That(Mp3Header.TryParse(Mp3Bytes.Frame(kbps, isPadded), out var header), Is.True);
        Assert.That(header.FrameBytes, Is.EqualTo(bytes));
        Assert.That(header.Samples, Is.EqualTo(1152));
        Assert.That(header.SampleRate, Is.EqualTo(44_100));
    }

    [Test]
    public void No_header_whatever_its_bits_announces_more_than_the_longest_frame_or_less_than_itself()
    {
        var parsed = 0;
        Span<byte> bytes = [0xFF, 0, 0, 0];
        for (var bits = 0; bits < 1 << 16; bits++)
        {
            (bytes[1], bytes[2]) = ((byte)(bits >> 8), (byte)bits);
            if (!Mp3Header.TryParse(bytes, out var header))
                continue;
            parsed++;
            Assert.That(header.FrameBytes, Is.InRange(Mp3Header.Size + 1, Mp3Header.MaxFrameBytes));
        }
        Assert.That(parsed, Is.GreaterThan(1_000));
    }

    [Test]
    public void The_tag_of_the_encoder_gives_count_and_padding()
    {
        var stream = Open(Mp3Bytes.Constant(50));
        Assert.That(stream.Tag, Is.EqualTo(new Mp3InfoTag(true, 50, 417 + Mp3Bytes.ConstantFrames(50).Length, 576, 1000)));
        Assert.That(stream.FirstOffset, Is.EqualTo(417));
        Assert.That(stream.IsConstantBitrate, Is.True);
    }

    [Test]
    public void A_tag_that_its_own_figures_contradict_is_not_trusted_for_places()
    {
        byte[] bytes = [.. Mp3Bytes.Tag("Info", 50, 90_000, 576, 1000), .. Mp3Bytes.ConstantFrames(50)];
        Assert.That(Open(bytes).IsConstantBitrate, Is.False);
    }

    [Test]
    public void In_a_file_of_constant_bitrate_a_frame_is_found_without_what_lies_before_it()
    {
        var bytes = Mp3Bytes.Constant(1_000);
        var places = Places(bytes);
        var track = new PartialTrack(bytes);
        var stream = Mp3Stream.Open(track, out _, default)!;
        foreach (var frame in new[] { 999, 100, 500, 731 })
        {
            track.Asked = (long.MaxValue, -1);
            Assert.That(stream.OffsetOf(frame, default), Is.EqualTo(places[frame]), $"frame {frame}");
            Assert.That(track.Asked.Low, Is.GreaterThan(places[frame] - 500));
        }
    }

    [Test]
    public void In_a_file_of_variable_bitrate_every_frame_is_found_by_counting()
    {
        var bytes = Mp3Bytes.Variable(500);
        var places = Places(bytes);
        var stream = Open(bytes);
        Assert.That(stream.IsConstantBitrate, Is.False);
        foreach (var frame in new[] { 499, 3, 250, 16, 15, 17, 0 })
            Assert.That(stream.OffsetOf(frame, default), Is.EqualTo(places[frame]), $"frame {frame}");
        Assert.That(stream.OffsetOf(500, default), Is.EqualTo(bytes.Length));
        Assert.That(stream.OffsetOf(501, default), Is.EqualTo(-1));
    }

    [Test]
    public void Counting_that_was_cut_off_for_lack_of_bytes_goes_on_where_it_stood()
    {
        var bytes = Mp3Bytes.Variable(300);
        var track = new PartialTrack(bytes, isWhole: false);
        track.Arrive(0, 60_000);
        var stream = Mp3Stream.Open(track, out _, default)!;
        Assert.That(() => stream.OffsetOf(299, default), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(track.Waits, Is.EqualTo(new[] { 60_000L }), "what lacks is what is waited for");
        track.Arrive(60_000, bytes.Length - 60_000);
        track.Asked = (long.MaxValue, -1);
        Assert.That(stream.OffsetOf(299, default), Is.EqualTo(Places(bytes)[299]));
        Assert.That(track.Asked.Low, Is.GreaterThan(50_000));
    }

    [Test]
    public void Opening_needs_the_first_frames_only()
    {
        var bytes = Mp3Bytes.Constant(500);
        var track = new PartialTrack(bytes, isWhole: false);
        track.Arrive(0, 8_192);
        Assert.That(Mp3Stream.Open(track, out _, default), Is.Not.Null);
        Assert.That(track.Waits, Is.Empty);
    }

    [Test]
    public void A_picture_full_of_frames_is_skipped_not_searched()
    {
        byte[] bytes = [.. Mp3Bytes.Id3(500_000), .. Mp3Bytes.Constant(50)];
        var track = new PartialTrack(bytes, isWhole: false);
        track.Arrive(0, 10);
        track.Arrive(500_010, bytes.Length - 500_010);
        Assert.That(Mp3Stream.Open(track, out _, default)!.FirstOffset, Is.EqualTo(500_010 + 417));
    }

    [Test]
    public void Garbage_between_frames_is_passed_over()
    {
        var sound = Mp3Bytes.ConstantFrames(40);
        byte[] bytes = [.. sound, .. Mp3Bytes.Garbage(5_000), .. sound];
        var stream = Open(bytes);
        Assert.That(stream.OffsetOf(40, default), Is.EqualTo(sound.Length), "where it is looked for");
        Assert.That(stream.TryRead(sound.Length, out var found, out var frame, default), Is.True);
        Assert.That(found, Is.EqualTo(sound.Length + 5_000));
        Assert.That(frame.Length, Is.EqualTo(417));
        Assert.That(stream.CountAll(default), Is.EqualTo(80));
    }

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(3)]
    [TestCase(416)]
    public void A_frame_that_is_cut_short_does_not_count(int rest)
    {
        byte[] bytes = [.. Mp3Bytes.ConstantFrames(10), .. Mp3Bytes.Frame().AsSpan(0, rest)];
        Assert.That(Open(bytes).CountAll(default), Is.EqualTo(10));
    }

    [Test]
    public void Bytes_may_come_one_by_one()
    {
        var bytes = Mp3Bytes.Variable(60);
        var stream = Mp3Stream.Open(new PartialTrack(bytes) { MostPerRead = 1 }, out _, default)!;
        Assert.That(stream.CountAll(default), Is.EqualTo(60));
    }

    private static Mp3Stream Open(byte[] bytes) => Mp3Stream.Open(new PartialTrack(bytes), out _, default)!;

    /// <summary>Where each frame of sound begins, by walking.</summary>
    private static List<long> Places(byte[] bytes)
    {
        var places = new List<long>();
        for (var at = 417; at < bytes.Length;)
        {
            Assert.That(Mp3Header.TryParse(bytes.AsSpan(at), out var header), Is.True);
            places.Add(at);
            at += header.FrameBytes;
        }
        return places;
    }
}
