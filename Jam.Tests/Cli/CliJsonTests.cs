using System.Text.Json;
using Jam.Peer.Cli;
using Jam.Tests.Fakes;
using NUnit.Framework;

namespace Jam.Tests.Cli;

internal sealed class CliJsonTests
{
    [Test]
    public void A_report_keeps_its_names()
    {
        var json = JsonDocument.Parse(CliJson.Line(FakeReports.Viewer())).RootElement;
        Assert.That(Names(json), Is.EqualTo(
            "peer_id name role room server server_connected listen_port members_in_room track playlist links playback clock uptime_us at_us members"
            .Split(' ')));
        Assert.That(Names(json.GetProperty("track")), Is.EqualTo(
            ("track_id name kind length_bytes duration_us chunks chunks_have chunks_from_cache chunks_from_host chunks_from_peers bytes_up " +
            "bytes_down bad_chunks saved_as title artist album gain_db cover is_complete").Split(' ')));
        Assert.That(Names(json.GetProperty("links")[0]), Is.EqualTo(
            "peer_id name role address outgoing rtt_us chunks_have chunks_from chunks_to down_bytes_per_second up_bytes_per_second".Split(' ')));
        Assert.That(Names(json.GetProperty("playback")), Is.EqualTo(
            ("status position_us buffer_us sounding sync_error_us sync_uncertainty_us output_lead_us output output_is_audible underruns volume latency_ms concealed")
            .Split(' ')));
        Assert.That(Names(json.GetProperty("clock")), Is.EqualTo("is_ready error_us rtt_us drift_ppm by_datagrams".Split(' ')));
        Assert.That(json.GetProperty("role").GetString(), Is.EqualTo("viewer"));
        Assert.That(json.GetProperty("playback").GetProperty("status").GetString(), Is.EqualTo("PLAY"));
    }

    [Test]
    public void A_report_comes_back_as_it_went()
    {
        var line = CliJson.Line(FakeReports.Viewer());
        Assert.That(CliJson.Line(CliJson.Read(line)!), Is.EqualTo(line));
        Assert.That(line, Does.Not.Contain("\n"));
    }

    [Test]
    public void What_is_not_known_yet_is_null()
    {
        var report = FakeReports.Viewer();
        report = report with
        {
            Playback = report.Playback with { SyncErrorUs = double.NaN, SyncUncertaintyUs = double.PositiveInfinity },
            Clock = report.Clock with { ErrorUs = double.PositiveInfinity, DriftPpm = double.NaN },
        };
        var back = CliJson.Read(CliJson.Line(report))!;
        Assert.That((back.Playback.SyncErrorUs, back.Playback.SyncUncertaintyUs, back.Clock.ErrorUs), Is.EqualTo(((double?)null, (double?)null, (double?)null)));
    }

    [TestCase("")]
    [TestCase("listening on 9003")]
    [TestCase("{broken")]
    [TestCase("{}")]
    [TestCase("{\"name\":3}")]
    public void Other_lines_are_no_reports(string line) => Assert.That(CliJson.Read(line), Is.Null);

    private static string[] Names(JsonElement element) => [.. element.EnumerateObject().Select(property => property.Name)];
}
