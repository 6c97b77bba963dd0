using System.Net;
using Jam.Server.Doors;
using Jam.Tests.Fakes;
using NUnit.Framework;

namespace Jam.Tests.Doors;

[TestFixture]
internal sealed class AddressLimitTests
{
    private static readonly AddressLimits Small = new() { Connections = 2, JoinsPerSecond = 1, JoinBurst = 3, MessagesPerSecond = 10, BytesPerSecond = 1000, RequestsPerSecond = 1 };
    private readonly ManualTimeProvider _time = new();

    [Test]
    public void An_address_has_so_many_connections_and_gets_them_back()
    {
        var account = new AddressBook(Small, _time).Of("192.0.2.1");
        Assert.That(new[] { account.TryConnect(), account.TryConnect(), account.TryConnect() }, Is.EqualTo(new[] { true, true, false }));
        account.Disconnect();
        Assert.That(account.TryConnect(), Is.True);
    }

    [Test]
    public void One_address_has_nothing_to_do_with_another_but_a_network_of_version_6_is_one()
    {
        var book = new AddressBook(Small, _time);
        Assert.That(book.Of("192.0.2.1"), Is.Not.SameAs(book.Of("192.0.2.2")));
        Assert.That(book.Of("2001:db8::1"), Is.SameAs(book.Of("2001:db8::2")));
    }

    [Test]
    public void Joins_messages_bytes_and_requests_run_out_and_come_back()
    {
        var account = new AddressBook(Small, _time).Of("192.0.2.1");
        Assert.That(Enumerable.Range(0, 4).Select(_ => account.TryJoin()), Is.EqualTo(new[] { true, true, true, false }));
        Assert.That(Enumerable.Range(0, 41).Count(_ => account.TryTakeMessage(1)), Is.EqualTo(40));
        Assert.That(Enumerable.Range(0, 30).Count(_ => account.TryRequest()), Is.EqualTo(20));
        _time.Advance(TimeSpan.FromSeconds(4));
        Assert.That((account.TryJoin(), account.TryTakeMessage(4000), account.TryTakeMessage(4000)), Is.EqualTo((true, true, false)));
    }

    [Test]
    public void The_usual_limits_let_three_hundred_listeners_behind_one_address_in()
    {
        var account = new AddressBook(new AddressLimits(), _time).Of("192.0.2.1");
        // A page and a peer each, at the same moment, each with what it says while it comes in.
        for (var i = 0; i < 600; i++)
            Assert.That(account.TryConnect() && account.TryJoin() && Enumerable.Range(0, 12).All(_ => account.TryTakeMessage(500)), Is.True, $"{i}");
        // Then as long as they like: probes, statistics, readiness.
        for (var second = 0; second < 60; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            Assert.That(Enumerable.Range(0, 600 * 3).All(_ => account.TryTakeMessage(300)), Is.True, $"second {second}");
        }
    }

    [Test]
    public void The_machines_own_address_has_no_limits()
    {
        var account = new AddressBook(Small, _time).Of("127.0.0.1");
        Assert.That(Enumerable.Range(0, 10_000).All(_ => account.TryConnect() && account.TryJoin() && account.TryTakeMessage(1000)), Is.True);
    }

    [Test]
    public void An_address_fills_no_log_and_what_was_left_out_is_counted()
    {
        var account = new AddressBook(Small, _time).Of("192.0.2.1");
        Assert.That(Enumerable.Range(0, 1000).Count(_ => account.TryLog(out var _)), Is.EqualTo(10));
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.That((account.TryLog(out var unsaid), unsaid), Is.EqualTo((true, 990)));
    }

    [Test]
    public void Addresses_that_are_through_are_forgotten()
    {
        var book = new AddressBook(Small, _time);
        var held = book.Of("192.0.2.1");
        held.TryConnect();
        for (var i = 0; i < 10_000; i++)
            book.Of(new IPAddress(0x0A000000 + i).ToString());
        var first = book.Of(new IPAddress(0x0A000000).ToString());
        _time.Advance(TimeSpan.FromHours(1));
        for (var i = 0; i < 10_001; i++)
            book.Of(new IPAddress(0x0B000000 + i).ToString());
        Assert.That(book.Of("192.0.2.1"), Is.SameAs(held), "one that is connected stays");
        Assert.That(book.Of(new IPAddress(0x0A000000).ToString()), Is.Not.SameAs(first));
    }

    [Test]
    public void Who_stands_before_the_server_and_says_nothing_displaces_itself()
    {
        var gate = new IdleGate(most: 10, mostOfOne: 3);
        var gone = new List<string>();
        var attacker = IPAddress.Parse("192.0.2.66");
        gate.Enter(IPAddress.Parse("192.0.2.1"), () => gone.Add("guest"));
        for (var i = 0; i < 50; i++)
        {
            var n = i;
            gate.Enter(attacker, () => gone.Add($"{n}"));
        }

        Assert.That((gate.Count, gone), Is.EqualTo((4, Enumerable.Range(0, 47).Select(i => $"{i}").ToList())));
    }

    [Test]
    public void The_machines_own_address_is_not_counted_at_the_gate()
    {
        var gate = new IdleGate(most: 1, mostOfOne: 1);
        foreach (var own in new[] { "127.0.0.1", "::1", "::ffff:127.0.0.1" })
            gate.Enter(IPAddress.Parse(own), () => Assert.Fail("it was put out"));
        Assert.That(gate.Count, Is.Zero);
    }

    [Test]
    public void Many_addresses_displace_those_that_have_most()
    {
        var gate = new IdleGate(most: 4, mostOfOne: 3);
        var gone = new List<string>();
        foreach (var (from, name) in new[] { (1, "a"), (2, "b1"), (2, "b2"), (2, "b3"), (3, "c") })
            gate.Enter(new IPAddress([10, 0, 0, (byte)from]), () => gone.Add(name));
        Assert.That(gone, Is.EqualTo(new[] { "b1" }));
    }

    [Test]
    public void Who_asks_for_something_is_not_put_out()
    {
        var gate = new IdleGate(most: 10, mostOfOne: 1);
        var gone = new List<string>();
        var address = IPAddress.Parse("192.0.2.1");
        var busy = gate.Enter(address, () => gone.Add("busy"));
        gate.Leave(busy);
        gate.Enter(address, () => gone.Add("silent"));
        Assert.That(gone, Is.Empty);
        gate.Wait(busy);
        Assert.That(gone, Is.EqualTo(new[] { "silent" }));
        gate.Leave(busy);
        gate.Leave(busy);
        Assert.That(gate.Count, Is.Zero);
    }
}
