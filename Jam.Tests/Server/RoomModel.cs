using System.Globalization;
using Jam.Peer.Session;
using Jam.Server.Contracts;
using Jam.Server.Rooms;

namespace Jam.Tests.Server;

/// <summary>
/// A room and a few members on links that lose, delay, reorder and duplicate what travels, all from one seed; with every other seed
/// they keep order and lose nothing for as long as they stand, as a WebSocket does. Members follow the room by the very rules that peers
/// follow it by; the authority may start anew, with or without what it had stored.
/// </summary>
internal sealed class RoomModel(int seed)
{
    private const long StormUs = 20_000_000;
    private const long CalmUs = 60_000_000;

    // Before the end a list that plays on is held still: what was said last has to arrive.
    private const long HeldUs = 20_000_000;
    private const long ProbeEveryUs = 2_000_000;

    private readonly Random _random = new(seed);
    private readonly PriorityQueue<Action, (long, int)> _events = new();
    private readonly List<ModelMember> _members = [];
    private readonly List<string> _wrongs = [];
    private long _nowUs = 1_000_000;
    private int _order;
    private long _nextConnection = 1;
    private int _generation;
    private bool _isStorm = true;
    private readonly bool _isOrderly = seed % 2 == 0;
    private readonly Dictionary<(long Connection, bool IsToRoom), long> _lastArrivalUs = [];
    private Room _room = Room.Open("jam", "c2VjcmV0", new Guid(1, 0, 0, new byte[8]), 1_000_000);

    /// <summary>Plays it out; what went wrong, in order.</summary>
    public IReadOnlyList<string> Run()
    {
        var count = _random.Next(2, 6);
        for (var i = 0; i < count; i++)
        {
            var member = new ModelMember(i);
            _members.Add(member);
            After(_random.Next(500_000), () => Connect(member));
            After(_random.Next((int)ProbeEveryUs), () => Probe(member));
            After(1_000_000 + _random.Next(500_000), () => Act(member));
        }

        var stormEndsUs = _nowUs + StormUs;
        var endsUs = stormEndsUs + CalmUs;
        while (_events.TryPeek(out _, out var due))
        {
            var roomUs = _room.NextDueUs < endsUs - HeldUs ? _room.NextDueUs : long.MaxValue;
            var nextUs = Math.Min(due.Item1, roomUs);
            if (nextUs > endsUs || _wrongs.Count > 0)
                break;
            _nowUs = Math.Max(_nowUs, nextUs);
            _isStorm = _nowUs < stormEndsUs;
            if (due.Item1 <= roomUs)
                _events.Dequeue()();
            else
                Due();
        }

        CheckTheEnd();
        return _wrongs;
    }

    private Moment Now => new(_nowUs, 1_700_000_000_000_000 + _nowUs);

    private void Due()
    {
        var before = _room;
        Take(RoomMachine.Due(_room, Now));
        if (_room.NextDueUs <= _nowUs && _room == before)
            _wrongs.Add($"{Seconds()}: the room wants to be called for nothing, for ever");
    }

    private void After(long us, Action action) => _events.Enqueue(action, (_nowUs + us, _order++));

    /// <summary>What travels is lost, or comes once or twice, each time after a delay of its own. In the calm only delays are left, and a little loss.</summary>
    private void Travel(Action arrive, long connection, bool isToRoom)
    {
        if (_isOrderly)
        {
            var atUs = Math.Max(_lastArrivalUs.GetValueOrDefault((connection, isToRoom)), _nowUs + 1_000 + _random.Next(_isStorm ? 400_000 : 30_000));
            _lastArrivalUs[(connection, isToRoom)] = atUs;
            After(atUs - _nowUs, arrive);
            return;
        }

        if (_random.Next(100) < (_isStorm ? 20 : 5))
            return;
        for (var copies = _isStorm && _random.Next(100) < 15 ? 2 : 1; copies > 0; copies--)
            After(1_000 + _random.Next(_isStorm ? 400_000 : 30_000), arrive);
    }

    private void Connect(ModelMember member)
    {
        if (member.IsSentAway)
            return;
        var connection = _nextConnection++;
        // The old one may still stand on the server's side; that it broke shows there later, if at all.
        if (member.Connection is var old and not 0)
            After(_random.Next(3_000_000), () => Take(RoomMachine.Lose(_room, old, "lost", Now)));
        member.Connection = connection;
        var generation = _generation;
        var state = member.State;
        var resume = state.Timeline is { Current: var t } ? new Resume(
            t, state.Track, _nowUs, 10 + member.Number, _nowUs, state.Tempo?.Current, state.Policy, state.Queue, state.Repeat, state.Loop.Shape) : null;
        var role = member.Number == 0 ? Role.Host : Role.Viewer;
        // A connection is made or it is not; what follows on it is what gets lost here.
        Hear(member, connection, generation, new Hello(role, $"m{member.Number}", state.PeerId, ResumeToken: state.ResumeToken, Resume: resume));
    }

    private void Hear(ModelMember member, long connection, int generation, ClientMessage message)
    {
        if (generation != _generation || member.Connection != connection)
            return;
        var before = _room;
        var isKnown = before.Seats.TryGetValue(connection, out var seat);
        var sender = new Sender(connection, null, $"p{connection}", $"t{connection}");
        Take(RoomMachine.Receive(_room, message, sender, Now));
        if (isKnown && RoomRights.Broken(before, _room, seat!, message, Now.Us) is { } broken)
            _wrongs.Add($"{Seconds()}: {message} of m{member.Number}: {broken}");
        if (_room.Seats.Values.Any(s => s.Member.Role == Role.Host != (s.Connection == _room.HostConnection)))
            _wrongs.Add($"{Seconds()}: the host's place is taken by someone else than who has the role");
        if (_room.Timeline != before.Timeline && _room.Timeline.CompareTo(before.Timeline) <= 0)
            _wrongs.Add($"{Seconds()}: the room went back to {_room.Timeline}");
    }

    private void Take(Step step)
    {
        _room = step.Room;
        var generation = _generation;
        // What one event makes for one member travels together, as the pages of a snapshot do.
        foreach (var member in _members.Where(m => m.Connection != 0))
        {
            var messages = step.Outgoing.Select(o => o switch
            {
                ToOne one when one.Connection == member.Connection => one.Message,
                ToAll all when all.Except != member.Connection && _room.Seats.ContainsKey(member.Connection) => all.Message,
                ToSome some when some.Connections.Contains(member.Connection) => some.Message,
                _ => null,
            }).OfType<ServerMessage>().ToArray();
            var connection = member.Connection;
            if (messages.Length > 0)
                Travel(() => Reach(member, connection, generation, messages), connection, false);
        }
    }

    private void Reach(ModelMember member, long connection, int generation, ServerMessage[] messages)
    {
        if (generation != _generation || member.Connection != connection)
            return;
        foreach (var message in messages)
        {
            var before = member.State;
            member.State = before.Apply(message);
            if (RoomRights.WentBack(before, member.State) is { } back)
                _wrongs.Add($"{Seconds()}: m{member.Number} went back: {back}");
            member.IsSentAway |= message is Error { Code: ErrorCodes.Kicked };
        }
    }

    /// <summary>A probe's answer tells what is newest; who knows less asks for the room.</summary>
    private void Probe(ModelMember member)
    {
        After(ProbeEveryUs, () => Probe(member));
        var (connection, generation) = (member.Connection, _generation);
        if (connection == 0 || !_room.Seats.ContainsKey(connection))
        {
            Connect(member);
            return;
        }

        var newest = _room.Revisions;
        Travel(
            () =>
            {
                if (generation == _generation && member.Connection == connection && (member.State.PeerId is null || member.State.IsBehind(newest)))
                    Travel(() => Hear(member, connection, generation, new SnapshotRequest()), connection, true);
            },
            connection, false);
    }

    private void Act(ModelMember member)
    {
        if (!_isStorm)
            return;
        After(50_000 + _random.Next(1_500_000), () => Act(member));
        var (connection, generation) = (member.Connection, _generation);
        switch (_random.Next(40))
        {
            case 2 when _random.Next(2) == 0:
                // Its network is gone, and it comes back before the server has noticed.
                After(_random.Next(1_000_000), () => Connect(member));
                break;
            case 0:
                Take(RoomMachine.Lose(_room, connection, "lost", Now));
                member.Connection = 0;
                After(_random.Next(3_000_000), () => Connect(member));
                break;
            case 1 when _random.Next(6) == 0:
                StartAnew();
                break;
            default:
                var message = RoomModelCommands.Next(_random, _room, member.State, _nowUs);
                Travel(() => Hear(member, connection, generation, message), connection, true);
                break;
        }
    }

    /// <summary>Another authority with another clock: it knows what was stored, or nothing.</summary>
    private void StartAnew()
    {
        _generation++;
        var clock = new Guid(_generation + 1, 0, 0, new byte[8]);
        _room = _random.Next(2) == 0
            ? RoomMemory.Restore(RoomMemory.Store(_room, Now), clock, Now)
            : Room.Open("jam", "c2VjcmV0", clock, _nowUs);
        foreach (var member in _members)
        {
            member.Connection = 0;
            After(_random.Next(4_000_000), () => Connect(member));
        }
    }

    private void CheckTheEnd()
    {
        foreach (var member in _members.Where(m => _wrongs.Count == 0 && (!m.IsSentAway || _room.Seats.ContainsKey(m.Connection))))
        {
            var state = member.State;
            Same(member, "place in the room", !member.IsSentAway, _room.Seats.ContainsKey(member.Connection));
            if (_isOrderly)
            {
                Same(member, "members", Text(_room.Seats.Values.Select(s => s.Member).Where(m => m.PeerId != state.PeerId)), Text(state.Others.Values));
                Same(member, "role", _room.Seats[member.Connection].Member is var me ? (me.Role, me.IsMuted) : default, (state.Role, state.IsMuted));
            }

            Same(member, "timeline", _room.Timeline, state.Timeline?.Current);
            Same(member, "track", _room.Track, state.Track);
            Same(member, "tempo", _room.Tempo.Current, state.Tempo?.Current);
            Same(member, "policy", _room.Policy, state.Policy);
            Same(member, "list", string.Join(' ', _room.Queue), string.Join(' ', state.Queue));
            Same(member, "repeat", (_room.Repeat, _room.ShuffleOrder is not null), (state.Repeat, state.IsShuffled));
            Same(member, "loop", _room.Loop, state.Loop.Shape);
            Same(member, "lanes", Text(_room.Lanes.Values.Select(l => (l.PeerId, l.Steps))),
                Text(state.Loop.Parts.Where(p => p.Value.Steps.Count > 0).Select(p => (p.Key, p.Value.Steps))));
        }
    }

    private static string Text(IEnumerable<Member> members) =>
        string.Join(' ', members.OrderBy(m => m.PeerId, StringComparer.Ordinal).Select(m => $"{m.PeerId}:{m.Role}:{m.IsMuted}"));

    private static string Text(IEnumerable<(string PeerId, IReadOnlyList<LoopStep?> Steps)> lanes) =>
        string.Join(' ', lanes.Select(l => $"{l.PeerId}:{string.Join(',', l.Steps.Select(s => s?.Pitch))}"));

    private void Same<T>(ModelMember member, string what, T room, T known)
    {
        if (!EqualityComparer<T>.Default.Equals(room, known))
            _wrongs.Add($"the end: m{member.Number} has {what} {known}, the room {room}");
    }

    private string Seconds() => (_nowUs / 1e6).ToString("0.000", CultureInfo.InvariantCulture);

    private sealed class ModelMember(int number)
    {
        public int Number => number;

        public long Connection { get; set; }

        public bool IsSentAway { get; set; }

        public RoomState State { get; set; } = new();
    }
}
