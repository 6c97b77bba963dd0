using Jam.Peer.Cli.Live;
using Jam.Peer.Session;
using Jam.Server.Contracts;
using static System.FormattableString;

namespace Jam.Peer.Cli.Commands;

/// <summary>A report in words: the answers of the commands that only look.</summary>
internal static class ReportTexts
{
    public static Answer Stats(PeerReport report)
    {
        var (track, playback) = (report.Track, report.Playback);
        var chunks = track is null ? "no track" : Invariant(
            $"{Titled(track)}: {track.ChunksHave}/{track.Chunks} chunks (host {track.ChunksFromHost}, peers {track.ChunksFromPeers}, cache {track.ChunksFromCache})");
        var place = $"{Status(playback.Status)} {Figures.Position(playback.PositionUs)}, buffer {Figures.Seconds(playback.BufferUs)}";
        var sync = $"sync error {Figures.SyncError(playback)}";
        var clock = report.Clock.ErrorUs is { } error
            ? Invariant($"clock ±{Math.Ceiling(error):0} µs, round trip {report.Clock.RttUs / 1000.0:0.0} ms{(report.Clock.ByDatagrams ? ", by datagrams" : "")}") : "clock not known yet";
        var traffic = track is null ? "" : $"down {Figures.Bytes(track.BytesDown)}, up {Figures.Bytes(track.BytesUp)}";
        var output = $"output {Answer.OneLine(playback.Output)}" + (playback.LatencyMs != 0 ? Invariant($" (latency {playback.LatencyMs:0.#} ms)") : "") + (playback.Underruns > 0 ? Invariant($", ran dry {playback.Underruns} times") : "");
        var server = report.ServerConnected ? $"server {report.Server}" : $"server {report.Server ?? "not known"} (not connected)";
        if (playback.Concealed > 0)
            output += Invariant($", {playback.Concealed} damaged places concealed");
        string[] parts = [chunks, Beside(track), place, sync, clock, traffic, output, server];
        return new(string.Join("; ", parts.Where(part => part.Length > 0)), [.. parts.Where(part => part.Length > 0).Select(part => "  " + part)]);
    }

    public static Answer Peers(PeerReport report)
    {
        var people = report.Members.Count > 0
            ? report.Members.Select(m => (m.PeerId, m.Name, m.Role, Where: m.Addresses.Count > 0 ? m.Addresses[0] : "no address")).ToArray()
            : [.. report.Links.Select(l => (l.PeerId, l.Name, l.Role, Where: l.Address))];
        var lines = people.Select(p =>
            $"{Answer.OneLine(p.Name)} ({RoleName(p.Role)}{(p.PeerId == report.PeerId ? ", you" : "")}) {p.Where}").ToArray();
        var head = Invariant($"{report.MembersInRoom} in room {Answer.OneLine(report.Room ?? "?")}");
        return List(head, lines);
    }

    public static Answer Connections(PeerReport report)
    {
        var lines = report.Links.Select(link => Invariant(
            $"{Answer.OneLine(link.Name)} ({RoleName(link.Role)}) {link.Address} {(link.Outgoing ? "dialled" : "accepted")}, has {link.ChunksHave}, ") + Invariant(
            $"from {link.ChunksFrom} to {link.ChunksTo} chunks, {Figures.Bytes(link.DownBytesPerSecond)}/s down {Figures.Bytes(link.UpBytesPerSecond)}/s up") +
            (link.RttUs is { } rtt ? Invariant($", {rtt / 1000.0:0.0} ms") : "")).ToArray();
        return List(Invariant($"{lines.Length} connected"), lines);
    }

    public static Answer Playlist(PeerReport report)
    {
        var lines = report.Playlist.Select((track, i) => Invariant(
            $"{i + 1}{(track.TrackId == report.Track?.TrackId ? "*" : "")} {Titled(track)} ({track.ChunksHave}/{track.Chunks}") +
            (track.DurationUs is { } us ? $", {Figures.Position(us)})" : ")")).ToArray();
        return List(lines.Length == 1 ? "1 track" : Invariant($"{lines.Length} tracks"), lines);
    }

    /// <summary>Artist and title where the tags tell, else the file's name.</summary>
    public static string Titled(TrackReport track) => Answer.OneLine(
        track.Title is { } title ? track.Artist is { } artist ? $"{artist} - {title}" : title : track.Name);

    /// <summary>What else is known of a track beside its bytes; empty where nothing is.</summary>
    public static string Beside(TrackReport? track)
    {
        string?[] parts =
        [
            track?.Title is null ? null : $"file {track.Name}",
            track?.Album is { } album ? $"album {album}" : null,
            track?.Cover is { } cover ? $"cover {cover}" : null,
            track?.GainDb is { } gain ? Invariant($"ReplayGain {gain:+0.0;-0.0} dB") : null,
        ];
        return Answer.OneLine(string.Join(", ", parts.OfType<string>()));
    }

    public static Answer Help(string? about)
    {
        if (about is not null && CommandHelp.Find(about) is { } help)
            return new($"{help.Usage}: {help.Text}");
        // The few that are longer stand out of their column, rather than push it off a narrow terminal.
        const int width = 20;
        return new(
            "commands: " + string.Join(", ", CommandHelp.All.Select(entry => entry.Usage)),
            [.. CommandHelp.All.Select(entry => $"  {entry.Usage.PadRight(width)}  {entry.Text}")]);
    }

    public static string RoleName(Role role) => role == Role.Host ? "host" : "viewer";

    public static string Status(PlaybackStatus status) => status switch
    {
        PlaybackStatus.Play => "playing",
        PlaybackStatus.Pause => "paused",
        _ => "stopped",
    };

    private static Answer List(string head, string[] lines) =>
        lines.Length == 0 ? new(head) : new($"{head}: {string.Join("; ", lines)}", [head, .. lines.Select(line => "  " + line)]);
}
