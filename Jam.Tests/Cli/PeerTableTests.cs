using Jam.Peer.Cli.Commands;
using Jam.Peer.Cli.Live;
using Jam.Tests.Fakes;
using NUnit.Framework;

namespace Jam.Tests.Cli;

internal sealed class PeerTableTests
{
    private static readonly PeerRow[] Rows =
    [
        new("host", FakeReports.Host("host")),
        new("viewer-1", FakeReports.Viewer("viewer-1")),
        new("viewer-2", null),
    ];

    [TestCase(79)]
    [TestCase(100)]
    [TestCase(111)]
    [TestCase(120)]
    public void The_table_fits_and_shows_all_of_every_figure(int columns)
    {
        var lines = PeerTable.Lines(Rows, columns, ansi: false);

        Assert.That(lines.Max(line => line.Length), Is.LessThanOrEqualTo(columns));
        var viewer = lines.Single(line => line.Contains("viewer-1"));
        foreach (var figure in (string[])["60/62", "40/20/0", "8.2 s", "0:12.3", "+12 ±31 µs", "null (sil"])
            Assert.That(viewer, Does.Contain(figure));
        Assert.That(lines.Single(line => line.Contains("viewer-2")), Does.Contain("starting"));
    }

    [Test]
    public void A_wide_terminal_shows_the_roles_and_a_longer_bar()
    {
        var lines = PeerTable.Lines(Rows, 120, ansi: false);
        Assert.That(lines.Single(line => line.Contains("viewer-1")), Does.Contain(" viewer ").And.Contain("███████████████░"));
    }

    [TestCase(true)]
    [TestCase(false)]
    public void Escape_sequences_come_only_where_they_are_wanted(bool ansi) =>
        Assert.That(string.Concat(PeerTable.Lines(Rows, 100, ansi)).Contains('\u001b'), Is.EqualTo(ansi));

    [Test]
    public void A_silent_peer_shows_a_dash_for_its_sync_error()
    {
        var playback = FakeReports.Viewer().Playback;
        Assert.That(Figures.SyncError(playback with { Sounding = false }), Is.EqualTo("-"));
        Assert.That(Figures.SyncError(playback with { SyncErrorUs = null }), Is.EqualTo("-"));
        Assert.That(Figures.SyncError(playback with { SyncErrorUs = -3.4, SyncUncertaintyUs = null }), Is.EqualTo("-3 ±? µs"));
    }

    [Test]
    public void Watch_names_the_track_by_its_tags_where_they_are_known()
    {
        var report = FakeReports.Viewer();
        var tagged = report with { Track = report.Track! with { Title = "So\u001b[2Jng", Artist = "Ana", Album = new string('x', 200) } };
        Assert.That(PeerTable.Watch(report, 80, ansi: false)[0], Is.EqualTo(report.Track!.Name));
        Assert.That(PeerTable.Watch(tagged, 80, ansi: false)[0], Does.StartWith("Ana - So [2Jng (xxx").And.Length.EqualTo(80));
        Assert.That(ReportTexts.Stats(tagged).Line, Does.StartWith("Ana - So [2Jng: ").And.Contain($"file {report.Track!.Name}, album xxx"));
    }

    [Test]
    public void Watch_shows_this_peer_and_its_connections()
    {
        var lines = PeerTable.Watch(FakeReports.Viewer(), 80, ansi: false);

        Assert.That(lines.Max(line => line.Length), Is.LessThanOrEqualTo(80));
        Assert.That(lines.Single(line => line.Contains("bob (host)")), Does.Contain("62").And.Contain("123 kB/s").And.Contain("1.2 ms"));
    }

    [Test]
    public void A_name_cannot_smuggle_in_markup_or_escapes()
    {
        var lines = PeerTable.Lines([new("[red]\u001b[2J", FakeReports.Viewer())], 120, ansi: false);
        Assert.That(string.Concat(lines), Does.Contain("[red]").And.Not.Contain("\u001b"));
    }

    [TestCase(0, "0:00.0")]
    [TestCase(59_960_000, "0:59.9")]
    [TestCase(61_000_000, "1:01.0")]
    [TestCase(3_661_000_000, "1:01:01")]
    [TestCase(-5, "0:00.0")]
    public void A_position_reads_like_a_clock(long us, string expected) => Assert.That(Figures.Position(us), Is.EqualTo(expected));
}
