using Jam.Peer.Cli.Live;
using Jam.Peer.Cli.Terminal;
using Jam.Server.Contracts;
using static System.FormattableString;

namespace Jam.Peer.Cli.Demo;

/// <summary>
/// Shows the demo while it runs: a live table on a terminal; elsewhere a plain line every few seconds, and the table once at the end.
/// With <c>--json</c> nothing.
/// </summary>
internal sealed class DemoView(DemoPlan plan, CliIo io, TimeProvider time) : IDisposable
{
    private const long LineEveryUs = 3_000_000;
    private const long DrawEveryUs = 250_000;
    private readonly Screen screen = new(io.Out);
    private IReadOnlyList<PeerRow> last = [];
    private TimeSpan lastListened;
    private long? shownAtUs;

    /// <summary>Is told the state; draws when it is time.</summary>
    public void Show(IReadOnlyList<PeerRow> rows, TimeSpan listened)
    {
        (last, lastListened) = (rows, listened);
        var nowUs = time.NowUs();
        if (plan.Options.Json || (shownAtUs is { } at && nowUs - at < (io.OutIsTerminal ? DrawEveryUs : LineEveryUs)))
            return;
        shownAtUs = nowUs;
        if (io.OutIsTerminal)
            screen.Bottom(Table());
        else
            io.Out.WriteLine(PlainLine());
        io.Out.Flush();
    }

    /// <summary>Leaves the last table standing.</summary>
    public void Dispose()
    {
        if (plan.Options.Json || last.Count == 0)
            return;
        if (io.OutIsTerminal)
        {
            screen.Bottom([]);
            screen.Above(Table());
        }
        else
        {
            foreach (var line in Table())
                io.Out.WriteLine(line);
        }
    }

    private IReadOnlyList<string> Table() => [Short(Title()), .. PeerTable.Lines(last, io.OutIsTerminal ? io.Width() - 1 : 119, io.OutIsTerminal)];

    private string Title() => lastListened > TimeSpan.Zero
        ? Invariant($"{Path.GetFileName(plan.Track)}: {Math.Min(lastListened.TotalSeconds, plan.Listen.TotalSeconds):0.0} of {plan.Listen.TotalSeconds:0.0} s")
        : $"{Path.GetFileName(plan.Track)}: starting";

    private string Short(string title) => io.OutIsTerminal && title.Length >= io.Width() ? title[..(io.Width() - 1)] : title;

    private string PlainLine() => Title() + ": " + string.Join("; ", last.Select(row => row.Report is { Track: { } track } report
        ? Invariant($"{row.Name} {track.ChunksHave}/{track.Chunks} chunks, sync error {Figures.SyncError(report.Playback)}")
        : $"{row.Name} {row.Remark}"));
}
