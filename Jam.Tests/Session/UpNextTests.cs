using Jam.Peer.Session;
using Jam.Server.Contracts;
using NUnit.Framework;

namespace Jam.Tests.Session;

/// <summary>A member knows what follows without being told with each track.</summary>
internal sealed class UpNextTests
{
    private static readonly TrackInfo[] List = [Track(1), Track(2), Track(3, TrackKind.Data), Track(4)];

    private static TrackInfo Track(int n, TrackKind kind = TrackKind.Audio) => new(n.ToString("x64"), $"{n}.mp3", 5, 1024, kind);

    [TestCase(1, Repeat.Off, 2)]
    [TestCase(2, Repeat.Off, 4)]
    [TestCase(3, Repeat.Off, 4)]
    [TestCase(4, Repeat.Off, null)]
    [TestCase(4, Repeat.All, 1)]
    [TestCase(2, Repeat.One, 2)]
    [TestCase(null, Repeat.Off, 1)]
    [TestCase(9, Repeat.Off, 1)]
    public void In_the_lists_own_order_it_follows_from_the_list_whatever_was_told_last(int? now, Repeat repeat, int? next)
    {
        var room = new RoomState { Queue = List, Repeat = repeat, Track = now is { } n ? Track(n) : null, NextTrackId = Track(1).TrackId };
        Assert.That(UpNext.Of(room), Is.EqualTo(next?.ToString("x64")));
    }

    [Test]
    public void In_another_order_it_is_what_the_authority_said_last()
    {
        var room = new RoomState { Queue = List, IsShuffled = true, Track = Track(1), NextTrackId = Track(4).TrackId };
        Assert.That(UpNext.Of(room), Is.EqualTo(Track(4).TrackId));
        Assert.That(UpNext.Of(room with { Repeat = Repeat.One }), Is.EqualTo(Track(1).TrackId));
    }

    [TestCase(1, Repeat.Off, new[] { 2 })]
    [TestCase(2, Repeat.Off, new[] { 4, 1 })]
    [TestCase(4, Repeat.Off, new[] { 3 })]
    [TestCase(4, Repeat.All, new[] { 1, 3 })]
    [TestCase(null, Repeat.Off, new[] { 1 })]
    public void Around_a_track_stand_what_follows_it_and_what_comes_before_it(int? now, Repeat repeat, int[] around)
    {
        var room = new RoomState { Queue = List, Repeat = repeat, Track = now is { } n ? Track(n) : null };
        Assert.That(UpNext.Around(room).Select(track => track.Name), Is.EqualTo(around.Select(n => $"{n}.mp3")));
    }
}
