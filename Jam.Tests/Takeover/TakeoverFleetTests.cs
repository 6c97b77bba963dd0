using Jam.Peer.Takeover;
using Jam.Server.Contracts;
using NUnit.Framework;

namespace Jam.Tests.Takeover;

/// <summary>A room's server that is one of several says where else the room may be looked for.</summary>
internal sealed class TakeoverFleetTests
{
    private const string One = "ws://10.0.0.1:8000/ws/jam";
    private const string Two = "ws://10.0.0.2:8000/ws/jam";
    private const string Three = "ws://10.0.0.3:8000/ws/jam";
    private const string Name = "ws://jam.example/ws/jam";

    private static readonly Guid _first = new("11111111-1111-1111-1111-111111111111");
    private static readonly Guid _second = new("22222222-2222-2222-2222-222222222222");
    private static readonly Candidate[] _room = [new("me", false, false, false, 3)];

    private static TakeoverCore Connected()
    {
        var core = new TakeoverCore { Self = "me" };
        core.Advertise([Name]);
        core.Connected(new AuthorityRank(1, _first), Name);
        core.TakeEffects();
        return core;
    }

    [Test]
    public void What_the_own_authority_says_of_its_fleet_is_where_to_look_right_after_the_address_in_use()
    {
        var core = Connected();
        core.Answered(Name, new Rendezvous(1, _first, [One, Two]), 0);
        Assert.That(core.TakeEffects().OfType<TryThese>().Single().Urls, Is.EqualTo(new[] { Name, One, Two }));
        core.Answered(Name, new Rendezvous(1, _first, [One, Three]), 1);
        Assert.That(core.TakeEffects().OfType<TryThese>().Single().Urls, Is.EqualTo(new[] { Name, One, Three, Two }), "the newest word first");
    }

    [Test]
    public void However_often_servers_come_and_go_the_newest_have_a_place()
    {
        var core = Connected();
        for (var n = 0; n < 30; n++)
            core.Answered(Name, new Rendezvous(1, _first, [$"ws://10.0.1.{n}:1/ws/jam", $"ws://10.0.2.{n}:1/ws/jam"]), n);
        var urls = core.TakeEffects().OfType<TryThese>().Last().Urls;
        Assert.That(urls.Take(3), Is.EqualTo(new[] { Name, "ws://10.0.1.29:1/ws/jam", "ws://10.0.2.29:1/ws/jam" }));
        Assert.That(urls, Has.Count.EqualTo(Limits.MaxUrls));
    }

    [Test]
    public void Nobody_but_the_server_in_use_may_say_so()
    {
        var core = Connected();
        core.Answered("ws://10.9.9.9:1/ws/jam", new Rendezvous(1, _first, [Three]), 0);
        Assert.That(core.TakeEffects().OfType<TryThese>(), Is.Empty);
    }

    [Test]
    public void A_room_that_is_handed_on_is_looked_for_at_once()
    {
        var core = Connected();
        core.Answered(Name, new Rendezvous(2, _second, [Two, One]), 0);
        var move = core.TakeEffects().OfType<MoveTo>().Single();
        Assert.That((move.Rank, move.ComesHome, move.Urls[0]), Is.EqualTo((new AuthorityRank(2, _second), false, Two)));
    }

    [Test]
    public void No_server_of_its_own_is_started_while_the_fleet_takes_three_seconds()
    {
        var core = Connected();
        core.Answered(Name, new Rendezvous(1, _first, [One, Two]), 0);
        core.Lost(0);
        core.Tick(3_000_000, _room);
        Assert.That(core.TakeEffects().OfType<StartServer>(), Is.Empty);
        core.Connected(new AuthorityRank(2, _second), Two);
        core.Tick(60_000_000, _room);
        Assert.That(core.TakeEffects().OfType<StartServer>(), Is.Empty);
    }
}
