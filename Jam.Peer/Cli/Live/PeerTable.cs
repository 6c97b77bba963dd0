using Jam.Peer.Cli.Commands;
using Jam.Peer.Session;
using Spectre.Console;
using Spectre.Console.Rendering;
using static System.FormattableString;

namespace Jam.Peer.Cli.Live;

/// <summary>One line of the table.</summary>
/// <param name="Name">Who.</param>
/// <param name="Report">What it last said; null before its first word.</param>
/// <param name="Remark">What to say where there is no report.</param>
internal sealed record PeerRow(string Name, PeerReport? Report, string Remark = "starting");

/// <summary>The live table: per peer its chunks, from whom they came, buffer, position and sync error.</summary>
internal static class PeerTable
{
    /// <summary>From here on there is room for longer words.</summary>
    private const int WideFrom = 111;

    /// <summary>A table of several peers.</summary>
    public static IReadOnlyList<string> Lines(IReadOnlyList<PeerRow> rows, int columns, bool ansi = true)
    {
        var wide = columns >= WideFrom;
        var longestOutput = Math.Clamp((wide ? 20 : 10) + columns - (wide ? WideFrom : 79), 4, 32);
        var table = NewTable();
        Column(table, "Peer", Justify.Left);
        if (wide)
            Column(table, "Role", Justify.Left);
        Column(table, "Chunks", Justify.Left);
        Column(table, wide ? "From host/peers/cache" : "From h/p/c", Justify.Right);
        Column(table, "Buffer", Justify.Right);
        Column(table, wide ? "Position" : "At", Justify.Right);
        Column(table, "Sync error", Justify.Right);
        Column(table, "Output", Justify.Left);
        foreach (var row in rows)
            table.AddRow(Cells(row, wide, longestOutput));
        return TableText.Lines(table, columns, ansi);
    }

    /// <summary>This peer, and those that it is connected to.</summary>
    public static IReadOnlyList<string> Watch(PeerReport report, int columns, bool ansi = true)
    {
        var own = Lines([new PeerRow(report.Name, report)], columns, ansi);
        if (report.Track is { } track)
            own = [Short(ReportTexts.Titled(track) + (track.Album is { } album ? $" ({Answer.OneLine(album)})" : ""), columns), .. own];
        if (report.Links.Count == 0)
            return [.. own, "no connections"];
        var table = NewTable();
        Column(table, "Connected to", Justify.Left);
        foreach (var title in (string[])["Has", "From", "To", "Down", "Up", "Round trip"])
            Column(table, title, Justify.Right);
        foreach (var link in report.Links)
            table.AddRow(
                Plain($"{Short(link.Name, 20)} ({ReportTexts.RoleName(link.Role)})"), Plain(Invariant($"{link.ChunksHave}")),
                Plain(Invariant($"{link.ChunksFrom}")), Plain(Invariant($"{link.ChunksTo}")), Plain(Figures.Bytes(link.DownBytesPerSecond) + "/s"),
                Plain(Figures.Bytes(link.UpBytesPerSecond) + "/s"), Plain(link.RttUs is { } rtt ? Invariant($"{rtt / 1000.0:0.0} ms") : "-"));
        return [.. own, .. TableText.Lines(table, columns, ansi)];
    }

    private static IRenderable[] Cells(PeerRow row, bool wide, int longestOutput)
    {
        var name = Plain(Short(row.Name, wide ? 14 : 10), new Style(decoration: Decoration.Bold));
        if (row.Report is not { } report)
            return [name, .. wide ? [Plain("")] : Array.Empty<IRenderable>(), Plain(row.Remark), Plain(""), Plain(""), Plain(""), Plain("-"), Plain("")];
        var (track, playback) = (report.Track, report.Playback);
        return
        [
            name,
            .. wide ? [Plain(ReportTexts.RoleName(report.Role))] : Array.Empty<IRenderable>(),
            track is null ? Plain("no track") : Chunks(track, wide ? 16 : 4),
            Plain(track is null ? "" : Invariant($"{track.ChunksFromHost}/{track.ChunksFromPeers}/{track.ChunksFromCache}")),
            Plain(Figures.Seconds(playback.BufferUs)),
            Plain(Figures.Position(playback.PositionUs)),
            Plain(Figures.SyncError(playback), new Style(playback.Sounding ? Color.Green : Color.Default)),
            Plain(Short(playback.Output, longestOutput)),
        ];
    }

    private static Paragraph Chunks(TrackReport track, int cells)
    {
        var full = (int)(Figures.Share(track) * cells);
        return new Paragraph()
            .Append(new string('█', full), new Style(track.IsComplete ? Color.Green : Color.Blue))
            .Append(new string('░', cells - full), new Style(Color.Grey))
            .Append(Invariant($" {track.ChunksHave}/{track.Chunks}"));
    }

    private static Table NewTable() => new Table().Border(TableBorder.Simple).BorderStyle(new Style(Color.Grey));

    private static void Column(Table table, string title, Justify justify) =>
        table.AddColumn(new TableColumn(new Text(title)) { Alignment = justify, NoWrap = true, Padding = new Padding(0, 0, 1, 0) });

    private static Text Plain(string text, Style? style = null) => new(Answer.OneLine(text), style) { Overflow = Overflow.Ellipsis };

    private static string Short(string text, int longest) => text.Length <= longest ? text : text[..(longest - 1)] + "…";
}
