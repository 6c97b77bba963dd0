using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;

namespace Jam.Link;

/// <summary>
/// Brings packets from machine to machine: through what the sender's link does to what goes out, then through what the receiver's
/// does to what comes in. One thread, which owns everything.
/// </summary>
internal sealed class Switchboard
{
    /// <summary>Packets read from one machine before the others get their turn.</summary>
    private const int ReadAtOnce = 64;

    /// <summary>What is due so soon is taken along: a wake-up costs as much.</summary>
    private const long AlongNs = 30_000;

    private const int HeaderBytes = 20;
    private const int DestinationAt = 16;
    private const int FirstMulticast = 224;
    private const long LongestWaitNs = 1_000_000_000;

    private readonly int[] _tuns;
    private readonly Native.PollDescriptor[] _polled;
    private readonly Shape[] _up;
    private readonly Shape[] _down;

    /// <summary>Under way: first what goes out of each machine, then what comes in to each. In order of their due time.</summary>
    private readonly Queue<Packet>[] _under;

    private readonly Stack<Packet> _free = new();
    private readonly Dictionary<uint, int> _machines = [];

    /// <summary>Makes the devices; the calling thread changes its network namespace by it.</summary>
    public Switchboard(LinkSpec spec)
    {
        var count = spec.Hosts.Count;
        _tuns = new int[count];
        _polled = new Native.PollDescriptor[count];
        _up = new Shape[count];
        _down = new Shape[count];
        _under = new Queue<Packet>[2 * count];
        for (var i = 0; i < count; i++)
        {
            var host = spec.Hosts[i];
            _tuns[i] = Native.OpenTun(host.Pid, host.Device);
            _polled[i] = new Native.PollDescriptor { Descriptor = _tuns[i], Events = Native.PollIn };
            // A machine's radio stands still for both directions at once.
            var phase = new Random(spec.Seed + 3 * i).NextDouble();
            _up[i] = new Shape(host.Up, new Random(spec.Seed + 3 * i + 1), phase);
            _down[i] = new Shape(host.Down, new Random(spec.Seed + 3 * i + 2), phase);
            _under[i] = new Queue<Packet>();
            _under[count + i] = new Queue<Packet>();
            _machines.Add(BinaryPrimitives.ReadUInt32BigEndian(IPAddress.Parse(host.Address).GetAddressBytes()), i);
        }
    }

    /// <summary>Runs until the process ends.</summary>
    public void Run()
    {
        Native.BePunctual();
        while (true)
        {
            Native.Wait(_polled, Deliver());
            for (var i = 0; i < _tuns.Length; i++)
            {
                if (_polled[i].Happened != 0)
                    ReadFrom(i);
            }
        }
    }

    private static long NowNs() => (long)(Stopwatch.GetTimestamp() * (1e9 / Stopwatch.Frequency));

    /// <summary>Moves on all that is due; returns nanoseconds until the next is.</summary>
    private long Deliver()
    {
        var count = _tuns.Length;
        while (true)
        {
            var nowNs = NowNs();
            var nextNs = nowNs + LongestWaitNs;
            var dueNs = nowNs + AlongNs;
            for (var i = 0; i < count; i++)
            {
                // By the due time and not by the clock: what this program is late with does not add up.
                while (_under[i].TryPeek(out var packet) && packet.DueNs <= dueNs)
                    Enter(_down[packet.To], _under[count + packet.To], _under[i].Dequeue(), packet.DueNs);
                if (_under[i].TryPeek(out var first))
                    nextNs = Math.Min(nextNs, first.DueNs);
            }
            for (var i = 0; i < count; i++)
            {
                while (_under[count + i].TryPeek(out var packet) && packet.DueNs <= dueNs)
                {
                    Native.Write(_tuns[i], packet.Bytes.AsSpan(0, packet.Length));
                    _free.Push(_under[count + i].Dequeue());
                }
                if (_under[count + i].TryPeek(out var first))
                    nextNs = Math.Min(nextNs, first.DueNs);
            }
            if (nextNs > dueNs)
                return Math.Max(0, nextNs - NowNs());
        }
    }

    private void ReadFrom(int machine)
    {
        for (var i = 0; i < ReadAtOnce; i++)
        {
            var packet = _free.TryPop(out var used) ? used : new Packet();
            packet.Length = Native.Read(_tuns[machine], packet.Bytes);
            if (packet.Length <= 0)
            {
                _free.Push(packet);
                return;
            }
            Route(machine, packet);
        }
    }

    private void Route(int from, Packet packet)
    {
        if (packet.Length < HeaderBytes || packet.Bytes[0] >> 4 != 4)
        {
            _free.Push(packet);
            return;
        }
        var to = packet.Bytes.AsSpan(DestinationAt, 4);
        if (_machines.TryGetValue(BinaryPrimitives.ReadUInt32BigEndian(to), out var machine))
        {
            packet.To = machine;
            Enter(_up[from], _under[from], packet, NowNs());
            return;
        }
        // To everyone: a copy each, as an access point that sends to its stations one by one.
        if (to[0] >= FirstMulticast)
            Copy(from, packet);
        _free.Push(packet);
    }

    private void Copy(int from, Packet packet)
    {
        for (var i = 0; i < _tuns.Length; i++)
        {
            if (i == from)
                continue;
            var copy = _free.TryPop(out var used) ? used : new Packet();
            packet.Bytes.AsSpan(0, packet.Length).CopyTo(copy.Bytes);
            copy.Length = packet.Length;
            copy.To = i;
            Enter(_up[from], _under[from], copy, NowNs());
        }
    }

    private void Enter(Shape shape, Queue<Packet> under, Packet packet, long nowNs)
    {
        if (shape.Take(packet.Length, nowNs) is not { } dueNs)
        {
            _free.Push(packet);
            return;
        }
        packet.DueNs = dueNs;
        under.Enqueue(packet);
    }
}
