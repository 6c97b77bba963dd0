using System.Collections.Immutable;
using Jam.Server.Contracts;

namespace Jam.Server.Rooms;

/// <summary>One event's work on a room: the room so far and what it wants sent. Lives no longer than a call of the machine.</summary>
internal sealed class RoomTurn(Room room, Moment now)
{
    private readonly List<Outgoing> _outgoing = [];

    public Room Room { get; set; } = room;

    public Moment Now { get; } = now;

    public void Send(long connection, ServerMessage message) => _outgoing.Add(new ToOne(connection, message));

    public void Fail(long connection, string code, string message, bool close = false) => Send(connection, new Error(code, message, close));

    public void SendSome(IReadOnlyList<long> connections, ServerMessage message, bool isPatient = false) =>
        _outgoing.Add(new ToSome(connections, message, isPatient));

    public void SendAll(ServerMessage message, long? except = null) => _outgoing.Add(new ToAll(message, except));

    public void HangUp(long connection) => _outgoing.Add(new HangUp(connection));

    /// <summary>The timeline as STATE.</summary>
    public State StateNow(string? by = null, string? note = null)
    {
        var t = Room.Timeline;
        return new State(
            t.TrackId, t.Status, t.PositionUs / 1e6, Now.ToUnixSec(t.AtUs), t.Epoch, t.Revision, t.ClockId, t.AtUs, t.PositionUs,
            Room.Track, by, note, Room.CountInUs);
    }

    /// <summary>Notes that ROOM_STATS may have changed.</summary>
    public void TouchStats()
    {
        var due = Room.StatsSentUs is { } sent ? Math.Max(Now.Us, sent + RoomRules.StatsEveryUs(Room)) : Now.Us;
        if (due < Room.StatsDueUs)
            Room = Room with { StatsDueUs = due };
    }

    /// <summary>Sends what has come due and hands the result over.</summary>
    public Step Finish()
    {
        if (Math.Min(Room.StatsDueUs, Room.ReportsDueUs) <= Now.Us)
            SendStats();
        return new Step(Room, _outgoing);
    }

    private void SendStats()
    {
        ForgetAbsentees();
        var (rttUs, leadUs) = Lead.Worst(Room);
        var hosts = Room.HostConnection is null ? 0 : 1;
        var stats = new RoomStats(
            Room.Seats.Count, hosts, Room.Seats.Count - hosts, rttUs, leadUs,
            [.. Playback.WaitingFor(Room).Select(seat => seat.Member.PeerId)]);
        var isAwaited = stats.WaitingFor.Count > 0 || (Now.Us < Room.Timeline.AtUs + RoomRules.ReportsAtLeastEveryUs && Playback.Unready(Room).Any());
        // Who lacks a track says so when it has heard of it, and on a slow uplink that takes a moment.
        var isNews = Room.ReportsSentUs > 0 && Room.Track is not null && Now.Us < Room.Timeline.AtUs + RoomRules.ReportsAfterNewsUs;
        if ((isAwaited || isNews) && Room.ReportsDueUs <= Now.Us)
            Room = Room with { ReportsDueUs = Now.Us + RoomRules.ReportsPutOffUs };
        var reports = Room.ReportsDueUs <= Now.Us ? Reports() : [];
        if (reports.Count == 0 && FewerAwaitedTellUs(stats) is var tellUs && tellUs > Now.Us)
        {
            Room = Room with { StatsDueUs = tellUs };
            return;
        }

        if (!Tell(stats, reports))
            Room = Room with { StatsDueUs = long.MaxValue };
    }

    // Whether there was anything to tell.
    private bool Tell(RoomStats stats, List<MemberQuality> reports)
    {
        // The worst figures move a little with every report; alone they wait for the next telling of those.
        var isSame = Room.LastStats is { } last && last == stats with { WaitingFor = last.WaitingFor, WorstRttUs = last.WorstRttUs, WorstOutputLeadUs = last.WorstOutputLeadUs };
        if (isSame && reports.Count == 0 && !Room.AreAwaitedUntold && Room.LastStats!.WaitingFor.SequenceEqual(stats.WaitingFor))
            return false;
        // Who is awaited knows that, and each word to them takes its part of what they wait for: the first is for those who wonder why nothing plays.
        var isFirstWord = isSame && reports.Count == 0 && stats.WaitingFor.Count > 0 && Room.LastStats!.WaitingFor.Count == 0;
        if (isFirstWord)
            SendSome([.. Room.Seats.Keys.Except(Playback.Unready(Room).Select(seat => seat.Connection))], stats);
        else if (Room.Seats.Count > 0)
            SendAll(stats with { Quality = reports.Count > 0 ? reports : null });
        Room = Room with
        {
            LastStats = stats, StatsSentUs = Now.Us, StatsDueUs = isFirstWord ? Now.Us + RoomRules.FewerAwaitedUs : long.MaxValue, AreAwaitedUntold = isFirstWord,
        };
        return true;
    }

    // Those who are still awaited were named: a word to all is a third of a chunk of a slow uplink, and a chunk is what they wait for.
    private long FewerAwaitedTellUs(RoomStats stats) =>
        Room is { LastStats: { WaitingFor.Count: > 0 } last, StatsSentUs: { } sentUs } && stats.WaitingFor.Count > 0
        && last.Members == stats.Members && stats.WaitingFor.All(last.WaitingFor.Contains)
            ? sentUs + RoomRules.FewerAwaitedUs : 0;

    /// <summary>What members report, of those whose report changed; in a large room of the worst alone.</summary>
    private List<MemberQuality> Reports()
    {
        var seats = Room.ChangedReports.Where(Room.Connections.ContainsKey).Select(id => Room.Seats[Room.Connections[id]].Member)
            .Where(member => member.Stats is not null).ToList();
        var isLarge = Room.Seats.Count > RoomRules.ReportsOfAll;
        // All at once are a third of a second of a slow uplink, maybe the one in which a track comes.
        var worstUs = Lead.Worst(Room).RttUs;
        var most = isLarge ? RoomRules.ReportsOfWorst : worstUs > RoomRules.TurnsFromRttUs ? RoomRules.ReportsInTurn : RoomRules.ReportsOfAll;
        var told = (isLarge
            ? seats.OrderByDescending(member => member.Stats!.RttUs).ThenBy(member => member.JoinSeq)
            : seats.OrderBy(member => member.JoinSeq <= Room.ReportsToldSeq).ThenBy(member => member.JoinSeq)).Take(most).ToList();
        var left = isLarge ? [] : seats.Except(told).Select(member => member.PeerId).ToImmutableHashSet();
        Room = Room with
        {
            ChangedReports = left, ReportsDueUs = left.IsEmpty ? long.MaxValue : Now.Us + RoomRules.ReportsTurnUs(Room.Seats.Count, worstUs),
            ReportsSentUs = Now.Us, ReportsToldSeq = told.Count > 0 ? told[^1].JoinSeq : 0,
        };
        return [.. told.Select(member => new MemberQuality(member.PeerId, member.Stats!))];
    }

    /// <summary>Here rather than at each leaving, so that a crowd that leaves at once stays cheap.</summary>
    private void ForgetAbsentees()
    {
        var gone = Room.Absentees.Values.Where(a => Now.Us - a.LeftUs > RoomRules.EmptyRoomUs).Select(a => a.PeerId).ToArray();
        if (gone.Length == 0)
            return;
        Room = Room with { Absentees = Room.Absentees.RemoveRange(gone) };
        foreach (var peerId in gone)
            Looping.Clear(this, peerId);
    }
}
