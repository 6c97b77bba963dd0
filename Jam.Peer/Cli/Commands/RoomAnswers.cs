using Jam.Peer.Cli.Live;
using Jam.Peer.Session;
using Jam.Server.Contracts;
using static System.FormattableString;

namespace Jam.Peer.Cli.Commands;

/// <summary>The room in words: the answers of the commands that only look at it.</summary>
internal static class RoomAnswers
{
    public static Answer Tempo(RoomReport room) => new(room.Tempo is { } tempo ? RoomTexts.Tempo(tempo) : "the beat is not known yet");

    public static Answer Loop(RoomReport room) => new(Invariant($"{RoomTexts.Loop(room.Loop)}, {RoomTexts.Count(room.Lanes, "lane")} sound{(room.Lanes == 1 ? "s" : "")}"));

    public static Answer Policy(RoomReport room) => new(RoomTexts.Policy(room.Policy) + (room.IsMuted ? "; the host has muted you" : ""));

    public static Answer List(PeerReport report, RoomReport room)
    {
        var list = ReportTexts.Playlist(report);
        var how = $"repeat {room.Repeat.ToString().ToLowerInvariant()}, shuffle {(room.IsShuffled ? "on" : "off")}";
        return new($"{list.Line}; {how}", [.. list.ForTerminal, how]);
    }

    public static Answer Members(PeerReport report)
    {
        var lines = report.Members.Select(m =>
            $"{Answer.OneLine(m.Name)} ({ReportTexts.RoleName(m.Role)}{(m.PeerId == report.PeerId ? ", you" : "")}{(m.IsMuted ? ", muted" : "")})"
            + (m.Stats is { } stats ? $" {Quality(stats)}" : "")).ToArray();
        var head = Invariant($"{report.MembersInRoom} in room {Answer.OneLine(report.Room ?? "?")}");
        return new(lines.Length == 0 ? head : $"{head}: {string.Join("; ", lines)}", [head, .. lines.Select(line => "  " + line)]);
    }

    public static Answer Ping(PeerReport report, Member member)
    {
        var link = report.Links.FirstOrDefault(l => l.PeerId == member.PeerId);
        var direct = link is null ? "no direct connection" : link.RttUs is { } us ? Invariant($"direct {us / 1000.0:0.0} ms") : "direct, not measured yet";
        return new($"{Answer.OneLine(member.Name)}: {direct}; to the server: {(member.Stats is { } stats ? Quality(stats) : "not known yet")}");
    }

    public static Answer Position(PeerReport report, RoomReport room)
    {
        var place = $"{ReportTexts.Status(report.Playback.Status)} {Figures.Position(report.Playback.PositionUs)}"
            + (report.Track?.DurationUs is { } length ? $" of {Figures.Position(length)}" : "");
        if (room is not { Tempo: { } tempo, RoomUs: { } us })
            return new(place);
        var beat = tempo.Grid.LastBeatAt(us);
        var inBar = (((beat % tempo.BeatsPerBar) + tempo.BeatsPerBar) % tempo.BeatsPerBar) + 1;
        return new(place + Invariant($", beat {inBar} of {tempo.BeatsPerBar} at {tempo.Bpm:0.###} bpm; epoch {room.Epoch}, revision {room.Revision}"));
    }

    private static string Quality(MemberStats stats) =>
        Invariant($"round trip {stats.RttUs / 1000.0:0.0} ms, jitter {stats.JitterUs / 1000.0:0.0} ms, loss {stats.Loss * 100:0.#} %")
        + (stats.ClockErrorUs is { } error ? Invariant($", clock ±{Math.Ceiling(error):0} µs") : "");
}
