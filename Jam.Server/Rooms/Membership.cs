using System.Net;
using Jam.Server.Contracts;

namespace Jam.Server.Rooms;

/// <summary>Who is here, under which id and name, and who is the host.</summary>
internal static class Membership
{
    private const string DefaultName = "guest";
    private const string ReplacedText = "you came back on another connection";
    private const string RestoredNote = "restored";

    public static void Join(RoomTurn turn, Hello hello, Sender sender)
    {
        if (turn.Room.Seats.Count >= Limits.MaxMembers)
        {
            turn.Fail(sender.Connection, ErrorCodes.RoomFull, "the room is full", close: true);
            return;
        }

        if (hello.PeerId is { } claimed && turn.Room.Kicked.Contains(claimed))
        {
            turn.Fail(sender.Connection, ErrorCodes.Kicked, Authority.KickedText, close: true);
            return;
        }

        if (IsOvertaken(turn, hello, sender))
        {
            turn.Fail(sender.Connection, ErrorCodes.Replaced, ReplacedText, close: true);
            return;
        }

        if (!Door.Admit(turn, hello, sender))
            return;
        // Before anyone has seen it: a room that is not to be listed never was.
        var isNew = turn.Room is { NextJoinSeq: 1, Seats.IsEmpty: true, PolicyRevision: 0 };
        if (hello.IsListed is { } isListed && isNew)
            turn.Room = turn.Room with { Policy = turn.Room.Policy with { IsListed = isListed } };
        if (hello is { IsEncrypted: true, Role: Role.Host } && isNew)
            turn.Room = turn.Room with { Policy = turn.Room.Policy with { Links = LinkSecurity.Tls } };
        var before = turn.Room.Timeline;
        var (identity, replaced) = Recognize(turn, hello, sender);
        var isOwner = hello.Role == Role.Host && Door.IsOwner(turn.Room.Door, hello.HostToken);
        var stepsDown = isOwner && turn.Room.HostConnection is { } usurper ? Authority.StepDown(turn, usurper) : null;
        var isHost = hello.Role == Role.Host && (isOwner || MayHost(turn, identity.PeerId));
        var doorBefore = turn.Room.Door;
        var hostToken = isHost ? Door.TakeFirstHost(turn, hello, sender) ?? identity.Retry?.HostToken : null;
        if (turn.Room.HostClaim?.PeerId == identity.PeerId)
            turn.Room = turn.Room with { HostClaim = null };
        var member = new Member(
            identity.PeerId, FreeName(turn.Room, Names.Clean(hello.Name, Limits.MaxMemberNameLength) ?? identity.Name, identity.JoinSeq),
            isHost ? Role.Host : Role.Viewer, identity.JoinSeq, Addresses(hello, sender), null,
            identity.IsMuted && !isHost, hello.GatewayPort, Tokens.HashOf(identity.Token), hello.LinkKey);
        var seat = new Seat(sender.Connection, member, identity.Token)
        {
            Retry = hello.RetryToken is { } retry ? new Retry(retry, hostToken) : null,
        };
        Seat(turn, seat);
        Crowd.Enter(turn, seat, replaced);
        var note = hello.Resume is { } resume ? Succession.Resume(turn, resume, sender.Connection) : null;
        if (turn.Room.IsRestored)
            note = RestoredNote;
        if (note == Succession.ResumedNote && hello.Resume?.Door is { } brought)
            Door.Adopt(turn, brought);

        var isChanged = turn.Room.Timeline != before;
        turn.Send(sender.Connection, turn.StateNow(note: note));
        turn.Send(sender.Connection, new Welcome(
            member.PeerId, member.Role, member.JoinSeq, identity.Token, turn.Room.Secret, turn.Room.Policy, sender.ObservedAddress)
        {
            HostToken = hostToken, WebPort = sender.WebPort,
            Door = turn.Room.Door == DoorSeal.Open ? null : DoorState.Of(turn.Room.Door, Door.IsHeir(member), turn.Room.Secret),
        });
        SendSnapshot(turn, sender.Connection);
        if (hello.Role == Role.Host && !isHost)
            turn.Fail(sender.Connection, ErrorCodes.HostTaken, "the room has a host; you are a viewer");
        if (isChanged)
            turn.SendAll(turn.StateNow(note: note), sender.Connection);
        Crowd.Tell(turn, seat, new PeerJoined(member), sender.Connection);
        if (stepsDown is not null)
            turn.SendAll(stepsDown, sender.Connection);
        if (turn.Room.Door != doorBefore)
            Door.Tell(turn, except: sender.Connection);
        Watching.Greet(turn, turn.Room.Seats[sender.Connection]);
        if (Moving.Successor(turn.Room, turn.Now.Us) is { } elsewhere)
            turn.Send(sender.Connection, elsewhere);
        turn.TouchStats();
    }

    /// <summary>Takes a member off. Who may return keeps its id, and a host its place for a while.</summary>
    public static void Leave(RoomTurn turn, Seat seat, string reason, bool mayReturn)
    {
        var member = seat.Member;
        Unseat(turn, seat);
        var absentees = turn.Room.Absentees;
        if (mayReturn && absentees.Count < Limits.MaxMembers)
            absentees = absentees.SetItem(member.PeerId, new Absentee(member.PeerId, member.Name, member.JoinSeq, seat.Token, turn.Now.Us, member.IsMuted) { Retry = seat.Retry });
        turn.Room = turn.Room with
        {
            Absentees = absentees,
            EmptySinceUs = turn.Room.Seats.IsEmpty ? turn.Now.Us : null,
            HostClaim = member.Role == Role.Host && mayReturn
                ? new HostClaim(member.PeerId, turn.Now.Us + RoomRules.HostGraceUs)
                : turn.Room.HostClaim,
        };
        Crowd.Tell(turn, seat, new PeerLeft(member.PeerId, member.Name, reason));
        Crowd.Leave(turn, seat);
        turn.TouchStats();
        if (!mayReturn)
            Looping.Clear(turn, member.PeerId);
        if (member.Role == Role.Host && !mayReturn)
            Authority.HostIsGone(turn);
        Playback.StartIfDue(turn);
    }

    public static void SayBye(RoomTurn turn, Seat seat)
    {
        Leave(turn, seat, "bye", mayReturn: false);
        turn.HangUp(seat.Connection);
    }

    public static void SetStats(RoomTurn turn, Seat seat, MemberStats stats)
    {
        var changed = seat with { Member = seat.Member with { Stats = stats.Totals is null ? stats : stats with { Totals = null } } };
        turn.Room = turn.Room with
        {
            Seats = turn.Room.Seats.SetItem(seat.Connection, changed),
            ChangedReports = turn.Room.ChangedReports.Add(seat.Member.PeerId),
            ReportsDueUs = Math.Min(turn.Room.ReportsDueUs, Math.Max(turn.Now.Us, turn.Room.ReportsSentUs + RoomRules.ReportsGapUs(turn.Room.Seats.Count, Lead.Worst(turn.Room).RttUs))),
        };
        turn.TouchStats();
    }

    public static void SendPeers(RoomTurn turn, Seat seat)
    {
        var pages = Pages.Of(Crowd.Of(turn.Room, seat));
        for (var page = 0; page < pages.Count; page++)
            turn.Send(seat.Connection, new Peers(pages[page], page, pages.Count));
    }

    /// <summary>The room as that member is told of it.</summary>
    public static void SendSnapshot(RoomTurn turn, long connection)
    {
        foreach (var page in Pages.Snapshot(turn, Crowd.Of(turn.Room, turn.Room.Seats[connection])))
            turn.Send(connection, page);
    }

    // A HELLO that was held up, on a connection that its member has given up for a later one, must not throw that one out.
    private static bool IsOvertaken(RoomTurn turn, Hello hello, Sender sender) =>
        hello.PeerId is { } peerId && turn.Room.Connections.TryGetValue(peerId, out var later) && later > sender.Connection
        && Retry.IsSelf(turn.Room.Seats[later].Token, turn.Room.Seats[later].Retry, hello);

    /// <summary>Who says HELLO: someone who is still seated elsewhere (on the connection that is replaced), who was here before, or who is new.</summary>
    private static (Absentee Identity, long? Replaced) Recognize(RoomTurn turn, Hello hello, Sender sender)
    {
        var room = turn.Room;
        if (hello.PeerId is { } peerId)
        {
            if (room.Connections.TryGetValue(peerId, out var connection))
            {
                var old = room.Seats[connection];
                if (Retry.IsSelf(old.Token, old.Retry, hello))
                {
                    // Its old connection is dead, or soon will be; the one that speaks now is the living one.
                    Unseat(turn, old);
                    turn.Fail(connection, ErrorCodes.Replaced, ReplacedText, close: true);
                    return (new Absentee(peerId, old.Member.Name, old.Member.JoinSeq, old.Token, turn.Now.Us, old.Member.IsMuted) { Retry = Unheard(old.Token, old.Retry, hello) }, connection);
                }
            }
            else if (room.Absentees.TryGetValue(peerId, out var absentee))
            {
                if (Retry.IsSelf(absentee.Token, absentee.Retry, hello))
                {
                    turn.Room = room with { Absentees = room.Absentees.Remove(peerId) };
                    // Of one that this server has from another, it may have known only the hash.
                    var token = Tokens.IsSame(absentee.Token, hello.ResumeToken) ? hello.ResumeToken : absentee.Token;
                    return (absentee with { Token = token, Retry = Unheard(token, absentee.Retry, hello) }, null);
                }
            }
            else
            {
                // An id of its own, or from another authority's time: nobody here disputes it, and keeping it spares the swarm a stranger.
                return (New(turn, peerId, sender), null);
            }
        }

        return (New(turn, sender.FreshPeerId, sender), null);
    }

    // Who has its token has heard everything else that came with it.
    private static Retry? Unheard(string token, Retry? retry, Hello hello) => Tokens.IsSame(token, hello.ResumeToken) ? null : retry;

    private static Absentee New(RoomTurn turn, string peerId, Sender sender)
    {
        var joinSeq = turn.Room.NextJoinSeq;
        turn.Room = turn.Room with { NextJoinSeq = joinSeq + 1 };
        if (turn.Room.Connections.ContainsKey(peerId) || turn.Room.Absentees.ContainsKey(peerId))
            peerId = $"{peerId[..Math.Min(peerId.Length, 40)]}-{joinSeq}";
        return new Absentee(peerId, DefaultName, joinSeq, sender.FreshToken, turn.Now.Us);
    }

    /// <summary>Whether the host's place is free for this member.</summary>
    public static bool MayHost(RoomTurn turn, string peerId) =>
        turn.Room.HostConnection is null
        && (turn.Room.HostClaim is not { } claim || claim.PeerId == peerId || turn.Now.Us >= claim.UntilUs)
        && (turn.Room.HostClaim?.PeerId == peerId || !IsKept(turn.Room));

    /// <summary>Whether the host's place waits for the one who has its token.</summary>
    public static bool IsKept(Room room) => room is { Policy.OnHostLoss: HostLoss.Keep, Door.HostToken: not null };

    private static void Seat(RoomTurn turn, Seat seat) => turn.Room = turn.Room with
    {
        Seats = turn.Room.Seats.Add(seat.Connection, seat),
        Connections = turn.Room.Connections.Add(seat.Member.PeerId, seat.Connection),
        NamesTaken = turn.Room.NamesTaken.Add(seat.Member.Name),
        HostConnection = seat.Member.Role == Role.Host ? seat.Connection : turn.Room.HostConnection,
        HostClaim = seat.Member.Role == Role.Host ? null : turn.Room.HostClaim,
        EmptySinceUs = null,
    };

    private static void Unseat(RoomTurn turn, Seat seat)
    {
        Watching.Leave(turn, seat.Connection);
        turn.Room = turn.Room with
        {
            Seats = turn.Room.Seats.Remove(seat.Connection),
            Connections = turn.Room.Connections.Remove(seat.Member.PeerId),
            NamesTaken = turn.Room.NamesTaken.Remove(seat.Member.Name),
            HostConnection = turn.Room.HostConnection == seat.Connection ? null : turn.Room.HostConnection,
            Tickers = turn.Room.Tickers.Remove(seat.Connection),
        };
    }

    /// <summary>The name, or "name (2)" and so on where it is taken.</summary>
    private static string FreeName(Room room, string name, long joinSeq)
    {
        // After a few tries the join number is nearly always free, so that a crowd of one name stays cheap.
        var tried = name;
        for (var n = 2L; room.NamesTaken.Contains(tried); n = n == 20 ? Math.Max(21, joinSeq) : n + 1)
        {
            var suffix = $" ({n})";
            tried = (Names.Clean(name, Limits.MaxMemberNameLength - suffix.Length) ?? DefaultName) + suffix;
        }

        return tried;
    }

    /// <summary>What the member announces, then the address that it comes from; loopback only where it has nothing better.</summary>
    private static List<string> Addresses(Hello hello, Sender sender)
    {
        var addresses = new List<string>();
        foreach (var text in hello.Listen ?? [])
        {
            if (Names.TryParseAddress(text, out var address) && !address.Address.Equals(IPAddress.Any)
                && !address.Address.Equals(IPAddress.IPv6Any) && !addresses.Contains(text))
                addresses.Add(text);
        }

        if (hello.ListenPort is { } port && IPAddress.TryParse(sender.ObservedAddress, out var observed)
            && (!IPAddress.IsLoopback(observed) || addresses.Count == 0)
            && new IPEndPoint(observed, port).ToString() is var seen && !addresses.Contains(seen))
            addresses.Add(seen);
        return addresses;
    }
}
