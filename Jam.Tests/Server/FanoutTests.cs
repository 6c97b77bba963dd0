using System.Net;
using System.Net.Sockets;
using System.Text;
using Jam.Server.Contracts;
using Jam.Server.Hosting;
using Jam.Server.Rooms;
using Jam.Tests.Fakes;
using NUnit.Framework;

namespace Jam.Tests.Server;

/// <summary>What a message to many costs.</summary>
[TestFixture]
[CancelAfter(30_000)]
internal sealed class FanoutTests
{
    private sealed class NoRooms : IRoomHub
    {
        public Guid ClockId => Guid.Empty;

        public ValueTask TakeAsync(ClientConnection connection, ClientMessage message, CancellationToken cancellationToken) => default;
    }

    /// <summary>A room of so many, its connections over sockets that take everything at once; all is sent on the calling thread.</summary>
    private sealed class Audience : IDisposable
    {
        private readonly RoomPost _post = new(TimeProvider.System, () => { }, spreading => spreading.Execute());
        private readonly List<ClientConnection> _connections = [];

        public Audience(int members)
        {
            Room = RoomHarness.WithHostAndViewers(members - 1).Room;
            foreach (var id in Room.Seats.Keys)
            {
                Sockets.Add(new SinkWebSocket());
                _connections.Add(new ClientConnection(id, "jam", null, Sockets[^1], new NoRooms(), new JamServerOptions(), new ManualTimeProvider()));
                _post.Add(_connections[^1]);
            }
        }

        public Room Room { get; }

        public List<SinkWebSocket> Sockets { get; } = [];

        public void Deliver(ServerMessage message) => _post.Deliver(Room, new ToAll(message));

        public void Deliver(Outgoing[] all) => _post.Deliver(Room, all);

        /// <summary>Bytes that one delivery allocates, once everything is warm.</summary>
        public long Allocated(ServerMessage message)
        {
            for (var i = 0; i < 100; i++)
                Deliver(message);
            return Fakes.Allocated.Least(20, _ => Deliver(message));
        }

        public void Dispose()
        {
            _connections.ForEach(connection => connection.Dispose());
            _post.Dispose();
        }
    }

    [TestCase(5)]
    [TestCase(200)]
    [TestCase(2000)]
    public void A_message_to_all_is_written_once_and_the_same_bytes_go_to_everyone(int members)
    {
        using var audience = new Audience(members);
        audience.Deliver(StateOf(audience.Room));
        Assert.That(audience.Sockets.Select(socket => socket.Count), Is.All.EqualTo(1));
        Assert.That(audience.Sockets.Select(socket => socket.Last), Is.All.SameAs(audience.Sockets[0].Last));
        Assert.That(ControlCodec.ParseServer(audience.Sockets[0].Last).Message, Is.TypeOf<State>());
    }

    [Test]
    public void What_one_event_says_to_a_member_goes_in_order_whatever_of_it_goes_to_others()
    {
        using var audience = new Audience(5);
        var first = audience.Room.Seats.Keys.First();
        var heard = audience.Sockets.Select(_ => new List<string?>()).ToArray();
        foreach (var (socket, i) in audience.Sockets.Select((socket, i) => (socket, i)))
            socket.OnSend = () => heard[i].Add(ControlCodec.ParseServer(socket.Last).Message?.GetType().Name);
        audience.Deliver([new ToOne(first, StateOf(audience.Room)), new ToAll(new PeerLeft("p", "bo", "left"), first), new ToOne(first, new Pong(7)), new ToAll(new PeerLeft("q", "cy", "left"))]);
        Assert.That(heard.Select(all => string.Join(' ', all)), Is.EqualTo(new[] { "State Pong PeerLeft" }.Concat(Enumerable.Repeat("PeerLeft PeerLeft", 4))));
    }

    [Test]
    public void What_is_patient_goes_out_though_the_timer_fires_early()
    {
        var (time, woken) = (new ManualTimeProvider(), 0);
        using var post = new RoomPost(new EarlyTime(time), () => woken++, spreading => spreading.Execute());
        var room = RoomHarness.WithHostAndViewers(1).Room;
        var socket = new SinkWebSocket();
        using var connection = new ClientConnection(room.Seats.Keys.First(), "jam", null, socket, new NoRooms(), new JamServerOptions(), time);
        post.Add(connection);
        post.Deliver(room, new ToSome([connection.Id], new PeerLeft("p", "bo", "left"), IsPatient: true));
        time.Advance(TimeSpan.FromMilliseconds(499));
        Wake();
        Assert.That((woken, socket.Count), Is.EqualTo((1, 0)));
        time.Advance(TimeSpan.FromMilliseconds(10));
        Wake();
        Assert.That((woken, socket.Count), Is.EqualTo((2, 1)));

        void Wake()
        {
            post.OnWoken(time.NowUs());
            post.Flush(time.NowUs());
        }
    }

    /// <summary>Timers that fire 3 ms before they should, as the system's do by its coarse clock.</summary>
    private sealed class EarlyTime(ManualTimeProvider time) : TimeProvider
    {
        public override long TimestampFrequency => time.TimestampFrequency;

        public override long GetTimestamp() => time.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            new EarlyTimer(time.CreateTimer(callback, state, dueTime, period));
    }

    private sealed class EarlyTimer(ITimer timer) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) =>
            timer.Change(dueTime - TimeSpan.FromMilliseconds(3) is var early && early > TimeSpan.Zero ? early : TimeSpan.Zero, period);

        public void Dispose() => timer.Dispose();

        public ValueTask DisposeAsync() => timer.DisposeAsync();
    }

    [Test]
    public void A_message_to_all_allocates_nothing_for_each_of_them()
    {
        using var few = new Audience(100);
        using var many = new Audience(2100);
        var (forFew, forMany) = (few.Allocated(StateOf(few.Room)), many.Allocated(StateOf(many.Room)));
        Assert.That(forFew, Is.GreaterThan(200), "the message itself is an array");
        Assert.That((forMany - forFew) / 2000.0, Is.LessThan(0.5), $"{forFew} bytes for 100 members, {forMany} for 2100");
    }

    [Test]
    public async Task Sending_allocates_nothing_while_the_system_takes_it(CancellationToken ct)
    {
        using var pair = await SocketPair.ConnectAsync(ct);
        await using var wire = new DirectWire(Stream.Null, pair.Ours);
        var text = new byte[400];
        var read = new byte[4096];
        void Send(int times)
        {
            for (var i = 0; i < times; i++)
            {
                var sending = wire.SendTextAsync(text, ct).AsTask();
                if (!sending.IsCompletedSuccessfully)
                    throw new InvalidOperationException("it had to wait");
                for (var left = 404; left > 0;)
                    left -= pair.Theirs.Receive(read, Math.Min(left, read.Length), SocketFlags.None);
            }
        }

        Send(100);
        Assert.That(Allocated.Least(10, _ => Send(100)), Is.Zero);
    }

    [Test]
    public async Task What_the_system_does_not_take_at_once_follows_whole_and_in_order(CancellationToken ct)
    {
        using var pair = await SocketPair.ConnectAsync(ct);
        await using var wire = new DirectWire(Stream.Null, pair.Ours);
        var sendings = new List<Task>();
        // Until it has to wait, and then on.
        for (var (i, waits) = (0, 0); waits < 20; i++)
        {
            var sending = wire.SendTextAsync(Encoding.ASCII.GetBytes(new string((char)('a' + (i % 26)), 10_000)), ct).AsTask();
            waits += sending.IsCompleted ? 0 : 1;
            sendings.Add(sending);
        }

        Assert.That(sendings, Has.Count.GreaterThan(20), "the first went at once");
        var frame = new byte[10_004];
        for (var i = 0; i < sendings.Count; i++)
        {
            for (var have = 0; have < frame.Length;)
                have += await pair.Theirs.ReceiveAsync(frame.AsMemory(have), ct);
            Assert.That(frame[..4], Is.EqualTo(new byte[] { 0x81, 126, 10_000 >> 8, 10_000 & 255 }), $"header {i}");
            Assert.That(frame[4..].Distinct(), Is.EqualTo(new[] { (byte)('a' + (i % 26)) }), $"text {i}");
        }

        await Task.WhenAll(sendings);
        Assert.That(wire.SendTextAsync("b"u8, ct).AsTask().IsCompletedSuccessfully, Is.True, "and then at once again");
    }

    [Test]
    public async Task A_send_to_who_is_gone_is_an_error_and_not_a_crash(CancellationToken ct)
    {
        using var pair = await SocketPair.ConnectAsync(ct);
        await using var wire = new DirectWire(Stream.Null, pair.Ours);
        pair.Ours.Dispose();
        Assert.That(async () => await wire.SendTextAsync(new byte[10], ct), Throws.InstanceOf<IOException>());
        Assert.That(async () => await wire.SendTextAsync(new byte[10], ct), Throws.InstanceOf<IOException>());
    }

    private static State StateOf(Room room) => new RoomTurn(room, new Moment(2_000_000, 1_700_000_000_000_000)).StateNow();

    private sealed class SocketPair(Socket ours, Socket theirs) : IDisposable
    {
        public Socket Ours => ours;

        public Socket Theirs => theirs;

        public static async Task<SocketPair> ConnectAsync(CancellationToken ct)
        {
            using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            listener.Listen(1);
            var theirs = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await theirs.ConnectAsync(listener.LocalEndPoint!, ct);
            return new SocketPair(await listener.AcceptAsync(ct), theirs);
        }

        public void Dispose()
        {
            ours.Dispose();
            theirs.Dispose();
        }
    }
}
