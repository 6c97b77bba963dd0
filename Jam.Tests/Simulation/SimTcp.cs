namespace Jam.Tests.Simulation;

/// <summary>
/// One direction of a TCP connection, packet by packet: a window that opens until a queue overflows, what is lost is sent again
/// (after three later packets, or a time-out) and holds up what follows, acknowledgements wait in the queue of whoever sends them,
/// and small frames wait behind the chunk that the socket has taken. Source: RFC 5681, 6298 and 8985, without their corner cases.
/// </summary>
internal sealed class SimTcp(SwarmSimulator sim, SimPeer from, SimPeer to, SimTcpSettings settings)
{
    /// <summary>The part of a link that is left for data where as much goes the other way.</summary>
    public const double Goodput = Mss / (double)(Mss + HeaderBytes + HeaderBytes / 2);

    private const int Mss = 1448;
    private const int HeaderBytes = 66;
    private const int FirstWindow = 10 * Mss;
    private const long MinTimeoutUs = 200_000;
    private const long DelayedAckUs = 40_000;
    // As much as a peer leaves out of account when it reads what is acknowledged.
    private const int ToleranceBytes = 3_000;

    private readonly Queue<(int Bytes, Action Arrived)> _frames = [];
    private readonly Queue<(int Bytes, Action Arrived, Action Taken, Action Acknowledged, double PaceUsPerByte)> _chunks = [];
    private readonly Queue<(long End, Action Acknowledged)> _unacknowledged = [];
    private readonly Queue<(long End, Action Arrived)> _stream = [];
    private readonly List<SimPacket> _outstanding = [];
    private readonly Queue<SimPacket> _again = [];
    private readonly SortedDictionary<long, long> _early = [];
    private List<(SimPacket Packet, long Order)> _unsaid = [];
    private (long Left, Action Arrived, Action? Taken, Action? Acknowledged)? _writing;
    private long _accepted;
    private long _next;
    private long _received;
    private long _order;
    private long _recoverUntil;
    private double _window = FirstWindow;
    private double _threshold = double.PositiveInfinity;
    private long _says;
    private long _saysAtUs;
    private int _unsaidPackets;
    private bool _pumps;
    private double _paceUsPerByte;
    private long _pacedUntilUs;
    private double _inFlight;
    private double _rttUs;
    private double _deviationUs;
    private long _lastArrivalUs;
    private long _lastSentUs;
    private long _timerUs = long.MaxValue;
    private int _timeouts;

    /// <summary>A small frame: it goes before every chunk that the socket has not begun.</summary>
    public void Frame(int bytes, Action arrived)
    {
        _frames.Enqueue((bytes, arrived));
        PumpSoon();
    }

    /// <summary>A chunk: <paramref name="taken"/> when the socket has taken all of it, <paramref name="acknowledged"/> when the other side's has all but a moment's.</summary>
    public void Chunk(int bytes, Action taken, Action arrived, Action acknowledged, double paceUsPerByte)
    {
        _chunks.Enqueue((bytes, arrived, taken, acknowledged, paceUsPerByte));
        PumpSoon();
    }

    // What is handed over at one moment shares packets.
    private void PumpSoon() => PumpAt(sim.NowUs);

    private void PumpAt(long atUs)
    {
        if (_pumps)
            return;
        _pumps = true;
        sim.At(atUs, () =>
        {
            _pumps = false;
            Pump();
        });
    }

    private void Pump()
    {
        if (_inFlight == 0 && sim.NowUs - _lastSentUs > TimeoutUs())
            _window = Math.Min(_window, FirstWindow);
        while (true)
        {
            Accept();
            if (sim.NowUs < _pacedUntilUs)
                PumpAt(_pacedUntilUs);
            if (_inFlight >= _window || sim.NowUs < _pacedUntilUs)
                return;
            if (_again.TryDequeue(out var lost))
            {
                if (!lost.IsAcked)
                    Send(lost);
            }
            else if (_next < _accepted)
            {
                Send(new SimPacket(_next, (int)Math.Min(Mss, _accepted - _next)));
            }
            else
            {
                return;
            }
        }
    }

    // Into the socket, in the order of the connection's writer: frames first, then one chunk.
    private void Accept()
    {
        while (true)
        {
            if (_writing is null)
            {
                if (_frames.TryDequeue(out var frame))
                    _writing = (frame.Bytes, frame.Arrived, null, null);
                else if (_chunks.TryDequeue(out var chunk))
                    (_writing, _paceUsPerByte) = ((chunk.Bytes, chunk.Arrived, chunk.Taken, chunk.Acknowledged), chunk.PaceUsPerByte);
                else
                    return;
            }

            var (left, arrived, taken, acknowledged) = _writing.Value;
            var now = Math.Min(left, _next + settings.UnsentBytes - _accepted);
            if (now <= 0)
                return;
            _accepted += now;
            _writing = (left - now, arrived, taken, acknowledged);
            if (left > now)
                return;
            _stream.Enqueue((_accepted, arrived));
            _writing = null;
            if (taken is null || acknowledged is null)
                continue;
            _unacknowledged.Enqueue((_accepted, acknowledged));
            sim.At(sim.NowUs, taken);
        }
    }

    private void Send(SimPacket packet)
    {
        packet.Order = ++_order;
        packet.SentUs = _lastSentUs = sim.NowUs;
        _pacedUntilUs = sim.NowUs + (long)(packet.Bytes * _paceUsPerByte);
        _next = Math.Max(_next, packet.Start + packet.Bytes);
        _inFlight += packet.Bytes;
        _outstanding.Add(packet);
        ArmTimer();
        var order = packet.Order;
        if (sim.Passes(from, packet.Bytes + HeaderBytes, settings) is not { } leftAtUs)
            return;
        _lastArrivalUs = Math.Max(_lastArrivalUs, sim.ArrivalUs(from, to, leftAtUs));
        sim.At(_lastArrivalUs, () =>
        {
            to.DownFreeAtUs = Math.Max(to.DownFreeAtUs, sim.NowUs) + (long)(packet.Bytes / to.DownBytesPerUs);
            sim.At(to.DownFreeAtUs, () => Receive(packet, order));
        });
    }

    private void Receive(SimPacket packet, long order)
    {
        if (to.IsGone)
            return;
        if (packet.Start + packet.Bytes > _received)
            _early[packet.Start] = packet.Start + packet.Bytes;
        while (_early.Count > 0 && _early.First() is var (start, end) && start <= _received)
        {
            _early.Remove(start);
            _received = Math.Max(_received, end);
        }

        // One acknowledgement for two packets; at once where one is missing; one that is lost is made up for by the next.
        _unsaid.Add((packet, order));
        if (!settings.EveryAck)
            SayTogether();
        else if (++_unsaidPackets >= 2 || _early.Count > 0)
            Say();
        else
            SayLater();

        while (_stream.TryPeek(out var item) && item.End <= _received)
        {
            _stream.Dequeue();
            item.Arrived();
        }
    }

    private void SayTogether()
    {
        if (sim.NowUs < _saysAtUs || sim.Passes(to, HeaderBytes / 2, settings) is not { } leftAtUs)
            return;
        _saysAtUs = leftAtUs;
        sim.At(leftAtUs, () => SayAt(leftAtUs));
    }

    private void SayLater()
    {
        var said = ++_says;
        sim.At(sim.NowUs + DelayedAckUs, () =>
        {
            if (said == _says && !to.IsGone)
                Say();
        });
    }

    private void Say()
    {
        _says++;
        _unsaidPackets = 0;
        if (sim.Passes(to, HeaderBytes, settings) is { } leftAtUs)
            SayAt(leftAtUs);
    }

    private void SayAt(long leftAtUs)
    {
        var said = _unsaid;
        _unsaid = [];
        sim.At(sim.ArrivalUs(to, from, leftAtUs), () =>
        {
            foreach (var (packet, order) in said)
                Acknowledged(packet, order);
            Pump();
        });
    }

    private void Acknowledged(SimPacket packet, long order)
    {
        if (from.IsGone || packet.IsAcked)
            return;
        packet.IsAcked = true;
        _timeouts = 0;
        if (packet.Order == order)
        {
            var sample = sim.NowUs - packet.SentUs;
            _deviationUs = _rttUs == 0 ? sample / 2.0 : _deviationUs + (Math.Abs(sample - _rttUs) - _deviationUs) / 4;
            _rttUs = _rttUs == 0 ? sample : _rttUs + (sample - _rttUs) / 8;
        }

        if (_outstanding.Remove(packet))
            _inFlight -= packet.Bytes;
        while (_unacknowledged.TryPeek(out var chunk) && chunk.End <= AcknowledgedUpTo() + ToleranceBytes)
            _unacknowledged.Dequeue().Acknowledged();
        _window += _window < _threshold ? packet.Bytes : (double)Mss * packet.Bytes / _window;
        while (_outstanding.Count > 0 && _outstanding[0].Order + 3 <= order)
            Lose(_outstanding[0], 0.7);
        ArmTimer();
    }

    private long AcknowledgedUpTo() => Math.Min(_next, _outstanding.Concat(_again).Where(p => !p.IsAcked).Select(p => p.Start).DefaultIfEmpty(_next).Min());

    private void Lose(SimPacket packet, double part)
    {
        _outstanding.Remove(packet);
        _inFlight -= packet.Bytes;
        _again.Enqueue(packet);
        if (packet.Order <= _recoverUntil)
            return;
        _recoverUntil = _order;
        _window = _threshold = Math.Max(2 * Mss, _window * part);
    }

    private double TimeoutUs() => Math.Max(MinTimeoutUs, _rttUs == 0 ? 1_000_000 : _rttUs + 4 * _deviationUs) * Math.Pow(2, Math.Min(6, Math.Max(0, _timeouts - 1)));

    private void ArmTimer()
    {
        if (_outstanding.Count == 0)
        {
            _timerUs = long.MaxValue;
            return;
        }

        // The first time-out is the probe that follows a loss at the tail; one packet alone may be acknowledged late.
        var wait = _timeouts == 0 && _rttUs > 0 ? Math.Min(TimeoutUs(), 2 * _rttUs + (_outstanding.Count == 1 ? MinTimeoutUs : 2_000)) : TimeoutUs();
        var due = sim.NowUs + (long)wait;
        var isArmed = _timerUs != long.MaxValue;
        _timerUs = due;
        if (!isArmed)
            sim.At(due, OnTimer);
    }

    private void OnTimer()
    {
        if (_timerUs == long.MaxValue || from.IsGone)
            return;
        if (sim.NowUs < _timerUs)
        {
            sim.At(_timerUs, OnTimer);
            return;
        }

        _timerUs = long.MaxValue;
        _timeouts++;
        var isProbe = _timeouts == 1;
        do
            Lose(_outstanding[0], isProbe ? 0.7 : 0);
        while (!isProbe && _outstanding.Count > 0);
        Pump();
        ArmTimer();
    }
}
