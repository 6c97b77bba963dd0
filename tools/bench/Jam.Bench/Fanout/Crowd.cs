using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;

namespace Jam.Bench.Fanout;

/// <summary>Members of rooms, all on one thread: they join, answer what has to be answered, and note when each STATE is here.</summary>
internal sealed class Crowd : IDisposable
{
    private const int Connecting = 64;
    private const int PerAddress = 200;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly Dialect _dialect;
    private readonly int _port;
    private readonly string _rooms;
    private readonly int _perRoom;
    private readonly int _first;
    private readonly Member[] _members;
    private readonly Epoll _epoll = new();
    private readonly (int Index, uint Ready)[] _ready = new (int, uint)[512];
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(1 << 20, pinned: true);
    private int _started;
    private int _joined;
    private int _heard;

    /// <param name="dialect">What the server speaks.</param>
    /// <param name="port">Where it is.</param>
    /// <param name="rooms">What the rooms' names begin with.</param>
    /// <param name="perRoom">Members of each; the first is its host.</param>
    /// <param name="count">Members in all.</param>
    /// <param name="first">Addresses are numbered from here.</param>
    public Crowd(Dialect dialect, int port, string rooms, int perRoom, int count, int first)
    {
        (_dialect, _port, _rooms, _perRoom, _first) = (dialect, port, rooms, perRoom, first);
        _members = new Member[count];
        for (var i = 0; i < count; i++)
            _members[i] = new Member { Room = i / perRoom, Socket = -1 };
    }

    /// <summary>How many bytes came so far.</summary>
    public long Received { get; private set; }

    /// <summary>Has everyone join, the hosts first, as fast as the server takes them.</summary>
    /// <returns>Seconds until the last had its STATE.</returns>
    public double Join()
    {
        var start = Stopwatch.GetTimestamp();
        var hosts = Enumerable.Range(0, _members.Length).Where(IsHost);
        var order = hosts.Concat(Enumerable.Range(0, _members.Length).Where(i => !IsHost(i))).ToArray();
        while (_joined < order.Length)
        {
            while (_started < order.Length && _started - _joined < Connecting && (_joined > 0 || _started == 0))
            {
                var i = order[_started++];
                _members[i].Socket = Epoll.Connect(AddressOf(_first + i), _port);
                _epoll.Add(_members[i].Socket, i, Epoll.Out);
            }

            Turn(start, 100);
            if (Stopwatch.GetElapsedTime(start) > s_patience)
                throw new TimeoutException($"{_dialect.Name}: {_joined} of {order.Length} joined within {s_patience.TotalSeconds:0} s");
        }

        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>Reads and answers for a while.</summary>
    public void Rest(TimeSpan time)
    {
        var start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < time)
            Turn(start, 10);
    }

    /// <summary>One host speaks; everyone else of its room hears it.</summary>
    /// <returns>Milliseconds from its send to each viewer's receipt, sorted.</returns>
    public double[] Send(int room, int number)
    {
        var host = room * _perRoom;
        var viewers = Math.Min(_perRoom, _members.Length - host) - 1;
        var order = _dialect.Order(number);
        for (var i = 0; i <= viewers; i++)
            _members[host + i].HeardAt = 0;
        _heard = 0;
        var sent = Stopwatch.GetTimestamp();
        Epoll.Send(_members[host].Socket, order);
        while (_heard < viewers + 1)
        {
            Turn(sent, 100, number);
            if (Stopwatch.GetElapsedTime(sent) > s_patience)
                throw new TimeoutException($"{_dialect.Name}: {_heard} of {viewers + 1} had a STATE within {s_patience.TotalSeconds:0} s");
        }

        var delays = new double[viewers];
        for (var i = 0; i < viewers; i++)
            delays[i] = Stopwatch.GetElapsedTime(sent, _members[host + 1 + i].HeardAt).TotalMilliseconds;
        Array.Sort(delays);
        return delays;
    }

    public void Dispose()
    {
        foreach (var member in _members.Where(m => m.Socket >= 0))
            Epoll.Close(member.Socket);
        _epoll.Dispose();
    }

    private static IPAddress AddressOf(int index) =>
        new([127, (byte)(1 + (index / PerAddress / 200)), (byte)(1 + (index / PerAddress % 200)), (byte)(1 + (index % PerAddress))]);

    private bool IsHost(int index) => index % _perRoom == 0;

    private void Turn(long since, int waitMs, int number = -1)
    {
        var count = _epoll.Wait(_ready, waitMs);
        for (var i = 0; i < count; i++)
        {
            var (index, ready) = _ready[i];
            if (_members[index].Stage == Stage.Connecting && (ready & Epoll.Out) != 0)
                Ask(index);
            else
                Read(index, number);
        }
    }

    private void Ask(int index)
    {
        var member = _members[index];
        var room = string.Create(CultureInfo.InvariantCulture, $"{_rooms}{member.Room}");
        Epoll.Send(member.Socket, Encoding.ASCII.GetBytes(
            $"GET {_dialect.PathOf(room)} HTTP/1.1\r\nHost: 127.0.0.1:{_port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"));
        member.Stage = Stage.Upgrading;
        _epoll.Modify(member.Socket, index, Epoll.In);
    }

    private void Read(int index, int number)
    {
        var member = _members[index];
        var kept = member.Kept;
        var count = Epoll.Receive(member.Socket, _buffer);
        var now = Stopwatch.GetTimestamp();
        if (count < 0)
            return;
        if (count == 0)
            throw new IOException($"{_dialect.Name} closed member {index} at {member.Stage}");
        Received += count;
        ReadOnlySpan<byte> bytes = _buffer.AsSpan(0, count);
        if (kept is not null)
            bytes = (byte[])[.. kept, .. bytes];
        if (member.Stage == Stage.Upgrading)
        {
            var end = bytes.IndexOf("\r\n\r\n"u8);
            if (end >= 0)
            {
                if (!bytes.StartsWith("HTTP/1.1 101 "u8))
                    throw new IOException($"{_dialect.Name} answered: {Encoding.ASCII.GetString(bytes[..Math.Min(200, bytes.Length)])}");
                bytes = bytes[(end + 4)..];
                member.Stage = Stage.Open;
                if (_dialect.Greeting(IsHost(index), index) is { Length: > 0 } greeting)
                    Epoll.Send(member.Socket, greeting);
            }
        }

        while (member.Stage != Stage.Upgrading && TryTake(ref bytes, out var code, out var payload))
            Hear(index, code, payload, now, number);
        member.Kept = bytes.IsEmpty ? null : bytes.ToArray();
    }

    private void Hear(int index, int code, ReadOnlySpan<byte> payload, long now, int number)
    {
        var member = _members[index];
        if (code == 9)
        {
            var pong = Dialect.Frame(payload, 10);
            Epoll.Send(member.Socket, pong);
        }

        if (code == 8)
            throw new IOException($"{_dialect.Name} ended member {index}: {Encoding.UTF8.GetString(payload)}");
        if (code != 1)
            return;
        switch (_dialect.Hear(payload, out var told, out var answer))
        {
            case Heard.Answer:
                Epoll.Send(member.Socket, answer);
                break;
            case Heard.State when member.Stage == Stage.Open:
                member.Stage = Stage.Joined;
                _joined++;
                break;
            case Heard.State when told == number && member.HeardAt == 0:
                member.HeardAt = now;
                _heard++;
                break;
        }
    }

    private static bool TryTake(ref ReadOnlySpan<byte> bytes, out int code, out ReadOnlySpan<byte> payload)
    {
        code = 0;
        payload = default;
        if (bytes.Length < 2)
            return false;
        var (header, length) = bytes[1] switch
        {
            126 when bytes.Length >= 4 => (4, (long)BinaryPrimitives.ReadUInt16BigEndian(bytes[2..])),
            127 when bytes.Length >= 10 => (10, BinaryPrimitives.ReadInt64BigEndian(bytes[2..])),
            126 or 127 => (10, long.MaxValue / 2),
            var small => (2, (long)small),
        };
        if (bytes.Length < header + length)
            return false;
        code = bytes[0] & 15;
        payload = bytes.Slice(header, (int)length);
        bytes = bytes[(header + (int)length)..];
        return true;
    }

    private enum Stage
    {
        Connecting,
        Upgrading,
        Open,
        Joined,
    }

    private sealed class Member
    {
        public int Socket { get; set; }

        public int Room { get; init; }

        public Stage Stage { get; set; }

        public long HeardAt { get; set; }

        public byte[]? Kept { get; set; }
    }
}
