using Jam.Peer.Clock;
using Jam.Peer.Session;
using Jam.Server.Contracts;
using NUnit.Framework;

namespace Jam.Tests.Session;

/// <summary>What the swarm is told of where the room is.</summary>
internal sealed class PlayheadFeedTests
{
    private const long NowUs = 50_000_000;

    private static readonly Guid _clock = new("00000000-0000-0000-0000-000000000001");

    private static Timeline Record(PlaybackStatus status, long atUs = 7_000_000) => new(1, 1, _clock, status, "t", atUs, 3_000_000);

    private static RoomClockSnapshot Clock(bool isReady) => new(_clock, NowUs, -40_000_000, 0, 10, 100, isReady);

    [Test]
    public void Where_a_room_stands_still_is_known_without_its_clock_and_where_it_plays_is_not()
    {
        Assert.That(PlayheadFeed.Stand(Record(PlaybackStatus.Pause), Clock(false), NowUs), Is.EqualTo((3_000_000L, NowUs, 0.0)));
        Assert.That(PlayheadFeed.Stand(Record(PlaybackStatus.Play), Clock(false), NowUs), Is.Null);
    }

    [Test]
    public void What_plays_is_told_from_now_on_and_what_will_from_when_it_does()
    {
        Assert.That(PlayheadFeed.Stand(Record(PlaybackStatus.Play), Clock(true), NowUs), Is.EqualTo((6_000_000L, NowUs, -40_000_000.0)));
        Assert.That(PlayheadFeed.Stand(Record(PlaybackStatus.Play, 11_000_000), Clock(true), NowUs), Is.EqualTo((3_000_000L, NowUs + 1_000_000, -40_000_000.0)));
    }
}
