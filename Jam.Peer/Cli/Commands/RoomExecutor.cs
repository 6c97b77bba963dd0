using Jam.Peer.Session;
using Jam.Server.Contracts;

namespace Jam.Peer.Cli.Commands;

/// <summary>Does what the commands ask that need something looked up first.</summary>
internal static class RoomExecutor
{
    public static async Task<Answer> AboutAsync(IJamSession session, Command.OfMember about, CancellationToken cancellationToken)
    {
        var report = session.Report();
        var member = Find(report, about.Name);
        if (about.Action == MemberAction.Ping)
            return RoomAnswers.Ping(report, member);
        ClientMessage message = about.Action switch
        {
            MemberAction.Handover => new SetRole(Role.Host, member.PeerId),
            MemberAction.Kick => new Kick(member.PeerId),
            _ => new Mute(member.PeerId, about.Action == MemberAction.Mute),
        };
        return Say(await session.Room.AskAsync(message, cancellationToken));
    }

    public static async Task<Answer> ListAsync(IJamSession session, Command.List list, CancellationToken cancellationToken)
    {
        var report = session.Report();
        if (list.Action is not { } action)
            return RoomAnswers.List(report, session.Room.Describe());
        var tracks = report.Playlist;
        if (list.From > tracks.Count)
            throw new JamException($"the playlist has {RoomTexts.Count(tracks.Count, "track")}; 'queue' shows them");
        var track = new TrackInfo(tracks[list.From - 1].TrackId, tracks[list.From - 1].Name, 0, 0);
        return Say(await session.Room.AskAsync(new Queue(action, track, list.To > 0 ? list.To - 1 : null), cancellationToken));
    }

    public static Answer Lane(IJamSession session, Command.Lane lane)
    {
        var steps = RoomCommandParser.Steps(lane.Pattern, lane.Voice, session.Room.Describe().Loop.Steps)!;
        return Say(session.Room.SetLane(steps));
    }

    public static Answer Tell(IJamSession session, Command.Blob blob)
    {
        var member = blob.Name is { } name ? Find(session.Report(), name) : null;
        session.Room.Tell(blob.Json, member?.PeerId);
        return new Answer($"sent to {member?.Name ?? "everyone"}");
    }

    public static Answer Hear(IJamSession session, bool isHeard)
    {
        session.Room.IsLoopHeard = isHeard;
        return new Answer(isHeard ? "the loop plays here" : "the loop is paused here; the others hear it, and your edits wait");
    }

    /// <summary>By name or id; a beginning that only one has will do.</summary>
    private static Member Find(PeerReport report, string name)
    {
        var exact = report.Members.Where(m => m.Name == name || m.PeerId == name).ToArray();
        var found = exact.Length > 0 ? exact : [.. report.Members.Where(m => m.Name.StartsWith(name, StringComparison.OrdinalIgnoreCase))];
        return found switch
        {
            [var one] => one,
            [] => throw new JamException($"there is no {name} in the room; 'members' lists who is"),
            _ => throw new JamException($"{name} could be {string.Join(" or ", found.Select(m => m.Name))}"),
        };
    }

    private static Answer Say(string line) => new(Answer.OneLine(line));
}
