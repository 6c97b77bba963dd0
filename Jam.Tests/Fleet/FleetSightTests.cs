using Jam.Server.Contracts;
using Jam.Server.Fleet.Postgres;
using Jam.Server.Hosting;
using Jam.Tests.Fakes;
using NUnit.Framework;

namespace Jam.Tests.Fleet;

/// <summary>What a server makes of the database's answers, and of none.</summary>
internal sealed class FleetSightTests
{
    private const long LeaseUs = 2_000_000;

    private static readonly Guid _self = new("00000000-0000-0000-0000-000000000001");
    private static readonly TimeSpan _longUp = TimeSpan.FromDays(1);

    private readonly ManualTimeProvider _time = new(50_000_000);

    private static ServerRow Row(Guid id, double leftSec = 2) =>
        new(id, "ws://x:1", 0, 0, false, TimeSpan.FromSeconds(2 - leftSec), TimeSpan.FromSeconds(leftSec));

    [Test]
    public void A_database_that_was_away_for_long_gives_everyone_a_lease_of_time_to_come_back()
    {
        var sight = new FleetSight(_self, LeaseUs, _time);
        sight.Answered([Row(_self)], _longUp, _time.NowUs());
        Assert.That((sight.IsReachable, sight.Picture.TrustedFromUs), Is.EqualTo((true, 50_000_000L)));
        Assert.That((sight.NotAnswered(), sight.NotAnswered(), sight.IsReachable), Is.EqualTo((true, false, false)), "news once");
        _time.Advance(TimeSpan.FromMicroseconds(LeaseUs));
        Assert.That(sight.AbsentForSec, Is.EqualTo(2));
        sight.Answered([Row(_self)], _longUp, _time.NowUs());
        Assert.That((sight.AbsentForSec, sight.Picture.TrustedFromUs), Is.EqualTo(((double?)null, 52_000_000L + LeaseUs)));
    }

    [Test]
    public void An_answer_that_is_late_or_one_that_failed_in_between_holds_nobody_up()
    {
        var sight = new FleetSight(_self, LeaseUs, _time);
        sight.Answered([Row(_self)], _longUp, _time.NowUs());
        _time.Advance(TimeSpan.FromMicroseconds(3 * LeaseUs));
        sight.Answered([Row(_self)], _longUp, _time.NowUs());
        sight.NotAnswered();
        _time.Advance(TimeSpan.FromMicroseconds(LeaseUs / 4));
        sight.Answered([Row(_self)], _longUp, _time.NowUs());
        Assert.That(sight.Picture.TrustedFromUs, Is.LessThan(_time.NowUs()));
    }

    [Test]
    public void A_database_that_has_just_started_gives_everyone_a_lease_of_time_too()
    {
        var sight = new FleetSight(_self, LeaseUs, _time);
        sight.Answered([Row(_self)], TimeSpan.FromSeconds(0.5), _time.NowUs());
        Assert.That(sight.Picture.TrustedFromUs, Is.EqualTo(50_000_000 + LeaseUs - 500_000));
    }

    [Test]
    public async Task Only_those_who_wait_for_a_room_hear_of_its_claim()
    {
        var sight = new FleetSight(_self, LeaseUs, _time);
        var (jam, other) = (sight.ClaimOf("jam"), sight.ClaimOf("other"));
        sight.Claimed("jam");
        await jam;
        Assert.That((other.IsCompleted, sight.ClaimOf("jam").IsCompleted), Is.EqualTo((false, false)));
        sight.NotAnswered();
        await other;
    }

    [Test]
    public void Servers_that_come_and_go_are_news_and_those_that_stay_are_not()
    {
        var (sight, other) = (new FleetSight(_self, LeaseUs, _time), Guid.NewGuid());
        Assert.That(sight.Answered([Row(_self)], _longUp, _time.NowUs()), Is.True);
        Assert.That(sight.Answered([Row(_self)], _longUp, _time.NowUs()), Is.False);
        Assert.That(sight.Answered([Row(_self), Row(other)], _longUp, _time.NowUs()), Is.True);
        Assert.That(sight.Answered([Row(_self), Row(other, -0.1)], _longUp, _time.NowUs()), Is.True);
    }
}
