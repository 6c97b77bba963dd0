using Jam.Peer.Swarm;
using Jam.Peer.Wire;

namespace Jam.Tests.Simulation;

/// <summary>
/// A room that plays a track of 320 kbit/s for three minutes, from a host whose uplink carries 400 kbit/s, packet by packet. The rendezvous
/// is the host's: what it says goes over the same uplink.
/// </summary>
internal sealed class ScarceRoom
{
    public const int ChunkSize = 16_384;

    /// <summary>320 kbit/s, bytes per microsecond.</summary>
    public const double Music = 0.040;

    private const long LeadUs = 100_000;
    private const long MostReadyWaitUs = 3_000_000;
    private const int ChatterBytes = 250;
    private const long ChatterEveryUs = 100_000;
    private const long PingEveryUs = 1_000_000;

    /// <summary>What is read before it is heard.</summary>
    private const long DecodeUs = 50_000;

    /// <summary>A decoder reads ahead of what is heard by so much, and looks this often for what it waits for.</summary>
    private const long ReadAheadUs = 2_500_000;
    private const long ReadEveryUs = 20_000;

    private static readonly SimTcpSettings Router = new() { LeastQueueBytes = 30_000 };

    private readonly long _lengthUs;
    private readonly Dictionary<SimPeer, int> _waits = [];

    public ScarceRoom(int seed, int viewers = 8, double hostRate = 50_000, double viewerRate = 250_000, long lengthUs = 180_000_000,
        Func<int, SwarmSettings>? settings = null)
    {
        _lengthUs = lengthUs;
        Track = SwarmSimulator.MakeManifest((long)(Music * lengthUs), ChunkSize, seed);
        Sim = new SwarmSimulator(500, seed, Router);
        Host = Sim.Add("host", hostRate, isHost: true, jitterUs: 200);
        Sim.Watch = (_, to, effect) => AskedOfHost += to == Host && effect is SendFrame { Frame: RequestFrame or CancelFrame } ? 1 : 0;
        Viewers = [.. Enumerable.Range(0, viewers).Select(i => Sim.Add($"v{i}", viewerRate, jitterUs: 200, settings: settings?.Invoke(i)))];
    }

    public SwarmSimulator Sim { get; }

    public SimPeer Host { get; }

    public List<SimPeer> Viewers { get; }

    public Manifest Track { get; }

    /// <summary>From PLAY to the first sound, microseconds.</summary>
    public long StartUs { get; private set; }

    /// <summary>When the first sound was heard.</summary>
    public long SoundAtUs { get; private set; }

    /// <summary>Requests to the host, and those that were taken back: its system acknowledges each.</summary>
    public int AskedOfHost { get; private set; }

    /// <summary>How long what the rendezvous says waited before the host's uplink.</summary>
    public List<long> ChatterWaitsUs { get; } = [];

    /// <summary>The chunks as they came to the viewers for the first time.</summary>
    public IEnumerable<int> Order =>
        Viewers.SelectMany(v => v.GainedAtUs).GroupBy(g => g.Key).OrderBy(g => g.Min(gained => gained.Value)).Select(g => g.Key);

    public double Copies => Host.BytesUp / (double)Track.LengthBytes;

    /// <summary>How early the chunk came that came latest for its instant; where negative, its viewer stalled.</summary>
    public long SlackUs(SimPeer viewer) => (long)Enumerable.Range(0, Track.ChunkCount)
        .Min(c => SoundAtUs + c * ChunkSize / Music - DecodeUs - viewer.GainedAtUs.GetValueOrDefault(c, long.MaxValue / 2));

    /// <summary>SEED with everyone connected and idle, PLAY a while later, and then all of the track.</summary>
    public void Run(long playAfterUs)
    {
        Sim.ConnectAll();
        Sim.Run(1_000_000);
        Chatter();
        Ping();
        Read();
        Sim.Seed(Host, Track);
        foreach (var viewer in Viewers)
            Sim.Want(viewer, Track);
        foreach (var peer in Viewers.Append(Host))
            Sim.Do(peer, core => core.SetPlayhead(Track.Id, 0, Music, false, Sim.NowUs, Sim.NowUs));
        var playUs = Sim.NowUs + playAfterUs;
        Sim.Run(playUs);
        // PLAY waits for those who lack their first second, for a while.
        while (Sim.NowUs < playUs + MostReadyWaitUs && !Viewers.TrueForAll(HasFirstSecond))
            Sim.Run(Sim.NowUs + 10_000);
        SoundAtUs = Sim.NowUs + LeadUs;
        StartUs = SoundAtUs - playUs;
        foreach (var peer in Viewers.Append(Host))
            Sim.Do(peer, core => core.SetPlayhead(Track.Id, 0, Music, true, SoundAtUs, Sim.NowUs));
        Sim.Run(SoundAtUs + _lengthUs);
    }

    private bool HasFirstSecond(SimPeer peer) =>
        Enumerable.Range(0, (int)(Music * 1_000_000 / ChunkSize) + 1).All(peer.GainedAtUs.ContainsKey);

    private void Ping()
    {
        Sim.MeasureRoundTrips();
        Sim.At(Sim.NowUs + PingEveryUs, Ping);
    }

    // One chunk after the other, as far ahead as it keeps what is decoded.
    private void Read()
    {
        var aheadUs = (SoundAtUs == 0 ? 0 : Math.Max(0, Sim.NowUs - SoundAtUs)) + ReadAheadUs;
        foreach (var viewer in Viewers)
        {
            var chunk = _waits.GetValueOrDefault(viewer, -1);
            if (chunk >= 0 && !viewer.GainedAtUs.ContainsKey(chunk))
                continue;
            while (viewer.GainedAtUs.ContainsKey(++chunk))
            {
            }

            if (chunk >= Track.ChunkCount || chunk * ChunkSize / Music > aheadUs)
                continue;
            _waits[viewer] = chunk;
            Sim.Do(viewer, core => core.Await(Track.Id, chunk, Sim.NowUs));
        }

        Sim.At(Sim.NowUs + ReadEveryUs, Read);
    }

    private void Chatter()
    {
        var leftAtUs = Sim.Passes(Host, ChatterBytes, Router);
        // Lost where null: whoever says it waits a fifth of a second at the least before it says it again.
        ChatterWaitsUs.Add(leftAtUs - Sim.NowUs ?? 200_000);
        Sim.At(Sim.NowUs + ChatterEveryUs, Chatter);
    }
}
