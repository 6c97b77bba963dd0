using System.Globalization;
using Jam.Peer.Session;
using Jam.Peer.Takeover;
using Jam.Server.Contracts;
using Jam.Server.Rooms;

namespace Jam.Tests.Takeover;

/// <summary>
/// Peers and servers on a network that falls apart and comes together again, where servers and peers are killed and servers come back
/// with what they had stored or with nothing, all from one seed. The rules are the real ones: each peer's core and room, each server's
/// room machine. What members say of the authority is lost, late, out of order and twice.
/// </summary>
internal sealed partial class TakeoverModel
{
    private const long StormUs = 90_000_000;
    private const long CalmUs = 150_000_000;
    private const long StepUs = 250_000;
    private const long TryEveryUs = 500_000;
    private const string RoomName = "jam";

    private readonly Random _random;
    private readonly PriorityQueue<Action, (long, int)> _events = new();
    private readonly List<SimServer> _servers = [];
    private readonly List<SimPeer> _peers = [];
    private readonly List<string> _wrongs = [];
    private readonly List<string> _log = [];
    private long _nowUs = 1_000_000;
    private int _order;
    private long _nextConnection = 1;
    private bool _isStorm = true;

    public TakeoverModel(int seed)
    {
        _random = new Random(seed);
        // The first server stands alone, or in the first peer as a host's does.
        var isEmbedded = _random.Next(2) == 0;
        var count = _random.Next(2, 6);
        for (var i = 0; i < count; i++)
            _peers.Add(new SimPeer(i));
        var first = StartServer(isEmbedded ? _peers[0] : null);
        foreach (var peer in _peers)
        {
            peer.Core.Advertise([first.Url]);
            peer.Candidates = [first.Url];
            if (peer.Own is { } own)
                peer.Core.ServerRuns(own.Clock, null, own.Url, _nowUs);
            After(_random.Next(1_000_000), () => Try(peer));
            After(_random.Next((int)StepUs), () => Step(peer));
        }
    }

    /// <summary>What happened, for who looks into a seed.</summary>
    public IReadOnlyList<string> Log => _log;

    /// <summary>How often a peer took the room over.</summary>
    public int Takeovers { get; private set; }

    /// <summary>How often peers went from a living authority to a higher one, and how often they came home from one of their own.</summary>
    public (int Moves, int Homecomings) Moves { get; private set; }

    /// <summary>Plays it out; what went wrong, in order.</summary>
    public IReadOnlyList<string> Run()
    {
        for (var i = _random.Next(2, 7); i > 0; i--)
            After(12_000_000 + _random.NextInt64(StormUs - 12_000_000), Disturb);
        After(StormUs, EndStorm);
        var endsUs = _nowUs + StormUs + CalmUs;
        while (_events.TryDequeue(out var next, out var due) && due.Item1 <= endsUs && _wrongs.Count == 0)
        {
            _nowUs = due.Item1;
            next();
        }

        if (_wrongs.Count == 0)
            CheckTheEnd();
        return _wrongs;
    }

    private Moment Now => new(_nowUs, 1_700_000_000_000_000 + _nowUs);

    private void After(long us, Action action) => _events.Enqueue(action, (_nowUs + us, _order++));

    private void Note(string line) => _log.Add(string.Create(CultureInfo.InvariantCulture, $"{_nowUs / 1e6:0.000} {line}"));

    private SimServer StartServer(SimPeer? home, SimServer? old = null, bool keeps = false)
    {
        var clock = new Guid(_random.Next(), (short)_random.Next(), 0, new byte[8]);
        var server = new SimServer(clock, home, old?.Url ?? $"ws://10.0.0.{_servers.Count + 1}:8000/ws/{RoomName}")
        {
            Machine = old?.Machine ?? home?.Machine ?? new Machine(),
            Room = keeps && old is { Room: { } kept } ? RoomMemory.Restore(RoomMemory.Store(kept, Now), clock, Now) : null,
        };
        _servers.Add(server);
        if (home is not null)
            home.Own = server;
        return server;
    }

    private void Step(SimPeer peer)
    {
        if (!peer.IsAlive)
            return;
        After(StepUs, () => Step(peer));
        FollowLinks(peer);
        if (peer.State.PeerId is { } id)
        {
            peer.Core.Self = id;
            peer.Core.Tick(_nowUs, Legacy.Candidates(peer.State, Jam.Peer.Network.SwarmSnapshot.Empty));
        }

        CarryOut(peer);
        if (_isStorm && _random.Next(12) == 0)
            Command(peer);
        // A probe's answer tells what is newest; who knows less for long asks for the room.
        if (peer.At is { Server: { IsAlive: true, Room: { } room } } at && peer.State.IsBehind(room.Revisions) && _nowUs - peer.AskedUs > 2_000_000)
        {
            peer.AskedUs = _nowUs;
            Say(at, new SnapshotRequest());
        }
    }

    private void CarryOut(SimPeer peer)
    {
        foreach (var effect in peer.Core.TakeEffects())
        {
            switch (effect)
            {
                case Say say:
                    foreach (var other in peer.Links.Where(o => say.PeerId is null || o.State.PeerId == say.PeerId).ToArray())
                        Tell(peer, other);
                    break;
                case MoveTo move:
                    Look(peer, move.Rank.Id, move.Urls, move.ComesHome);
                    break;
                case TryThese these:
                    peer.Candidates = these.Urls;
                    break;
                case StartServer start:
                    Takeovers++;
                    Note($"p{peer.Number} takes over with epoch {start.Epoch}");
                    After(50_000 + _random.Next(800_000), () => TakeOver(peer, start.Epoch));
                    break;
                case Ask ask:
                    After(Delay(), () => Question(peer, ask));
                    break;
                default:
                    throw new NotSupportedException();
            }
        }
    }

    private void TakeOver(SimPeer peer, long epoch)
    {
        if (!peer.IsAlive)
            return;
        var server = peer.Own ?? StartServer(peer);
        var inheritance = Legacy.ForOwnServer(peer.State, RoomName, null, epoch, 8_000_000, id => peer.Links.Any(l => l.State.PeerId == id), _nowUs)
            with { Known = ResumeOf(peer) };
        var room = Inheriting.Open(inheritance, server.Clock, Now);
        if (server.Room is { } old)
        {
            room = Succession.Raised(room, old.Timeline.Epoch + 1);
            foreach (var seated in _peers.Where(p => p.At?.Server == server).ToArray())
                Break(seated, seated.At!);
        }

        server.Room = room;
        peer.Core.ServerRuns(server.Clock, room.Timeline.Epoch, server.Url, _nowUs);
        CarryOut(peer);
    }

    private Resume? ResumeOf(SimPeer peer) => peer.State is not { Timeline.Current: { } timeline } state ? null : new Resume(
        timeline, state.Track, _nowUs, 10 + peer.Number, _nowUs, state.Tempo?.Current, state.Policy, state.Queue, state.Repeat, state.Loop.Shape,
        state.PolicyStamp.Revision, state.QueueStamp.Revision);

    private void Question(SimPeer peer, Ask ask)
    {
        if (!peer.IsAlive || ServerAt(peer, ask.Url) is not { } server)
            return;
        server.Room ??= Room.Open(RoomName, "c2VjcmV0", server.Clock, _nowUs);
        var connection = _nextConnection++;
        var told = ask.Told ?? new Rendezvous(1, peer.Core.Best.Id, []);
        var step = RoomMachine.Receive(server.Room, new TellRendezvous(told), new Sender(connection, null, "", ""), Now);
        Take(server, step);
        if (step.Outgoing.OfType<ToOne>().FirstOrDefault(o => o.Connection == connection)?.Message is Rendezvous answer)
        {
            After(Delay(), () =>
            {
                peer.Core.Answered(ask.Url, answer, _nowUs);
                CarryOut(peer);
            });
        }
    }

    // Members speak over TCP, but connections break and come anew: what they say may be lost, and the model shuffles it, too.
    private void Tell(SimPeer from, SimPeer to)
    {
        var word = from.Core.Word;
        if (word.Rank.Epoch == 0 || (_isStorm && _random.Next(100) < 15))
            return;
        for (var copies = _isStorm && _random.Next(100) < 10 ? 2 : 1; copies > 0; copies--)
        {
            After(Delay(), () =>
            {
                if (!to.IsAlive || !to.Links.Contains(from) || from.State.PeerId is not { } id)
                    return;
                FollowLinks(to);
                to.Core.Hear(id, word, _nowUs);
                CarryOut(to);
            });
        }
    }

    private long Delay() => 1_000 + _random.Next(_isStorm ? 400_000 : 30_000);

    private void FollowLinks(SimPeer peer)
    {
        foreach (var other in _peers.Where(o => o != peer))
        {
            // Both have been members, or they could not prove anything to each other.
            var stands = other.IsAlive && other.Machine.Reaches(peer.Machine, _nowUs) && other.State.PeerId is not null && peer.State.PeerId is not null;
            if (stands && peer.Links.Add(other))
            {
                peer.LinkIds[other] = other.State.PeerId!;
                peer.Core.LinkUp(other.State.PeerId!);
            }
            else if (!stands && peer.Links.Remove(other) && peer.LinkIds.Remove(other, out var id))
            {
                peer.Core.LinkDown(id);
            }
        }
    }

    private SimServer? ServerAt(SimPeer peer, string url) =>
        _servers.LastOrDefault(s => s.Url == url && s.IsAlive && (s.Home == peer || s.Machine.Reaches(peer.Machine, _nowUs)));

    private void CheckTheEnd()
    {
        var alive = _peers.Where(p => p.IsAlive).ToArray();
        var places = alive.Select(p => p.At?.Server).Distinct().ToArray();
        if (places is not [{ Room: { } room } server])
        {
            _wrongs.Add("the end: they are at " + string.Join(", ", alive.Select(p => $"p{p.Number}: {p.At?.Server.Url ?? "nowhere"}")));
            return;
        }

        foreach (var rank in alive.SelectMany(p => p.Followed).Where(r => r.Outranks(room.Rank)))
            _wrongs.Add($"the end: {rank} was followed in company and {room.Rank} is not above it");
        foreach (var peer in alive)
        {
            var state = peer.State;
            Same(peer, "authority", server.Clock, state.Timeline?.Current.ClockId);
            Same(peer, "timeline", room.Timeline, state.Timeline?.Current);
            Same(peer, "track", room.Track?.TrackId, state.Track?.TrackId);
            Same(peer, "tempo", room.Tempo.Current, state.Tempo?.Current);
            Same(peer, "policy", room.Policy, state.Policy);
            Same(peer, "list", string.Join(' ', room.Queue.Select(t => t.TrackId)), string.Join(' ', state.Queue.Select(t => t.TrackId)));
            Same(peer, "loop", room.Loop, state.Loop.Shape);
        }

        Same(alive[0], "members", alive.Length, room.Seats.Count);
    }

    private void Same<T>(SimPeer peer, string what, T room, T known)
    {
        if (!EqualityComparer<T>.Default.Equals(room, known))
            _wrongs.Add($"the end: p{peer.Number} has {what} {known}, the room {room}");
    }
}
