using Jam.Peer.Session;
using Jam.Peer.Takeover;
using Jam.Server.Contracts;
using Jam.Server.Rooms;

namespace Jam.Tests.Takeover;

/// <summary>What the peers live in, and what befalls them.</summary>
internal sealed partial class TakeoverModel
{
    /// <summary>The network falls apart or together, something dies, or a server comes back.</summary>
    private void Disturb()
    {
        switch (_random.Next(6))
        {
            case 0 or 1:
                var border = _random.Next(1, 4);
                foreach (var machine in Machines())
                    machine.Move(_random.Next(border + 1), _nowUs, _nowUs + _random.Next(3_000_000));
                Note("the network falls apart: " + string.Join(' ', Machines().Select(m => m.Group)));
                break;
            case 2:
                Heal();
                break;
            case 3 or 4:
                var server = _servers.LastOrDefault(s => s.IsAlive && s.Home is null);
                if (server is not null)
                    Kill(server);
                else if (_servers.LastOrDefault(s => s.Home is null) is { } dead)
                    Return(dead);
                break;
            default:
                if (_peers.Count(p => p.IsAlive) > 2)
                    Kill(_peers.Where(p => p.IsAlive).ElementAt(_random.Next(_peers.Count(p => p.IsAlive))));
                break;
        }
    }

    private IEnumerable<Machine> Machines() => _peers.Select(p => p.Machine).Concat(_servers.Select(s => s.Machine)).Distinct();

    private void Heal()
    {
        Note("the network comes together");
        foreach (var machine in Machines())
            machine.Move(0, _nowUs, _nowUs + _random.Next(3_000_000));
    }

    private void Kill(SimServer server)
    {
        Note($"{server.Url} is killed");
        server.IsAlive = false;
    }

    private void Kill(SimPeer peer)
    {
        Note($"p{peer.Number} is killed");
        peer.IsAlive = false;
        foreach (var server in _servers.Where(s => s.Home == peer))
            server.IsAlive = false;
        if (peer.At is { } at)
            Lose(at);
    }

    private void Return(SimServer dead)
    {
        var keeps = _random.Next(2) == 0;
        Note($"{dead.Url} comes back {(keeps ? "with what it had stored" : "with nothing")}");
        StartServer(null, dead, keeps);
    }

    private void EndStorm()
    {
        _isStorm = false;
        Heal();
        if (_random.Next(2) == 0 && _servers.LastOrDefault(s => s.Home is null) is { IsAlive: false } dead)
            Return(dead);
    }

    private sealed class Machine
    {
        private int _before;
        private long _sinceUs = long.MinValue;

        public int Group { get; private set; }

        public void Move(int group, long nowUs, long fromUs)
        {
            _before = nowUs < _sinceUs ? _before : Group;
            (Group, _sinceUs) = (group, fromUs);
        }

        public bool Reaches(Machine other, long nowUs) => At(nowUs) == other.At(nowUs);

        private int At(long nowUs) => nowUs < _sinceUs ? _before : Group;
    }

    private sealed class SimServer(Guid clock, SimPeer? home, string url)
    {
        public Guid Clock => clock;

        public SimPeer? Home => home;

        public string Url => url;

        public Machine Machine { get; init; } = new();

        public bool IsAlive { get; set; } = true;

        public Room? Room { get; set; }

        public long ScheduledUs { get; set; } = long.MaxValue;
    }

    private sealed class SimConnection(long id, SimServer server, SimPeer peer)
    {
        public long Id => id;

        public SimServer Server => server;

        public SimPeer Peer => peer;

        public List<ServerMessage> Waiting { get; } = [];

        public bool IsTaken { get; set; }

        public long LastUs { get; set; }
    }

    private sealed class SimPeer(int number)
    {
        public int Number => number;

        public TakeoverCore Core { get; } = new();

        public RoomState State { get; set; } = new();

        public Machine Machine { get; } = new();

        public bool IsAlive { get; set; } = true;

        public SimServer? Own { get; set; }

        public SimConnection? At { get; set; }

        public SimConnection? Opening { get; set; }

        public IReadOnlyList<string> Candidates { get; set; } = [];

        public int NextCandidate { get; set; }

        public long AskedUs { get; set; }

        public HashSet<SimPeer> Links { get; } = [];

        public Dictionary<SimPeer, string> LinkIds { get; } = [];

        /// <summary>Authorities that it followed together with others.</summary>
        public HashSet<AuthorityRank> Followed { get; } = [];
    }
}
