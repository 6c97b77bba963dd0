using Jam.Peer.Audio;
using Jam.Peer.Audio.Mp3;
using Jam.Peer.Playback;
using Jam.Peer.Session;
using NUnit.Framework;

namespace Jam.Tests.Audio;

public sealed class IndexedTrackTests
{
    [Test]
    public void With_an_index_a_frame_of_variable_bitrate_is_found_without_what_lies_before_it()
    {
        var bytes = Mp3Bytes.Variable(2_000);
        var index = IndexOf(bytes);
        var counted = Mp3Stream.Open(new PartialTrack(bytes), out _, default)!;
        foreach (var frame in new[] { 1_999, 0, 15, 16, 1_000, 733 })
        {
            var place = counted.OffsetOf(frame, default);
            var track = new PartialTrack(bytes, isWhole: false);
            track.Arrive(Math.Max(0, place - 17 * 1_044), bytes.Length - Math.Max(0, place - 17 * 1_044));
            Assert.That(Mp3Stream.Open(track, index)!.OffsetOf(frame, default), Is.EqualTo(place), $"frame {frame}");
            Assert.That(track.Waits, Is.Empty);
        }
    }

    [Test]
    public void A_joiner_hears_the_exact_samples_without_the_first_bytes()
    {
        var bytes = SampleTrack.Bytes();
        var index = IndexOf(bytes);
        using var whole = DecoderFactory.Open(new PartialTrack(bytes), out _, default)!;
        whole.SeekFrames(900_000, default);
        var expected = new float[2 * 44_100];
        whole.Read(expected, default);

        var track = new PartialTrack(bytes, isWhole: false);
        track.Arrive(300_000, bytes.Length - 300_000);
        using var decoder = DecoderFactory.Open(track, index, Decoders.Of(DecoderKind.Auto), 0, out _, default)!;
        Assert.That(decoder.LengthFrames, Is.EqualTo(whole.LengthFrames));
        decoder.SeekFrames(900_000, default);
        var got = new float[expected.Length];
        Assert.That(decoder.Read(got, default), Is.EqualTo(44_100));
        Assert.That(got, Is.EqualTo(expected).Within(1e-4f));
        Assert.That(track.Waits, Is.Empty);
    }

    [Test]
    public void An_index_that_comes_later_serves_the_next_seek()
    {
        var bytes = Mp3Bytes.Variable(2_000);
        var track = new PartialTrack(bytes, isWhole: false);
        track.Arrive(0, 20_000);
        using var decoder = DecoderFactory.Open(track, out _, default)!;
        Assert.That(() => decoder.SeekFrames(1_500 * 1_152, default), Throws.InstanceOf<OperationCanceledException>());
        decoder.UseIndex(IndexOf(bytes));
        track.Arrive(bytes.Length / 2, bytes.Length - bytes.Length / 2);
        decoder.SeekFrames(1_500 * 1_152, default);
        Assert.That(decoder.PositionFrames, Is.EqualTo(1_500 * 1_152));
        Assert.That(decoder.Read(new float[2_000], default), Is.EqualTo(1_000));
    }

    [Test]
    public void An_index_of_another_track_is_given_up_for_counting()
    {
        var bytes = Mp3Bytes.Variable(2_000, seed: 1);
        var other = IndexOf(Mp3Bytes.Variable(2_000, seed: 2));
        var stream = Mp3Stream.Open(new PartialTrack(bytes), other)!;
        Assert.That(
            stream.OffsetOf(1_234, default),
            Is.EqualTo(Mp3Stream.Open(new PartialTrack(bytes), out _, default)!.OffsetOf(1_234, default)));
    }

    [Test]
    public void The_index_takes_three_bytes_per_sixteen_frames_at_most()
    {
        var index = IndexOf(Mp3Bytes.Variable(4_000));
        Assert.That(index.ToBytes(), Has.Length.LessThan(4_000 / 16 * 3 + 40));
    }

    private static Mp3Index IndexOf(byte[] bytes)
    {
        var index = DecoderFactory.Probe(new PartialTrack(bytes)).Index;
        Assert.That(index, Is.Not.Null);
        return (Mp3Index)TrackIndex.TryParse(index!.ToBytes(), bytes.Length, out _)!;
    }
}
