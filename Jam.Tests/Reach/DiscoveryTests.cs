using System.Net;
using System.Net.Sockets;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Jam.Peer.Cli;
using Jam.Peer.Cli.Discover;
using Jam.Peer.Network;
using Jam.Peer.Session;
using Jam.Peer.Wire;
using Jam.Tests.Cli;
using Jam.Tests.Fakes;
using NUnit.Framework;

namespace Jam.Tests.Reach;

/// <summary>Rooms are found without an address; the datagrams that say so come from anyone.</summary>
[CancelAfter(60_000)]
internal sealed class DiscoveryTests
{
    private static readonly Beacon Some = new(9003, "jam", "ada@loom", "ein Lied – ä.mp3");

    private static BeaconNetwork OnLoopback(int port) => new(BeaconNetwork.Default.Group, BeaconNetwork.Default.Group6, port, [IPAddress.Loopback]);

    [Test]
    public void A_beacon_comes_back_as_it_was() => Assert.That(Beacon.TryRead(Some.Write()), Is.EqualTo(Some));

    [Test]
    public void The_longest_texts_fit_and_are_cut_at_a_whole_character()
    {
        var bytes = new Beacon(65535, new string('ä', 300), new string('€', 300), new string('x', 300)).Write();
        Assert.That(bytes, Has.Length.LessThanOrEqualTo(Beacon.MaxSize));
        Assert.That(Beacon.TryRead(bytes), Is.EqualTo(new Beacon(65535, new string('ä', 127), new string('€', 85), new string('x', 255))));
    }

    [Test]
    public void A_beacon_that_is_cut_short_or_goes_on_is_none()
    {
        var bytes = Some.Write();
        for (var cut = 0; cut < bytes.Length; cut++)
            Assert.That(Beacon.TryRead(bytes.AsSpan(0, cut)), Is.Null, $"cut at {cut}");
        Assert.That(Beacon.TryRead([.. bytes, 0]), Is.Null);
        Assert.That(Beacon.TryRead(new byte[Beacon.MaxSize + 1]), Is.Null);
    }

    [Test]
    public void Another_version_no_port_no_room_and_broken_text_are_none()
    {
        var version = Some.Write();
        version[8] = 2;
        var text = Some.Write();
        text[12] = 0xFF;
        Assert.Multiple(() =>
        {
            Assert.That(Beacon.TryRead(version), Is.Null);
            Assert.That(Beacon.TryRead(text), Is.Null);
            Assert.That(Beacon.TryRead((Some with { Port = 0 }).Write()), Is.Null);
            Assert.That(Beacon.TryRead((Some with { Room = "" }).Write()), Is.Null);
        });
    }

    [Test]
    public void A_strangers_text_gives_no_orders_to_the_terminal() =>
        Assert.That(Beacon.TryRead((Some with { Track = "\u001b[2Jx\n\u009b1m" }).Write())!.Track, Is.EqualTo("?[2Jx??1m"));

    [Test]
    public void Random_datagrams_never_throw() => Prop.ForAll<byte[], int>((bytes, at) =>
    {
        Beacon.TryRead(bytes);
        var mutated = Some.Write();
        mutated[(int)((uint)at % (uint)mutated.Length)] = bytes.Length > 0 ? bytes[0] : (byte)0;
        Beacon.TryRead(mutated);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(5_000));

    [Test]
    public async Task A_host_is_found_over_the_loopback_interface(CancellationToken ct)
    {
        using var listener = BeaconListener.Open(OnLoopback(0));
        await using var sender = new BeaconSender(OnLoopback(listener.Port), () => Some, TimeProvider.System);
        Assert.That(await listener.ReceiveAsync(ct), Is.EqualTo((IPAddress.Loopback, Some)));
    }

    [Test]
    public async Task What_is_no_beacon_is_passed_over(CancellationToken ct)
    {
        using var listener = BeaconListener.Open(OnLoopback(0));
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        var to = new IPEndPoint(IPAddress.Loopback, listener.Port);
        foreach (var datagram in new[] { [], Encoding.ASCII.GetBytes("hello"), new byte[8_000], Some.Write() })
            await socket.SendToAsync(datagram, to, ct);
        Assert.That((await listener.ReceiveAsync(ct)).Beacon, Is.EqualTo(Some));
    }

    [Test]
    public async Task Listening_ends_with_its_time_and_names_each_room_once(CancellationToken ct)
    {
        using var listener = BeaconListener.Open(OnLoopback(0));
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        foreach (var beacon in new[] { Some, Some with { Track = "b.mp3" }, Some with { Port = 9004, Room = "a" } })
            await socket.SendToAsync(beacon.Write(), new IPEndPoint(IPAddress.Loopback, listener.Port), ct);
        var found = await Discovery.FindAsync(listener, TimeSpan.FromMilliseconds(500), TimeProvider.System, ct);
        Assert.That(found, Is.EqualTo(new[]
        {
            new FoundRoom("127.0.0.1:9004", "a", "ada@loom", "ein Lied – ä.mp3"), new FoundRoom("127.0.0.1:9003", "jam", "ada@loom", "b.mp3"),
        }));
    }

    [Test]
    public async Task A_beacon_over_IPv6_is_heard_as_well(CancellationToken ct)
    {
        var loopback = new IPAddress(IPAddress.IPv6Loopback.GetAddressBytes(), 1);
        using var listener = BeaconListener.Open(OnLoopback(0) with { Interfaces = [loopback] });
        using var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp);
        await socket.SendToAsync(Some.Write(), new IPEndPoint(IPAddress.IPv6Loopback, listener.Port), ct);
        Assert.That((await listener.ReceiveAsync(ct)).Beacon, Is.EqualTo(Some));
    }

    [Test]
    public void Each_family_has_its_group()
    {
        var network = BeaconNetwork.Default;
        Assert.That(network.GroupOf(IPAddress.Loopback), Is.EqualTo(IPAddress.Parse("239.255.83.74")));
        Assert.That(network.GroupOf(IPAddress.Parse("fe80::1%4")), Is.EqualTo(IPAddress.Parse("ff12::5357:4a4d")));
        Assert.That(network.Group6.IsIPv6Multicast, Is.True);
    }

    [Test]
    public void A_link_local_address_is_shown_only_where_the_host_told_no_other_but_loopback()
    {
        static KeyValuePair<IPEndPoint, FoundRoom> Of(string address, string host) =>
            new(IPEndPoint.Parse(address), new FoundRoom(address, "jam", host, ""));
        var found = Discovery.Tidy(new Dictionary<IPEndPoint, FoundRoom>(
            [Of("[fe80::1%2]:9003", "ada"), Of("10.0.0.5:9003", "ada"), Of("[fe80::2%2]:9003", "bob"), Of("127.0.0.1:9003", "bob")]));
        Assert.That(found.Select(f => f.Address), Is.EqualTo(new[] { "10.0.0.5:9003", "[fe80::2%2]:9003" }));
    }

    [Test]
    public void A_loopback_address_is_shown_only_where_the_host_told_no_other()
    {
        static KeyValuePair<IPEndPoint, FoundRoom> Of(string address, string host) =>
            new(IPEndPoint.Parse(address), new FoundRoom(address, "jam", host, ""));
        var found = Discovery.Tidy(new Dictionary<IPEndPoint, FoundRoom>(
            [Of("127.0.0.1:9003", "ada"), Of("10.0.0.5:9003", "ada"), Of("127.0.0.1:9004", "bob")]));
        Assert.That(found.Select(f => f.Address), Is.EqualTo(new[] { "10.0.0.5:9003", "127.0.0.1:9004" }));
    }

    [TestCase("discover", 0, "jam: song.mp3, hosted by ada\n  tools/jam --connect 10.0.0.5:9003\n")]
    [TestCase("discover --json", 0, "[{\"address\":\"10.0.0.5:9003\",\"room\":\"jam\",\"host\":\"ada\",\"track\":\"song.mp3\"}]\n")]
    [TestCase("discover --help", 0, DiscoverProgram.HelpText + "\n")]
    [TestCase("discover --wait soon", 2, "")]
    [TestCase("discover x", 2, "")]
    [TestCase("discover --jsn", 2, "")]
    public async Task The_command_prints_the_line_that_joins(string line, int code, string expected)
    {
        var io = new FakeIo();
        var parts = new ProgramParts
        {
            CreateSession = _ => new FakeSession(), RunServer = _ => Task.FromResult(0), ProbeDurationUs = _ => 0,
            Discover = (_, _, _) => Task.FromResult<IReadOnlyList<FoundRoom>>([new FoundRoom("10.0.0.5:9003", "jam", "ada", "song.mp3")]),
        };
        Assert.That(await PeerProgram.RunAsync(line.Split(' '), parts, io.Io, CliFactsFake.Facts, CancellationToken.None), Is.EqualTo(code));
        Assert.That(io.Out.ReplaceLineEndings("\n"), Is.EqualTo(expected.ReplaceLineEndings("\n")));
        Assert.That(io.Error.Length > 0, Is.EqualTo(code != 0));
    }
}
