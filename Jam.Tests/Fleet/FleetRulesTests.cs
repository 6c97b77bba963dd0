using Jam.Server.Fleet;
using Jam.Server.Fleet.Postgres;
using NUnit.Framework;

namespace Jam.Tests.Fleet;

/// <summary>Who keeps which room, row by row: no database, no clock.</summary>
internal sealed class FleetRulesTests
{
    private const long LeaseUs = 2_000_000;
    private const long NowUs = 100_000_000;

    private static readonly Guid _self = new("00000000-0000-0000-0000-000000000001");
    private static readonly Guid _other = new("00000000-0000-0000-0000-000000000002");
    private static readonly Guid _third = new("00000000-0000-0000-0000-000000000003");

    private static ServerEntry Server(Guid id, int rooms = 0, int members = 0, bool drains = false, long seenAgoUs = 100_000) =>
        new(id, $"ws://{id.ToString()[^1]}:1", rooms, members, drains, NowUs - seenAgoUs, NowUs - seenAgoUs + LeaseUs);

    private static FleetPicture Fleet(params ServerEntry[] servers) => new(_self, servers, 0);

    private static Ruling Decide(FleetPicture fleet, RoomEntry? room, Guid? resumesFrom = null, long askedAgoUs = 0, int most = 100) =>
        FleetRules.Decide(fleet, room, new Asker("jam", resumesFrom, NowUs - askedAgoUs), most, LeaseUs, NowUs);

    private static RoomEntry Owned(Guid? by) => new("jam", by, 3);

    [Test]
    public void A_room_whose_row_names_this_server_is_taken_up() =>
        Assert.That(Decide(Fleet(Server(_self), Server(_other)), Owned(_self)), Is.EqualTo(new TakeUp()));

    [Test]
    public void Who_asks_for_a_living_servers_room_is_sent_there() =>
        Assert.That(Decide(Fleet(Server(_self), Server(_other)), Owned(_other)), Is.EqualTo(new SendTo(Server(_other))));

    [TestCase(0)]
    [TestCase(60)]
    public void A_new_room_goes_to_the_least_loaded(int rooms)
    {
        var ruling = Decide(Fleet(Server(_self, rooms), Server(_other, 20), Server(_third, 30)), null);
        Assert.That(ruling, Is.EqualTo(new ClaimFor(rooms == 0 ? _self : _other)));
    }

    [Test]
    public void A_little_more_than_another_bears_is_not_worth_a_hop() =>
        Assert.That(Decide(Fleet(Server(_self, 4), Server(_other)), null), Is.EqualTo(new ClaimFor(_self)));

    [Test]
    public void A_dead_servers_room_stays_where_its_members_turn_first() =>
        Assert.That(Decide(Fleet(Server(_self, 60), Server(_other, seenAgoUs: LeaseUs + 1), Server(_third)), Owned(_other)), Is.EqualTo(new ClaimFor(_self)));

    [Test]
    public void So_does_the_room_of_a_server_of_which_nothing_is_known_any_more() =>
        Assert.That(Decide(Fleet(Server(_self, 60), Server(_third)), Owned(_other)), Is.EqualTo(new ClaimFor(_self)));

    [Test]
    public void A_room_that_was_given_up_in_good_order_goes_to_the_least_loaded() =>
        Assert.That(Decide(Fleet(Server(_self, 60), Server(_third)), Owned(null)), Is.EqualTo(new ClaimFor(_third)));

    [Test]
    public void A_lease_that_ends_at_this_very_moment_has_ended() =>
        Assert.That(Decide(Fleet(Server(_self), Server(_other, seenAgoUs: LeaseUs)), Owned(_other)), Is.EqualTo(new ClaimFor(_self)));

    [Test]
    public void Nobody_is_sent_to_a_server_that_has_missed_a_renewal()
    {
        var limit = FleetRules.OverdueUs(LeaseUs);
        Assert.That(Decide(Fleet(Server(_self), Server(_other, seenAgoUs: limit)), Owned(_other)), Is.InstanceOf<SendTo>());
        Assert.That(Decide(Fleet(Server(_self), Server(_other, seenAgoUs: limit + 1)), Owned(_other)), Is.EqualTo(new WaitUntil(NowUs - limit - 1 + LeaseUs)));
    }

    [Test]
    public void Who_has_just_lost_a_server_waits_for_its_next_sign_of_life_or_its_end()
    {
        var fleet = Fleet(Server(_self), Server(_other, seenAgoUs: 300_000));
        Assert.That(Decide(fleet, Owned(_other), resumesFrom: _other, askedAgoUs: 200_000), Is.InstanceOf<WaitUntil>());
        Assert.That(Decide(fleet, Owned(_other), resumesFrom: _other, askedAgoUs: 400_000), Is.InstanceOf<SendTo>(), "it has renewed its lease since");
        Assert.That(Decide(fleet, Owned(_other), resumesFrom: _third, askedAgoUs: 200_000), Is.InstanceOf<SendTo>(), "that was another");
    }

    [Test]
    public void After_a_gap_in_which_nobody_could_renew_a_lease_nobody_is_dead_yet()
    {
        var fleet = Fleet(Server(_self), Server(_other, seenAgoUs: LeaseUs * 3)) with { TrustedFromUs = NowUs + 5 };
        Assert.That(Decide(fleet, Owned(_other)), Is.EqualTo(new WaitUntil(NowUs + 5)));
        Assert.That(Decide(fleet with { TrustedFromUs = NowUs }, Owned(_other)), Is.EqualTo(new ClaimFor(_self)));
        Assert.That(Decide(fleet, null), Is.EqualTo(new ClaimFor(_self)), "a room that nobody had");
    }

    [Test]
    public void A_draining_or_full_server_takes_no_room()
    {
        Assert.That(Decide(Fleet(Server(_self, drains: true), Server(_other, 50)), null), Is.EqualTo(new ClaimFor(_other)));
        Assert.That(Decide(Fleet(Server(_self, 100), Server(_other, 99)), null), Is.EqualTo(new ClaimFor(_other)));
        Assert.That(Decide(Fleet(Server(_self, 100), Server(_other, 100)), null), Is.EqualTo(new NoPlace()));
    }

    [Test]
    public void A_server_that_is_late_with_its_own_renewal_waits_for_that() =>
        Assert.That(Decide(Fleet(Server(_self, seenAgoUs: LeaseUs), Server(_other)), null), Is.EqualTo(new WaitUntil(NowUs + (LeaseUs / 8))));

    [Test]
    public void The_heirs_of_a_server_that_ends_share_its_rooms()
    {
        var fleet = Fleet(Server(_self, 10, drains: true), Server(_other, 4), Server(_third, 2));
        var given = new Dictionary<Guid, int>();
        var heirs = new List<Guid>();
        for (var i = 0; i < 4; i++)
        {
            heirs.Add(FleetRules.Heir(fleet, given, NowUs)!.Id);
            given[heirs[^1]] = given.GetValueOrDefault(heirs[^1]) + 1;
        }

        Assert.That(heirs, Is.EqualTo(new[] { _third, _third, _other, _third }));
        Assert.That(FleetRules.Heir(Fleet(Server(_self), Server(_other, drains: true)), given, NowUs), Is.Null);
    }

    [Test]
    public void Who_let_its_lease_end_a_moment_ago_is_no_heir_and_may_be_one_again_unless_it_ends_itself()
    {
        var late = Server(_other, seenAgoUs: LeaseUs + 1);
        Assert.That(FleetRules.Heir(Fleet(Server(_self), late), new Dictionary<Guid, int>(), NowUs), Is.Null);
        Assert.That(FleetRules.HasHeirs(Fleet(Server(_self), late)), Is.True);
        Assert.That(FleetRules.HasHeirs(Fleet(Server(_self), late with { IsDraining = true })), Is.False);
    }

    [Test]
    public void A_rooms_addresses_begin_with_its_owner_and_go_on_in_an_order_of_its_own()
    {
        ServerEntry[] servers = [.. Enumerable.Range(1, 5).Select(n => Server(new Guid(n, 0, 0, new byte[8])) with { Url = $"ws://s{n}:8000" })];
        var fleet = new FleetPicture(servers[0].Id, [.. servers[..4], servers[4] with { LeaseUntilUs = NowUs }], 0);
        var seconds = new List<string>();
        foreach (var room in Enumerable.Range(0, 60).Select(n => $"room{n}"))
        {
            var urls = FleetRules.UrlsOf(fleet, room, servers[1].Id, NowUs);
            Assert.That(urls, Has.Count.EqualTo(4), "the dead one is not among them");
            Assert.That(urls[0], Is.EqualTo($"ws://s2:8000/ws/{room}"));
            seconds.Add(urls[1].Split('/')[2]);
        }

        Assert.That(seconds.GroupBy(s => s).Select(g => g.Count()), Has.Exactly(3).InRange(10, 30));
    }

    [TestCase("ws://jam.example:8000", ExpectedResult = "ws://jam.example:8000")]
    [TestCase("wss://jam.example/", ExpectedResult = "wss://jam.example")]
    [TestCase("ws://[2001:db8::1]:9", ExpectedResult = "ws://[2001:db8::1]:9")]
    [TestCase("http://jam.example", ExpectedResult = null)]
    [TestCase("ws://jam.example/ws/room", ExpectedResult = null)]
    [TestCase("ws://ana:secret@jam.example", ExpectedResult = null)]
    [TestCase("jam.example:8000", ExpectedResult = null)]
    public string? A_servers_url_is_scheme_host_and_port(string text) => FleetUrl.Parse(text);

    [TestCase("Host=db;Database=jam;Username=ana;Password=hush hush", "db:5432/jam")]
    [TestCase("postgres://ana:hush%20hush@db:6000/jam?sslmode=verify-full", "db:6000/jam")]
    [TestCase("postgresql://ana:hush%20hush@[::1]/jam", "::1:5432/jam")]
    public void Either_way_of_naming_a_database_is_read_and_no_password_is_in_its_name(string text, string name)
    {
        var address = PostgresAddress.Parse(text);
        Assert.That(address.ToString(), Is.EqualTo(name));
        Assert.That(address.ConnectionString, Does.Contain("hush hush").And.Contain("Username=ana"));
    }

    [TestCase("")]
    [TestCase("hush")]
    [TestCase("Hots=hush")]
    [TestCase("postgres://")]
    public void A_database_that_cannot_be_read_is_refused_without_repeating_it(string text) =>
        Assert.That(() => PostgresAddress.Parse(text), Throws.InstanceOf<FormatException>().With.Message.Not.Contains("hush"));
}
