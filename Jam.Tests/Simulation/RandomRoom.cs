using System.Globalization;
using Jam.Peer.Wire;

namespace Jam.Tests.Simulation;

/// <summary>What a random room is put through.</summary>
internal enum RoomKind
{
    /// <summary>Everyone is connected to everyone and stays.</summary>
    Still,

    /// <summary>Not everyone meets everyone; connections break, viewers die and others come.</summary>
    Restless,

    /// <summary>Everyone plays from the start, at half of what the links could sustain.</summary>
    Playing,
}

/// <summary>A room made up from a seed: sizes, rates, delays, who meets whom, what breaks. The same seed, the same run.</summary>
internal sealed class RandomRoom
{
    private const int ChunkSize = 16_384;
    private const long SeededAtUs = 1_000_000;

    private readonly Random _random;
    private readonly SwarmSimulator _sim;
    private readonly SimPeer _host;
    private readonly List<SimPeer> _viewers = [];
    private readonly Manifest _track;
    private readonly HashSet<SimPeer> _dead = [];
    private double _bytesPerUs;
    private long _playsAtUs;

    public RandomRoom(int seed, RoomKind kind)
    {
        _random = new Random(seed);
        Kind = kind;
        _sim = new SwarmSimulator(100, seed);
        _track = SwarmSimulator.MakeManifest(ChunkSize * _random.Next(40, 110) + _random.Next(1, ChunkSize), ChunkSize, seed);
        _host = AddPeer("host", isHost: true);
        for (var i = _random.Next(1, 10); i > 0; i--)
            _viewers.Add(AddPeer($"v{i}"));
    }

    public RoomKind Kind { get; }

    /// <summary>Viewers that are to end with everything.</summary>
    public IEnumerable<SimPeer> Staying => _viewers.Where(v => !_dead.Contains(v));

    public double BoundUs { get; private set; }

    public double TookUs => Staying.Max(v => v.CompletedAtUs ?? double.PositiveInfinity) - SeededAtUs;

    public double Copies => _host.BytesUp / (double)_track.LengthBytes;

    /// <summary>How many copies the host may send: its uplink is there to be used where the viewers' do not suffice.</summary>
    public double CopiesAllowed => Math.Max(1, _host.UpBytesPerUs * BoundUs / _track.LengthBytes);

    /// <summary>What the host's uplink carries while the room finds out: idle it would help no one.</summary>
    public double CopiesInSlack => _host.UpBytesPerUs * SlackUs / _track.LengthBytes;

    /// <summary>
    /// What no scheduler can save: connections say nothing of rates, so everyone is tried, and a chunk that went to the slowest takes
    /// its time there, once at the start and once more until that is known; and two round trips through the most distant.
    /// </summary>
    public double SlackUs => 500_000 + 2 * ChunkSize / _viewers.Min(v => v.UpBytesPerUs)
        + 2 * _viewers.Append(_host).Max(p => 2 * (p.DelayUs + 4 * p.JitterUs));

    public IEnumerable<string> Drops => _viewers.Append(_host).SelectMany(p => p.Drops.Select(d => $"{p.Name} dropped {d}"));

    /// <summary>How late the latest chunk came for its instant, microseconds; where positive, someone stalled.</summary>
    public double LatestUs => Staying.Max(v => Enumerable.Range(0, _track.ChunkCount)
        .Max(c => v.GainedAtUs.TryGetValue(c, out var at) ? at - (_playsAtUs + c * ChunkSize / _bytesPerUs) : double.PositiveInfinity));

    public void Run()
    {
        var everyone = _viewers.Append(_host).ToList();
        for (var i = 0; i < everyone.Count; i++)
        {
            for (var j = i + 1; j < everyone.Count; j++)
            {
                // A room is one: each can reach the one before it.
                if (Kind != RoomKind.Restless || j == i + 1 || _random.NextDouble() < 0.6)
                    _sim.Connect(everyone[i], everyone[j]);
            }
        }

        foreach (var viewer in _viewers)
            _sim.Want(viewer, _track);
        _sim.Run(SeededAtUs);
        var up = everyone.Sum(p => p.UpBytesPerUs);
        BoundUs = Math.Max(
            _track.LengthBytes / Math.Min(_host.UpBytesPerUs, _viewers.Min(v => v.DownBytesPerUs)), _viewers.Count * _track.LengthBytes / up);
        _sim.Seed(_host, _track);
        if (Kind == RoomKind.Playing)
            Play(up, everyone);
        if (Kind == RoomKind.Restless)
            Disturb();
        _sim.Run(SeededAtUs + (long)(20 * BoundUs) + 120_000_000);
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{_viewers.Count} viewers, {_track.ChunkCount} chunks, host {_host.UpBytesPerUs * 8:F2} Mbit/s, viewers {string.Join(' ', _viewers.Select(v => $"{v.UpBytesPerUs * 8:F2}"))}; bound {BoundUs / 1e6:F2} s, took {TookUs / 1e6:F2} s, {Copies:F2} copies (may be {CopiesAllowed:F2}), {_viewers.Sum(v => v.Twice)} chunks came twice");

    // Uplinks from a DSL line to a campus, delays from the same switch to another continent.
    private SimPeer AddPeer(string name, bool isHost = false)
    {
        var up = Math.Exp(Math.Log(60_000) + _random.NextDouble() * (Math.Log(2_500_000) - Math.Log(60_000)));
        return _sim.Add(
            name, up, downBytesPerSecond: Math.Max(2 * up, 1_000_000), isHost: isHost,
            delayUs: _random.Next(100, 30_000), jitterUs: _random.Next(0, 5_000));
    }

    private void Play(double up, List<SimPeer> everyone)
    {
        _bytesPerUs = 0.5 * Math.Min(_host.UpBytesPerUs, up / _viewers.Count);
        _playsAtUs = _sim.NowUs + 3_000_000 + (long)(4 * ChunkSize / _bytesPerUs);
        foreach (var peer in everyone)
            _sim.Do(peer, core => core.SetPlayhead(_track.Id, 0, _bytesPerUs, true, _playsAtUs, _sim.NowUs));
    }

    private void Disturb()
    {
        for (var i = _random.Next(1, 6); i > 0; i--)
        {
            var at = _sim.NowUs + (long)(_random.NextDouble() * 1.5 * BoundUs);
            var (one, other) = (_viewers[_random.Next(_viewers.Count)], _random.Next(3) == 0 ? _host : _viewers[_random.Next(_viewers.Count)]);
            switch (_random.Next(3))
            {
                case 0 when one != other:
                    _sim.At(at, () => _sim.Break(one, other));
                    _sim.At(at + _random.Next(10_000, 3_000_000), () => Meet(one, other));
                    break;
                case 1 when _dead.Count + 1 < _viewers.Count && _dead.Add(one):
                    _sim.At(at, () => _sim.Kill(one));
                    // Nobody may hang on the one that died.
                    foreach (var viewer in _viewers.ToArray())
                        _sim.At(at + 500_000, () => Meet(viewer, _host));
                    break;
                default:
                    var late = AddPeer($"late{i}");
                    _viewers.Add(late);
                    _sim.At(at, () =>
                    {
                        foreach (var peer in _viewers.Append(_host).ToArray())
                            Meet(late, peer);
                        _sim.Want(late, _track);
                    });
                    break;
            }
        }
    }

    private void Meet(SimPeer one, SimPeer other)
    {
        if (one != other && !one.IsGone && !other.IsGone && one.Wires.Values.All(w => w.Peer != other))
            _sim.Connect(one, other);
    }
}
