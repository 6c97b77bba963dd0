using Jam.Server.Contracts;
using Jam.Server.Rooms;
using Jam.Tests.Server;

namespace Jam.Tests.Takeover;

/// <summary>The peers' connections with servers.</summary>
internal sealed partial class TakeoverModel
{
    /// <summary>Without a connection the known addresses are tried in turn.</summary>
    private void Try(SimPeer peer)
    {
        if (!peer.IsAlive || peer.At is not null)
            return;
        var url = peer.Candidates[peer.NextCandidate++ % peer.Candidates.Count];
        After(Delay(), () =>
        {
            if (peer is { IsAlive: true, At: null } && Join(peer, url, comesHome: false) is { } found)
                Arrive(peer, found, false);
            else if (peer is { IsAlive: true, At: null })
                After(TryEveryUs, () => Try(peer));
        });
    }

    /// <summary>Beside a connection that stands, where one does.</summary>
    private void Look(SimPeer peer, Guid authority, IReadOnlyList<string> urls, bool comesHome)
    {
        if (urls.Count == 0)
            return;
        After(Delay(), () =>
        {
            var before = peer.At;
            if (!peer.IsAlive || before?.Server.Clock == authority)
                return;
            if (before?.Server.Url == urls[0])
            {
                Look(peer, authority, [.. urls.Skip(1)], comesHome);
                return;
            }

            if (Join(peer, urls[0], comesHome) is not { } found)
            {
                Look(peer, authority, [.. urls.Skip(1)], comesHome);
                return;
            }

            if (before is not null && !comesHome && !found.Server.Room!.Rank.Outranks(before.Server.Room!.Rank))
            {
                Lose(found);
                return;
            }

            Moves = comesHome ? (Moves.Moves, Moves.Homecomings + 1) : before is null ? Moves : (Moves.Moves + 1, Moves.Homecomings);
            if (before is not null)
                Leave(before, found);
            Arrive(peer, found, comesHome);
        });
    }

    // Those who stay behind are shown the way.
    private void Leave(SimConnection before, SimConnection found)
    {
        var rank = found.Server.Room!.Rank;
        if (before.Server.Room is { } room && before.Server.IsAlive)
        {
            var told = new Rendezvous(rank.Epoch, rank.Id, [found.Server.Url]);
            Take(before.Server, RoomMachine.Receive(room, new TellRendezvous(told), new Sender(before.Id, null, "", ""), Now));
        }

        Lose(before);
    }

    private SimConnection? Join(SimPeer peer, string url, bool comesHome)
    {
        if (ServerAt(peer, url) is not { } server)
            return null;
        server.Room ??= Room.Open(RoomName, "c2VjcmV0", server.Clock, _nowUs);
        var connection = new SimConnection(_nextConnection++, server, peer);
        var resume = comesHome ? null : ResumeOf(peer);
        var least = comesHome || resume is null ? default : peer.State.Timeline!.Current.Rank;
        var role = peer.State.PeerId is null ? peer.Number == 0 ? Role.Host : Role.Viewer : peer.State.Role;
        // What follows on this connection waits until the peer has taken it for its own.
        peer.Opening = connection;
        var hello = new Hello(role, $"p{peer.Number}", peer.State.PeerId, ResumeToken: peer.State.ResumeToken, Resume: resume);
        Take(server, RoomMachine.Receive(server.Room, hello, new Sender(connection.Id, null, $"id{connection.Id}", $"token{connection.Id}"), Now));
        peer.Opening = null;
        if (!least.Outranks(server.Room.Rank))
            return connection;
        Lose(connection);
        return null;
    }

    private void Arrive(SimPeer peer, SimConnection found, bool comesHome)
    {
        if (peer.At is { } at && at != found)
            Lose(at);
        peer.At = found;
        if (comesHome)
            peer.State = peer.State.Forgotten();
        var rank = found.Server.Room!.Rank;
        Note($"p{peer.Number} is at {found.Server.Url}, {rank}{(comesHome ? ", home" : "")}");
        peer.Core.Connected(rank, found.Server.Url);
        foreach (var message in found.Waiting)
            Receive(peer, found, message);
        found.IsTaken = true;
        CarryOut(peer);
        Watch(peer, found);
    }

    /// <summary>A way that is gone is noticed a while later, on either side by itself.</summary>
    private void Watch(SimPeer peer, SimConnection connection)
    {
        if (!peer.IsAlive || peer.At != connection)
            return;
        var server = connection.Server;
        var stands = server.IsAlive && (server.Home == peer || server.Machine.Reaches(peer.Machine, _nowUs));
        if (!stands)
            After(_random.Next(server.IsAlive ? 5_000_000 : 100_000), () => Break(peer, connection));
        else
            After(200_000, () => Watch(peer, connection));
    }

    private void Break(SimPeer peer, SimConnection connection)
    {
        Lose(connection);
        if (peer.At != connection || !peer.IsAlive)
            return;
        peer.At = null;
        peer.Core.Lost(_nowUs);
        CarryOut(peer);
        Try(peer);
    }

    private void Lose(SimConnection connection)
    {
        if (connection.Server is { IsAlive: true, Room: { } room } server)
            Take(server, RoomMachine.Lose(room, connection.Id, "lost", Now));
    }

    private void Take(SimServer server, Step step)
    {
        server.Room = step.Room;
        foreach (var outgoing in step.Outgoing)
        {
            foreach (var peer in _peers)
            {
                var connection = peer.Opening?.Server == server ? peer.Opening : peer.At?.Server == server ? peer.At : null;
                var message = connection is null ? null : outgoing switch
                {
                    ToOne one when one.Connection == connection.Id => one.Message,
                    ToAll all when all.Except != connection.Id && step.Room.Seats.ContainsKey(connection.Id) => all.Message,
                    _ => null,
                };
                if (message is null)
                    continue;
                if (!connection!.IsTaken)
                {
                    connection.Waiting.Add(message);
                }
                else
                {
                    // TCP: late, but in order.
                    connection.LastUs = Math.Max(connection.LastUs, _nowUs + Delay());
                    After(connection.LastUs - _nowUs, () => Receive(peer, connection, message));
                }
            }
        }

        if (server.Room.NextDueUs < server.ScheduledUs)
        {
            server.ScheduledUs = Math.Max(_nowUs, server.Room.NextDueUs);
            After(server.ScheduledUs - _nowUs, () => Due(server));
        }
    }

    private void Due(SimServer server)
    {
        server.ScheduledUs = long.MaxValue;
        if (server is { IsAlive: true, Room: { } room })
        {
            if (room.IsOver(_nowUs))
                server.Room = null;
            else
                Take(server, RoomMachine.Due(room, Now));
        }
    }

    private void Receive(SimPeer peer, SimConnection connection, ServerMessage message)
    {
        if (peer.At != connection || !peer.IsAlive)
            return;
        if (message is Error { Close: true })
        {
            Break(peer, connection);
            return;
        }

        var before = peer.State;
        peer.State = before.Apply(message);
        if (before.Timeline is { Current: var old } && peer.State.Timeline!.Current != old && peer.State.Timeline.Current.CompareTo(old) <= 0)
            _wrongs.Add($"p{peer.Number} went back from {old} to {peer.State.Timeline.Current}");
        if (peer.State.Timeline is { Current.Rank: var rank } && rank.Id == connection.Server.Clock)
        {
            peer.Core.Raised(rank);
            if (message is Snapshot or PeerJoined && peer.State.Others.Count > 0)
            {
                peer.Core.HasCompany();
                peer.Followed.Add(rank);
            }
        }

        if (message is Rendezvous told)
            peer.Core.Answered(connection.Server.Url, told, _nowUs);
        CarryOut(peer);
    }

    private void Command(SimPeer peer)
    {
        if (peer.At is not { } at || !at.Server.IsAlive || !at.IsTaken)
            return;
        ClientMessage message = _random.Next(9) switch
        {
            0 or 1 => new Play(_random.Next(9_000_000)),
            2 => new Pause(),
            3 => new Seek(_random.Next(9_000_000)),
            4 => new SetTrack(RoomHarness.TrackId, "t.mp3", 5, 1024, TrackKind.Audio, 500_000_000),
            5 => new Queue("add", RoomHarness.Track),
            6 => new SetTempo(20 + _random.Next(380)),
            7 => new SetLoop(_random.Next(2) == 0, null, 1 + _random.Next(8)),
            _ => new SetPolicy(Control.Everyone, null, (HostLoss)_random.Next(3)),
        };
        Say(at, message);
    }

    private void Say(SimConnection at, ClientMessage message) => After(Delay(), () =>
    {
        if (at.Server is { IsAlive: true, Room: { } room } && room.Seats.ContainsKey(at.Id))
            Take(at.Server, RoomMachine.Receive(room, message, new Sender(at.Id, null, "", ""), Now));
    });
}
