using System.Security.Cryptography;
using Jam.Peer.Swarm;
using Jam.Peer.Wire;

namespace Jam.Tests.Simulation;

/// <summary>
/// The very core of a peer, many times, over a virtual network in virtual time: store and forward, with a delay per link and
/// a rate per direction and peer. Small frames take room on the uplink too, each a packet unless one goes the same way at the
/// same moment. Deterministic: the same calls and the same seed give the same run.
/// </summary>
internal sealed class SwarmSimulator(long delayUs, int seed = 0, SimTcpSettings? tcp = null)
{
    private const int PacketBytes = 80;

    private readonly PriorityQueue<Action, (long AtUs, long Order)> _events = new();
    private readonly Random _random = new(seed);
    private long _order;
    private int _nextLink;

    /// <summary>Packet by packet, not chunk by chunk.</summary>
    public bool IsTcp => tcp is not null;

    public long NowUs { get; private set; }

    /// <summary>Is told of everything that a peer sends.</summary>
    public Action<SimPeer, SimPeer, Effect>? Watch { get; set; }

    public List<SimPeer> Peers { get; } = [];

    public static Manifest MakeManifest(long length, int chunkSize, int seed = 1)
    {
        var hashes = new byte[Manifest.Count(length, chunkSize) * Manifest.HashSize];
        for (var i = 0; i < hashes.Length; i += Manifest.HashSize)
            SHA256.HashData(BitConverter.GetBytes(i + seed * 7919L), hashes.AsSpan(i, Manifest.HashSize));
        return Manifest.Create(length, chunkSize, hashes);
    }

    public SimPeer Add(string name, double upBytesPerSecond, double downBytesPerSecond = 1e9, bool isHost = false, SwarmSettings? settings = null,
        long delayUs = 0, long jitterUs = 0)
    {
        var peer = new SimPeer(name, settings ?? new SwarmSettings(), upBytesPerSecond / 1e6, downBytesPerSecond / 1e6)
        {
            IsHost = isHost, DelayUs = delayUs, JitterUs = jitterUs,
        };
        Peers.Add(peer);
        return peer;
    }

    public void Connect(SimPeer a, SimPeer b)
    {
        LinkId atA = new(++_nextLink), atB = new(++_nextLink);
        a.Wires.Add(atA, new SimWire(b, atB, tcp is null ? null : new SimTcp(this, a, b, tcp)));
        b.Wires.Add(atB, new SimWire(a, atA, tcp is null ? null : new SimTcp(this, b, a, tcp)));
        a.Core.LinkUp(atA, b.Name, b.IsHost, NowUs);
        b.Core.LinkUp(atB, a.Name, a.IsHost, NowUs);
        var rttUs = 2 * (delayUs + a.DelayUs + b.DelayUs);
        a.Core.SetRtt(atA, rttUs, NowUs);
        b.Core.SetRtt(atB, rttUs, NowUs);
        CarryOut(a);
        CarryOut(b);
    }

    /// <summary>Every peer measures its round trips, with what waits before both uplinks.</summary>
    public void MeasureRoundTrips()
    {
        foreach (var peer in Peers)
        {
            foreach (var (id, wire) in peer.Wires)
            {
                var waitsUs = Math.Max(0, peer.UpFreeAtUs - NowUs) + Math.Max(0, wire.Peer.UpFreeAtUs - NowUs);
                Do(peer, core => core.SetRtt(id, 2 * (delayUs + peer.DelayUs + wire.Peer.DelayUs) + waitsUs, NowUs));
            }
        }
    }

    public void ConnectAll()
    {
        for (var i = 0; i < Peers.Count; i++)
        {
            for (var j = i + 1; j < Peers.Count; j++)
                Connect(Peers[i], Peers[j]);
        }
    }

    public void Seed(SimPeer host, Manifest manifest) => Do(host, core =>
    {
        core.WantTrack(manifest.Id, 0, NowUs);
        core.OpenTrack(manifest, Bitfield.Full(manifest.ChunkCount), host.IsHost, NowUs);
    });

    public void Want(SimPeer peer, Manifest manifest) => Do(peer, core => core.WantTrack(manifest.Id, 0, NowUs));

    public void Do(SimPeer peer, Action<SwarmCore> action)
    {
        action(peer.Core);
        CarryOut(peer);
    }

    public void At(long atUs, Action action) => _events.Enqueue(action, (atUs, _order++));

    /// <summary>The peer dies: its links go down at once.</summary>
    public void Kill(SimPeer peer)
    {
        peer.IsGone = true;
        foreach (var id in peer.Wires.Keys.ToArray())
            Cut(peer, id);
    }

    /// <summary>A connection breaks: both sides know at once.</summary>
    public void Break(SimPeer a, SimPeer b)
    {
        foreach (var id in a.Wires.Where(w => w.Value.Peer == b).Select(w => w.Key).ToArray())
            Cut(a, id);
    }

    /// <summary>Runs until nothing is left to do or the time is over.</summary>
    public void Run(long untilUs)
    {
        while (_events.TryPeek(out _, out var at) && at.AtUs <= untilUs)
        {
            var action = _events.Dequeue();
            NowUs = Math.Max(NowUs, at.AtUs);
            action();
        }

        NowUs = untilUs;
    }

    private void Cut(SimPeer peer, LinkId id)
    {
        if (!peer.Wires.Remove(id, out var other))
            return;
        other.Peer.Wires.Remove(other.Theirs);
        peer.Core.LinkDown(id, NowUs);
        if (!peer.IsGone)
            CarryOut(peer);
        other.Peer.Core.LinkDown(other.Theirs, NowUs);
        if (!other.Peer.IsGone)
            CarryOut(other.Peer);
    }

    private void CarryOut(SimPeer peer)
    {
        for (var effects = peer.Core.TakeEffects(); effects.Count > 0; effects = peer.Core.TakeEffects())
        {
            foreach (var effect in effects)
                CarryOut(peer, effect);
        }

        var due = peer.Core.DueUs(NowUs);
        if (due != long.MaxValue && due != peer.TimerAtUs)
        {
            peer.TimerAtUs = due;
            At(Math.Max(due, NowUs + 1), () =>
            {
                if (peer.TimerAtUs != due || peer.IsGone)
                    return;
                peer.TimerAtUs = long.MaxValue;
                Do(peer, core => core.Timer(NowUs));
            });
        }
    }

    private void CarryOut(SimPeer peer, Effect effect)
    {
        if (Watch is not null && SimWire.LinkOf(effect) is { } link && peer.Wires.TryGetValue(link, out var watched))
            Watch(peer, watched.Peer, effect);
        switch (effect)
        {
            case SendFrame send when peer.Wires.TryGetValue(send.Link, out var wire) && wire.Tcp is { } stream:
                stream.Frame(SimWire.SizeOf(send.Frame), () => Receive(peer, send, wire));
                break;
            case SendFrame send when peer.Wires.TryGetValue(send.Link, out var wire):
                var bytes = wire.LastFrameUs == NowUs ? SimWire.FrameBytes : PacketBytes;
                wire.LastFrameUs = NowUs;
                peer.UpFreeAtUs = Math.Max(peer.UpFreeAtUs, NowUs) + (long)(bytes / peer.UpBytesPerUs);
                At(InOrderUs(peer, wire, NowUs), () => Receive(peer, send, wire));
                break;
            case SendChunk send when peer.Wires.TryGetValue(send.Link, out var wire):
                Transmit(peer, send, wire);
                break;
            case StoreChunk store:
                peer.GainedAtUs[store.Chunk] = NowUs;
                peer.GainedOfAtUs[(store.Track, store.Chunk)] = NowUs;
                break;
            case ManifestArrived arrived:
                Do(peer, core => core.OpenTrack(arrived.Manifest, new Bitfield(arrived.Manifest.ChunkCount), false, NowUs));
                break;
            case TrackCompleted:
                peer.CompletedAtUs = NowUs;
                break;
            case DropLink drop:
                peer.Drops.Add($"{(peer.Wires.TryGetValue(drop.Link, out var w) ? w.Peer.Name : "?")}: {drop.Why}");
                Cut(peer, drop.Link);
                break;
        }
    }

    // Round trips are the connection's matter, not the core's, and what its system acknowledges.
    private void Receive(SimPeer from, SendFrame sent, SimWire wire)
    {
        if (sent.Frame is ManifestFrame manifest)
            At(NowUs + delayUs + from.DelayUs + wire.Peer.DelayUs, () => Deliver(from, sent.Link, core => core.ManifestArrived(sent.Link, manifest.Slot, NowUs)));
        Deliver(wire.Peer, wire.Theirs, core =>
        {
            if (sent.Frame is PingFrame ping)
                CarryOut(wire.Peer, new SendFrame(wire.Theirs, new PongFrame(ping.Nonce)));
            else if (sent.Frame is PongFrame pong)
                core.SetRtt(wire.Theirs, NowUs - (long)pong.Nonce, NowUs);
            else
                core.Receive(wire.Theirs, sent.Frame, NowUs);
        });
    }

    // TCP keeps the order, so what is delayed delays what follows.
    private long InOrderUs(SimPeer from, SimWire wire, long sentUs) => wire.LastArrivalUs = Math.Max(wire.LastArrivalUs, ArrivalUs(from, wire.Peer, sentUs));

    /// <summary>When what leaves a peer at an instant is at another.</summary>
    public long ArrivalUs(SimPeer from, SimPeer to, long sentUs)
    {
        var jitterUs = from.JitterUs + to.JitterUs == 0 ? 0 : Jitter(from) + Jitter(to);
        return sentUs + delayUs + from.DelayUs + to.DelayUs + (long)jitterUs;
    }

    /// <summary>A packet joins the queue before a peer's uplink: when it leaves, or null where it is lost.</summary>
    public long? Passes(SimPeer from, int bytes, SimTcpSettings link)
    {
        var most = Math.Max(link.LeastQueueBytes / from.UpBytesPerUs, link.QueueUs);
        if (from.UpFreeAtUs - NowUs > most)
            return null;
        from.UpFreeAtUs = Math.Max(from.UpFreeAtUs, NowUs) + (long)(bytes / from.UpBytesPerUs);
        return link.Loss > 0 && _random.NextDouble() < link.Loss ? null : from.UpFreeAtUs;
    }

    private double Jitter(SimPeer peer) => peer.JitterUs * -Math.Log(1 - _random.NextDouble());

    private void Transmit(SimPeer from, SendChunk send, SimWire wire)
    {
        var (to, theirs) = (wire.Peer, wire.Theirs);
        var size = from.Core.Tracks[send.Track].Manifest!.SizeOf(send.Chunk);
        from.BytesUp += size;
        if (wire.Tcp is { } stream)
        {
            stream.Chunk(size,
                () =>
                {
                    if (!from.IsGone)
                        Do(from, core => core.ChunkSent(send.Link, size, NowUs));
                },
                () =>
                {
                    if (to.GainedAtUs.ContainsKey(send.Chunk))
                        to.Twice++;
                    Deliver(to, theirs, core => core.ReceiveChunk(theirs, send.Slot, send.Chunk, size, !from.Lies, NowUs));
                },
                () => Deliver(from, send.Link, core => core.ChunkArrived(send.Link, send.Track, send.Chunk, NowUs)),
                send.PaceUsPerByte);
            return;
        }

        from.UpFreeAtUs = Math.Max(from.UpFreeAtUs, NowUs) + (long)(size / from.UpBytesPerUs);
        var link = send.Link;
        var good = !from.Lies;
        At(from.UpFreeAtUs, () =>
        {
            if (!from.IsGone)
                Do(from, core => core.ChunkSent(link, size, NowUs));
        });
        At(InOrderUs(from, wire, from.UpFreeAtUs), () =>
        {
            if (to.GainedAtUs.ContainsKey(send.Chunk))
                to.Twice++;
            to.DownFreeAtUs = Math.Max(to.DownFreeAtUs, NowUs) + (long)(size / to.DownBytesPerUs);
            At(to.DownFreeAtUs, () => Deliver(to, theirs, core => core.ReceiveChunk(theirs, send.Slot, send.Chunk, size, good, NowUs)));
            // Acknowledgements are small, and wait for a packet of the other way at most.
            At(ArrivalUs(to, from, to.DownFreeAtUs), () => Deliver(from, link, core => core.ChunkArrived(link, send.Track, send.Chunk, NowUs)));
        });
    }

    private void Deliver(SimPeer to, LinkId link, Action<SwarmCore> action)
    {
        if (tcp is not { ReactionUs: > 0 })
        {
            Arrive();
            return;
        }

        // What comes while the peer has not turned to what came before is seen together with it.
        if (to.ReactsAtUs < NowUs)
            to.ReactsAtUs = NowUs + (long)(tcp.ReactionUs * -Math.Log(1 - _random.NextDouble()));
        At(to.ReactsAtUs, Arrive);

        void Arrive()
        {
            if (!to.IsGone && to.Wires.ContainsKey(link))
                Do(to, action);
        }
    }
}
