using Jam.Peer.Playback;
using NUnit.Framework;

namespace Jam.Tests.Playback;

public sealed class FrameRingTests
{
    private readonly float[] _left = new float[8];
    private readonly float[] _right = new float[8];

    [Test]
    public void Frames_come_back_by_their_place_in_the_track()
    {
        var ring = Filled(100, 16, 12);
        Assert.That(ring.TryRead(103, _left, _right), Is.True);
        Assert.That(_left, Is.EqualTo(Enumerable.Range(103, 8).Select(i => (float)i)));
        Assert.That(_right, Is.EqualTo(Enumerable.Range(103, 8).Select(i => -(float)i)));
    }

    [TestCase(99)]
    [TestCase(105)]
    public void Frames_that_are_not_here_cannot_be_read(long first) =>
        Assert.That(Filled(100, 16, 12).TryRead(first, _left, _right), Is.False);

    [Test]
    public void Nothing_is_overwritten_that_was_not_released()
    {
        var ring = Filled(0, 16, 12);
        Assert.That(ring.Space, Is.EqualTo(4));
        Assert.That(() => Append(ring, 5), Throws.InstanceOf<ArgumentOutOfRangeException>());
        ring.Release(6);
        Assert.That(ring.Space, Is.EqualTo(10));
        Append(ring, 10);
        Assert.That(ring.Start, Is.EqualTo(6));
        Assert.That(ring.TryRead(5, _left, _right), Is.False);
        Assert.That(ring.TryRead(14, _left, _right), Is.True);
        Assert.That(_left[7], Is.EqualTo(21));
    }

    [Test]
    public void Before_the_track_and_after_its_known_end_is_silence()
    {
        var ring = Filled(0, 16, 4);
        Assert.That(ring.TryRead(-2, _left, _right), Is.False, "the end is not known yet");
        ring.Complete();
        Assert.That(ring.TryRead(-2, _left, _right), Is.True);
        Assert.That(_left, Is.EqualTo(new float[] { 0, 0, 0, 1, 2, 3, 0, 0 }));
    }

    [Test]
    public void A_release_beyond_what_is_here_does_not_make_room_that_is_not_there()
    {
        var ring = Filled(0, 16, 4);
        ring.Release(1_000);
        Assert.That(ring.Space, Is.EqualTo(16));
    }

    [Test]
    public void A_capacity_that_is_no_power_of_two_is_refused() =>
        Assert.That(() => new FrameRing(100, 0), Throws.InstanceOf<ArgumentOutOfRangeException>());

    private static FrameRing Filled(long first, int capacity, int frames)
    {
        var ring = new FrameRing(capacity, first);
        Append(ring, frames);
        return ring;
    }

    private static void Append(FrameRing ring, int frames)
    {
        var end = ring.End;
        ring.Append([.. Enumerable.Range(0, frames).SelectMany(i => new float[] { end + i, -(end + i) })]);
    }
}
