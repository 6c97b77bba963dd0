using System.Net;
using System.Net.Sockets;
using Jam.Server.Contracts;
using Jam.Server.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace Jam.Tests.Server;

/// <summary>A server's answers to probes of the clock by datagrams, over loopback.</summary>
[TestFixture]
[CancelAfter(30_000)]
internal sealed class ClockPortTests
{
    [Test]
    public async Task A_member_is_answered_on_the_rooms_port_by_the_clock_of_state(CancellationToken ct)
    {
        await using var server = await StartAsync(ct);
        using var member = await WebSocketClient.JoinAsync(server.Port, Role.Host, "ana", ct);
        var told = await AskAsync(member, ct);
        Assert.That(told.Port, Is.EqualTo(server.Port));
        using var socket = SocketTo(server.Port);
        var beforeUs = TimeProvider.System.NowUs();
        var stamps = await ProbeAsync(socket, told, 5, ct);
        Assert.That((stamps.Mark, stamps.ClockId), Is.EqualTo((5L, server.ClockId)));
        // One machine, one clock.
        Assert.That(stamps.T2Us, Is.InRange(beforeUs, stamps.T3Us));
        Assert.That(stamps.T3Us, Is.LessThanOrEqualTo(TimeProvider.System.NowUs()));
    }

    [Test]
    public async Task Nobody_is_answered_without_a_key_of_a_connection_that_stands(CancellationToken ct)
    {
        await using var server = await StartAsync(ct);
        using var member = await WebSocketClient.JoinAsync(server.Port, Role.Host, "ana", ct);
        var told = await AskAsync(member, ct);
        ClockPort gone;
        using (var leaving = await WebSocketClient.JoinAsync(server.Port, Role.Viewer, "bo", ct))
        {
            gone = await AskAsync(leaving, ct);
            await leaving.SayAsync(new Bye(), ct);
        }

        using var socket = SocketTo(server.Port);
        // Others hear of a BYE a little before its connection has ended.
        bool isAnswered;
        do
        {
            Send(socket, gone, 100);
            Send(socket, told, 101);
            isAnswered = await AnswerAsync(socket, told, gone, ct) == 100 && await AnswerAsync(socket, told, gone, ct) == 101;
        }
        while (isAnswered);
        Send(socket, told with { Key = Convert.ToBase64String(new byte[ClockDatagram.KeyLength]) }, 1);
        Send(socket, told with { Ticket = told.Ticket + 1000 }, 2);
        Send(socket, gone, 3);
        socket.Send("nonsense"u8);
        socket.Send(new byte[1_000]);
        socket.Send(ReadOnlySpan<byte>.Empty);
        // In order of their coming, so the first answer is to the only one that deserves it.
        Assert.That((await ProbeAsync(socket, told, 4, ct)).Mark, Is.EqualTo(4));
    }

    [Test]
    public async Task Before_hello_nobody_is_told_a_key(CancellationToken ct)
    {
        await using var server = await StartAsync(ct);
        using var stranger = await WebSocketClient.ConnectAsync(server.Port, ct);
        await stranger.SayAsync(new ClockPortRequest(), ct);
        Assert.That((await stranger.NextAsync<Error>(ct)).Code, Is.EqualTo(ErrorCodes.HelloFirst));
    }

    [Test]
    public async Task Who_asks_too_often_is_answered_as_often_as_a_connection_may_speak(CancellationToken ct)
    {
        await using var server = await StartAsync(ct, new JamServerOptions { MessagesPerSecond = 1, MessageBurst = 10 });
        using var member = await WebSocketClient.JoinAsync(server.Port, Role.Host, "ana", ct);
        using var other = await WebSocketClient.JoinAsync(server.Port, Role.Viewer, "bo", ct);
        var (told, others) = (await AskAsync(member, ct), await AskAsync(other, ct));
        using var socket = SocketTo(server.Port);
        for (var i = 0; i < 100; i++)
            Send(socket, told, i);
        Send(socket, others, 1_000);
        var answered = 0;
        while (await AnswerAsync(socket, told, others, ct) != 1_000)
            answered++;
        Assert.That(answered, Is.InRange(1, 30), "10 at once, and one a second since");
    }

    [Test]
    public async Task A_flood_of_nonsense_is_borne_and_members_are_answered_after_it(CancellationToken ct)
    {
        await using var server = await StartAsync(ct);
        using var member = await WebSocketClient.JoinAsync(server.Port, Role.Host, "ana", ct);
        var told = await AskAsync(member, ct);
        using var socket = SocketTo(server.Port);
        for (var i = 0; i < 5_000; i++)
            socket.Send(new byte[ClockDatagram.Length]);
        // What came while it looked away may be lost: until one comes through.
        for (var mark = 0; ; mark++)
        {
            Send(socket, told, mark);
            using var soon = CancellationTokenSource.CreateLinkedTokenSource(ct);
            soon.CancelAfter(200);
            try
            {
                await AnswerAsync(socket, told, told, soon.Token);
                return;
            }
            catch (OperationCanceledException) when (!ct.IsCancellationRequested)
            {
                // Once more.
            }
        }
    }

    [Test]
    public async Task A_server_without_the_port_says_so(CancellationToken ct)
    {
        await using var server = await StartAsync(ct, new JamServerOptions { HasClockPort = false });
        using var member = await WebSocketClient.JoinAsync(server.Port, Role.Host, "ana", ct);
        Assert.That(await AskAsync(member, ct), Is.EqualTo(new ClockPort()));
    }

    [Test]
    public async Task Where_the_port_is_taken_the_room_goes_without(CancellationToken ct)
    {
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        await using var responder = ClockResponder.TryOpen(
            IPAddress.Loopback, ((IPEndPoint)taken.LocalEndPoint!).Port, Guid.NewGuid(), TimeProvider.System, NullLogger.Instance);
        Assert.That(responder, Is.Null);
    }

    private static Task<JamServer> StartAsync(CancellationToken ct, JamServerOptions? options = null) => JamServer.StartAsync(
        (options ?? new JamServerOptions()) with { Port = 0, Address = IPAddress.Loopback }, TimeProvider.System, NullLoggerFactory.Instance, ct);

    private static async Task<ClockPort> AskAsync(WebSocketClient client, CancellationToken ct)
    {
        await client.SayAsync(new ClockPortRequest(), ct);
        return await client.NextAsync<ClockPort>(ct);
    }

    private static Socket SocketTo(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Connect(IPAddress.Loopback, port);
        return socket;
    }

    private static void Send(Socket socket, ClockPort told, long mark)
    {
        var datagram = new byte[ClockDatagram.Length];
        ClockDatagram.WriteRequest(datagram, Convert.FromBase64String(told.Key!), told.Ticket, mark);
        socket.Send(datagram);
    }

    private static async Task<ClockStamps> ProbeAsync(Socket socket, ClockPort told, long mark, CancellationToken ct)
    {
        Send(socket, told, mark);
        var buffer = new byte[ClockDatagram.Length + 1];
        var length = await socket.ReceiveAsync(buffer, SocketFlags.None, ct);
        Assert.That(ClockDatagram.TryReadResponse(buffer.AsSpan(0, length), Convert.FromBase64String(told.Key!), told.Ticket, out var stamps), Is.True);
        return stamps;
    }

    private static async Task<long> AnswerAsync(Socket socket, ClockPort one, ClockPort other, CancellationToken ct)
    {
        var buffer = new byte[ClockDatagram.Length + 1];
        var length = await socket.ReceiveAsync(buffer, SocketFlags.None, ct);
        foreach (var told in (ClockPort[])[one, other])
        {
            if (ClockDatagram.TryReadResponse(buffer.AsSpan(0, length), Convert.FromBase64String(told.Key!), told.Ticket, out var stamps))
                return stamps.Mark;
        }

        throw new InvalidDataException("an answer that is nobody's");
    }
}
