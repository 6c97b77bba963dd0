using System.Net;
using System.Net.Sockets;
using Jam.Peer.Network;
using Jam.Peer.Wire;
using Jam.Tests.Fakes;
using NUnit.Framework;

namespace Jam.Tests.Network;

/// <summary>Of several addresses the one that answers is used; where none does, people read why.</summary>
[CancelAfter(30_000)]
internal sealed class DialerTests
{
    private readonly List<Socket> _sockets = [];

    [TearDown]
    public void CloseSockets()
    {
        _sockets.ForEach(s => s.Dispose());
        _sockets.Clear();
    }

    [Test]
    public async Task An_address_that_refuses_costs_no_wait(CancellationToken ct)
    {
        // Time stands still, so nothing here can have waited for it.
        var (alive, address) = Listen();
        await using var stream = await Dialer.ConnectAsync([Refusing(), address], new ManualTimeProvider(), ct);
        Assert.That(stream.Socket.RemoteEndPoint, Is.EqualTo(address));
        using var accepted = await alive.AcceptAsync(ct);
    }

    [Test]
    [Platform("Linux")]
    public async Task An_address_that_does_not_answer_is_overtaken_by_the_next_after_a_moment(CancellationToken ct)
    {
        var time = new ManualTimeProvider();
        var (_, address) = Listen();
        var silent = Silent();
        var dialing = Dialer.ConnectAsync([silent, address], time, ct);
        // The dialler has run up to its first wait by now.
        Assert.That(dialing.IsCompleted, Is.False);
        time.Advance(TimeSpan.FromMilliseconds(250));
        await using var stream = await dialing;
        Assert.That(stream.Socket.RemoteEndPoint, Is.EqualTo(address));
    }

    [Test]
    [Platform("Linux")]
    public async Task A_dead_IPv6_address_in_front_costs_a_quarter_of_a_second_and_no_more(CancellationToken ct)
    {
        var time = new ManualTimeProvider();
        var (_, address) = Listen();
        var dead = Silent(IPAddress.IPv6Loopback);
        // However they are named, IPv6 is tried first.
        var dialing = Dialer.ConnectAsync([address, dead], time, ct);
        Assert.That(dialing.IsCompleted, Is.False);
        time.Advance(TimeSpan.FromMilliseconds(249));
        Assert.That(dialing.IsCompleted, Is.False);
        time.Advance(TimeSpan.FromMilliseconds(1));
        await using var stream = await dialing;
        Assert.That(stream.Socket.RemoteEndPoint, Is.EqualTo(address));
    }

    [TestCase("", "")]
    [TestCase("4a 4b", "4a 4b")]
    [TestCase("4a 6a 4b 6b", "6a 4a 6b 4b")]
    [TestCase("4a 4b 4c 6a", "6a 4a 4b 4c")]
    [TestCase("6a 6b 6c 4a", "6a 4a 6b 6c")]
    public void The_families_are_tried_in_turn_IPv6_first(string given, string expected)
    {
        static string Of(string name) => name[0] == '6' ? $"[2001:db8::{name[1]}]:9003" : $"192.0.2.{name[1] - 'a' + 1}:9003";
        static IPEndPoint[] All(string names) => [.. names.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(n => IPEndPoint.Parse(Of(n)))];
        Assert.That(Dialer.InTurn(All(given)), Is.EqualTo(All(expected)));
    }

    [TestCase("ws://[fe80::5]:8000/ws/jam", "fe80::5%3", "ws://[fe80::5%3]:8000/ws/jam")]
    [TestCase("ws://[fe80::6]:8000/ws/jam", "fe80::5%3", "ws://[fe80::6]:8000/ws/jam")]
    [TestCase("ws://[fd00::5]:8000/ws/jam", "fd00::5", "ws://[fd00::5]:8000/ws/jam")]
    public void A_link_local_server_is_reached_over_the_interface_that_the_peer_was(string told, string dialled, string expected) =>
        Assert.That(
            RoomLocation.From(new RoomInfoFrame("jam", [told]), IPAddress.Parse(dialled)).Urls.Single(), Is.EqualTo(new Uri(expected)));

    [TestCase("fe80::5%3", "ws://[fe80::5]:8000/ws/jam")]
    [TestCase("fd00::5", "ws://[fd00::5]:8000/ws/jam")]
    [TestCase("::ffff:10.0.0.5", "ws://10.0.0.5:8000/ws/jam")]
    public void An_asker_is_told_the_address_that_it_came_by(string local, string expected) =>
        Assert.That(
            new RoomLocation("jam", [new Uri("ws://127.0.0.1:8000/ws/jam")]).AsSeenFrom(IPAddress.Parse(local)).Urls, Is.EqualTo(new[] { expected }));

    [Test]
    public void Where_none_answers_people_read_why() => Assert.Multiple(() =>
    {
        Assert.That(
            async () => await Dialer.ConnectAsync([Refusing(), Refusing()], TimeProvider.System, default),
            Throws.TypeOf<IOException>().With.Message.EqualTo("nothing listens there (connection refused)"));
        Assert.That(
            async () => await Dialer.ConnectAsync(Array.Empty<IPEndPoint>(), TimeProvider.System, default),
            Throws.TypeOf<IOException>().With.Message.EqualTo("it has no address"));
    });

    [Test]
    [Platform("Linux")]
    public async Task Dialling_can_be_cancelled(CancellationToken ct)
    {
        using var cancelled = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var dialing = Dialer.ConnectAsync([Silent()], TimeProvider.System, cancelled.Token);
        await cancelled.CancelAsync();
        Assert.That(async () => await dialing, Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public async Task Where_is_asked_and_only_rendezvous_urls_count(CancellationToken ct)
    {
        var (listener, address) = Listen();
        var asking = Dialer.WhereAsync(new DnsEndPoint("127.0.0.1", address.Port), TimeProvider.System, ct);
        await using var theirs = new FrameStream(await listener.AcceptAsync(ct));
        Assert.That(await theirs.ReadAsync(false, ct), Is.TypeOf<WhereFrame>());
        await theirs.SendAsync(new RoomInfoFrame("jam", ["file:///etc/passwd", "ws://10.0.0.1:8000/ws/jam", "nonsense", "wss://x.example/ws/jam"]), ct);
        var location = await asking;
        Assert.That(location.Room, Is.EqualTo("jam"));
        Assert.That(location.Urls.Select(u => u.ToString()), Is.EqualTo(new[] { "ws://10.0.0.1:8000/ws/jam", "wss://x.example/ws/jam" }));
    }

    [TestCase("HTTP/1.1 400 Bad Request\r\n\r\n")]
    [TestCase("")]
    public async Task Whatever_else_listens_there_is_named_as_what_it_is_not(string answer, CancellationToken ct)
    {
        var (listener, address) = Listen();
        var asking = Dialer.WhereAsync(new DnsEndPoint("127.0.0.1", address.Port), TimeProvider.System, ct);
        using (var theirs = await listener.AcceptAsync(ct))
        {
            await theirs.ReceiveAsync(new byte[100], ct);
            await theirs.SendAsync(System.Text.Encoding.ASCII.GetBytes(answer), ct);
        }

        Assert.That(async () => await asking, Throws.TypeOf<ProtocolException>().With.Message.Not.Empty);
    }

    private (Socket Socket, IPEndPoint Address) Listen(int backlog = 10, IPAddress? on = null)
    {
        on ??= IPAddress.Loopback;
        var socket = new Socket(on.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        _sockets.Add(socket);
        socket.Bind(new IPEndPoint(on, 0));
        socket.Listen(backlog);
        return (socket, (IPEndPoint)socket.LocalEndPoint!);
    }

    // Bound but not listening: nobody else can take the port, and the kernel refuses whoever comes.
    private IPEndPoint Refusing()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _sockets.Add(socket);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return (IPEndPoint)socket.LocalEndPoint!;
    }

    // A listener that takes nobody and whose queue is full: the kernel drops what comes on top.
    private IPEndPoint Silent(IPAddress? on = null)
    {
        var (_, address) = Listen(backlog: 0, on);
        for (var waiting = 0; waiting < 4; waiting++)
        {
            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
            _sockets.Add(socket);
            try
            {
                socket.Connect(address);
            }
            catch (SocketException under) when (under.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
            {
                // On its way, for good.
                continue;
            }
        }

        return address;
    }
}
