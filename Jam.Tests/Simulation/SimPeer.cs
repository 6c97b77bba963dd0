using Jam.Peer.Swarm;
using Jam.Peer.Wire;

namespace Jam.Tests.Simulation;

/// <summary>One direction of a connection: what is sent arrives in order.</summary>
internal sealed class SimWire(SimPeer peer, LinkId theirs, SimTcp? tcp)
{
    /// <summary>A small frame.</summary>
    public const int FrameBytes = 12;

    /// <summary>Packet by packet; null: chunk by chunk.</summary>
    public SimTcp? Tcp { get; } = tcp;

    public SimPeer Peer { get; } = peer;

    public LinkId Theirs { get; } = theirs;

    public long LastArrivalUs { get; set; }

    /// <summary>When a frame last went out: those of one moment share a packet.</summary>
    public long LastFrameUs { get; set; } = -1;

    /// <summary>What a frame takes on the wire, without the headers of a packet.</summary>
    public static int SizeOf(Frame frame) => frame switch
    {
        ManifestFrame f => FrameBytes + f.Encoded.Length,
        BitfieldFrame f => FrameBytes + f.Bits.Length,
        HaveFrame f => 7 + 4 * f.Chunks.Length,
        SoonFrame f => 7 + 4 * f.Chunks.Length,
        OfferFrame f => 7 + 4 * f.Chunks.Length,
        _ => FrameBytes,
    };

    /// <summary>On which link something is sent; null: nothing is.</summary>
    public static LinkId? LinkOf(Effect effect) => effect switch
    {
        SendFrame send => send.Link,
        SendChunk send => send.Link,
        _ => null,
    };
}

/// <summary>A peer of the simulation: its own core, an uplink and a downlink that carry chunks one after the other.</summary>
internal sealed class SimPeer(string name, SwarmSettings settings, double upBytesPerUs, double downBytesPerUs)
{
    public string Name { get; } = name;

    public SwarmCore Core { get; } = new(settings);

    /// <summary>May change while the room runs.</summary>
    public double UpBytesPerUs { get; set; } = upBytesPerUs;

    public double DownBytesPerUs { get; } = downBytesPerUs;

    public Dictionary<LinkId, SimWire> Wires { get; } = [];

    /// <summary>One way, from this peer to the middle of the network; exponential on top of it, of this mean.</summary>
    public long DelayUs { get; init; }

    public long JitterUs { get; init; }

    public long UpFreeAtUs { get; set; }

    public long DownFreeAtUs { get; set; }

    public long BytesUp { get; set; }

    /// <summary>When the peer turns to what has come.</summary>
    public long ReactsAtUs { get; set; } = -1;

    public bool IsHost { get; init; }

    public bool IsGone { get; set; }

    /// <summary>Sends chunks that are not what their hash says.</summary>
    public bool Lies { get; set; }

    public long? CompletedAtUs { get; set; }

    /// <summary>Chunks that came though they were here already.</summary>
    public int Twice { get; set; }

    public Dictionary<int, long> GainedAtUs { get; } = [];

    /// <summary>As <see cref="GainedAtUs"/>, where there are several tracks.</summary>
    public Dictionary<(Jam.Peer.Wire.TrackId Track, int Chunk), long> GainedOfAtUs { get; } = [];

    public List<string> Drops { get; } = [];

    public long TimerAtUs { get; set; } = long.MaxValue;
}
