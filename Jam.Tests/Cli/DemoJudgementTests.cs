using System.Text.Json;
using Jam.Peer.Cli;
using Jam.Peer.Cli.Demo;
using Jam.Peer.Session;
using Jam.Server.Contracts;
using Jam.Tests.Fakes;
using NUnit.Framework;

namespace Jam.Tests.Cli;

/// <summary>The pure half of the demo: steps, measurements, verdict.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class DemoJudgementTests
{
    private const long Second = 1_000_000;
    private static readonly DemoOptions Options = new(TimeSpan.FromSeconds(10), true, 2, null, "null", false);
    private readonly DemoPlan plan = DemoOptionsTests.Plan(Options);

    [Test]
    public void Viewers_start_once_the_host_has_a_port()
    {
        var progress = new DemoProgress(plan, 0);
        Assert.That(progress.Advance(Second, [State("host", null)]), Is.EqualTo(DemoStep.Watch));
        Assert.That(progress.Advance(2 * Second, [Host(0)]), Is.EqualTo(DemoStep.StartViewers));
        Assert.That(progress.Advance(3 * Second, [Host(0), State("viewer-1", null)]), Is.EqualTo(DemoStep.Watch));
    }

    [Test]
    public void The_music_waits_until_every_viewer_has_its_first_chunk()
    {
        var progress = new DemoProgress(plan, 0);
        progress.Advance(Second, [Host(0)]);
        var empty = FakeReports.Viewer("viewer-2") with { Track = FakeReports.Track(0, 0, 0) };
        var silent = Silent(Host(0));
        Assert.That(progress.Advance(2 * Second, [silent, State("viewer-1", FakeReports.Viewer("viewer-1")), State("viewer-2", empty)]), Is.EqualTo(DemoStep.Watch));
        DemoPeerState[] ready = [silent, State("viewer-1", FakeReports.Viewer("viewer-1")), State("viewer-2", FakeReports.Viewer("viewer-2"))];
        Assert.That(progress.Advance(3 * Second, ready), Is.EqualTo(DemoStep.Play));
        Assert.That(progress.Advance(4 * Second, ready), Is.EqualTo(DemoStep.Watch), "once is enough");
    }

    [Test]
    public void The_time_counts_from_the_first_music()
    {
        var progress = Started(musicAtUs: 5 * Second);
        Assert.That(progress.Advance(15 * Second - 1, Playing(10)), Is.EqualTo(DemoStep.Watch));
        Assert.That(progress.Advance(15 * Second, Playing(10)), Is.EqualTo(DemoStep.Finish));
        Assert.That(progress.Failure, Is.Null);
    }

    [Test]
    public void A_host_that_is_never_ready_is_a_failure()
    {
        var progress = new DemoProgress(plan, 0);
        Assert.That(progress.Advance(20 * Second, [State("host", null)]), Is.EqualTo(DemoStep.Watch));
        Assert.That(progress.Advance(20 * Second + 1, [State("host", null)]), Is.EqualTo(DemoStep.Finish));
        Assert.That(progress.Failure, Does.Contain("not ready within 20 s"));
    }

    [Test]
    public void Music_that_does_not_start_is_a_failure_that_says_why()
    {
        var progress = new DemoProgress(plan, 0);
        var silent = Silent(State("host", FakeReports.Host("host")));
        progress.Advance(Second, [silent]);
        var viewer = State("viewer-1", FakeReports.Viewer("viewer-1"));
        Assert.That(progress.Advance(2 * Second, [silent, viewer]), Is.EqualTo(DemoStep.Play));
        Assert.That(progress.Advance(22 * Second, [silent, viewer]), Is.EqualTo(DemoStep.Finish));
        Assert.That(progress.Failure, Does.Contain("no music within 20 s").And.Contain("0:00.0"));
    }

    [Test]
    public void A_child_that_dies_is_a_failure_with_its_last_words()
    {
        var progress = Started(5 * Second);
        var dead = State("viewer-1", FakeReports.Viewer("viewer-1")) with { ExitCode = 134, LastLines = ["one", "boom"] };
        Assert.That(progress.Advance(6 * Second, [Host(1), dead]), Is.EqualTo(DemoStep.Finish));
        Assert.That(progress.Failure, Is.EqualTo("viewer-1 ended with exit code 134; viewer-1 said last: one | boom"));
    }

    [Test]
    public void All_well_is_ok_with_figures()
    {
        var report = Judge(Played());
        Assert.That(report.Failures, Is.Empty);
        Assert.That((report.Ok, report.FromEachOtherShare, report.DurationS), Is.EqualTo((true, 0.3333, 10.0)));
        Assert.That(report.Peers.Select(peer => peer.SyncErrorMedianUs), Is.All.EqualTo(12.4));
        Assert.That(report.MaxPositionSpreadUs, Is.Zero.Within(1e-6));
        Assert.That(DemoVerdict.InWords(report), Has.Some.Contains("33 % of their chunks from each other").Or.Some.Contains("33%"));
        Assert.That(DemoVerdict.InWords(report).Last(), Does.StartWith("OK: 3 peers played track.mp3 together for 10.0 s"));
    }

    [Test]
    public void Too_little_from_each_other_fails()
    {
        var poor = FakeReports.Track(have: 60, fromHost: 45, fromPeers: 15);
        Assert.That(Judge(Played(track: poor)).Failures.Single(), Does.Contain("from each other"));
        var enough = FakeReports.Track(have: 60, fromHost: 42, fromPeers: 18);
        Assert.That(Judge(Played(track: enough)).Failures, Is.Empty);
    }

    [Test]
    public void A_single_viewer_has_nobody_to_get_from()
    {
        var alone = DemoOptionsTests.Plan(Options with { Viewers = 1 });
        var track = FakeReports.Track(have: 60, fromHost: 60, fromPeers: 0);
        var states = Played(track: track)[..2];
        Assert.That(DemoVerdict.Judge(alone, Run(alone, states), states, 15 * Second, null).Failures, Is.Empty);
    }

    [Test]
    public void Who_is_not_heard_or_is_off_or_got_nothing_fails()
    {
        Assert.That(Judge(Played(change: p => p with { SyncErrorUs = null })).Failures, Has.Exactly(3).Contains("was not heard"));
        Assert.That(Judge(Played(change: p => p with { SyncErrorUs = -10_001 })).Failures, Has.Exactly(3).Contains("10.0 ms off"));
        Assert.That(Judge(Played(track: FakeReports.Track(0, 0, 0))).Failures, Has.Exactly(2).Contains("got no chunk"));
        Assert.That(Judge(Played(track: FakeReports.Track() with { BadChunks = 2 })).Failures, Has.Exactly(2).Contains("2 chunks that failed"));
        Assert.That(Judge(Played()[..2]).Failures, Has.One.EqualTo("viewer-2 never reported"));
    }

    [Test]
    public void A_failure_on_the_way_is_the_only_one()
    {
        var states = Played();
        var report = DemoVerdict.Judge(plan, Run(plan, states), states, 7 * Second, "stopped before its time");
        Assert.That((report.Ok, report.Failures.Single()), Is.EqualTo((false, "stopped before its time")));
    }

    [Test]
    public void Peers_that_hear_different_places_at_one_instant_are_apart()
    {
        var measured = new DemoMeasurements(0);
        var early = State("a", At(positionUs: 5_000_000, atUs: 100, errorUs: 20, uptimeUs: 1));
        var late = State("b", At(positionUs: 5_000_300, atUs: 500, errorUs: 0, uptimeUs: 1));
        measured.Add(0, [early, late]);
        Assert.That(measured.SpreadUs(1), Is.EqualTo(120));
    }

    [Test]
    public void Peers_that_are_apart_fail_though_each_believes_to_be_in_time()
    {
        var states = Played();
        states[2] = states[2] with { Latest = states[2].Latest! with { AtUs = states[2].Latest!.AtUs - 10_001 } };
        Assert.That(Judge(states).Failures.Single(), Does.Contain("10.0 ms apart"));
    }

    [Test]
    public void A_report_that_was_seen_before_counts_once()
    {
        var measured = new DemoMeasurements(0);
        measured.Add(0, [State("a", At(1, 1, errorUs: 100, uptimeUs: 1))]);
        foreach (var now in (long[])[1, 2, 3])
            measured.Add(now, [State("a", At(1, 1, errorUs: 900, uptimeUs: 2))]);
        measured.Add(4, [State("a", At(1, 1, errorUs: -100, uptimeUs: 3))]);
        Assert.That(measured.SyncErrorUs("a", 0.5), Is.EqualTo(100));
    }

    [Test]
    public void A_peer_that_just_began_to_sound_does_not_count_yet()
    {
        var measured = new DemoMeasurements(2 * Second);
        measured.Add(Second, [State("a", At(1, 1, errorUs: 5000, uptimeUs: 1))]);
        measured.Add(3 * Second - 1, [State("a", At(1, 1, errorUs: 5000, uptimeUs: 2))]);
        Assert.That(measured.SyncErrorUs("a", 0.5), Is.Null);
        measured.Add(3 * Second, [State("a", At(1, 1, errorUs: 5, uptimeUs: 3))]);
        Assert.That(measured.SyncErrorUs("a", 1), Is.EqualTo(5));
    }

    [Test]
    public void The_json_keeps_its_names()
    {
        var json = JsonSerializer.SerializeToElement(Judge(Played()), CliJson.Default.DemoReport);
        Assert.That(json.EnumerateObject().Select(p => p.Name), Is.EqualTo(
            ("ok duration_s track track_bytes track_duration_s uplink_limit_bytes_per_s peers from_each_other_share " +
            "median_position_spread_us max_position_spread_us any_audible failures").Split(' ')));
        Assert.That(json.GetProperty("peers")[0].EnumerateObject().Select(p => p.Name), Is.EqualTo(
            ("name role chunks chunks_total from_cache from_host from_peers bad_chunks bytes_down bytes_up buffer_ms position_ms sync_error_us " +
            "sync_uncertainty_us sync_error_median_us sync_error_p95_us underruns output audible").Split(' ')));
    }

    private DemoReport Judge(DemoPeerState[] states) => DemoVerdict.Judge(plan, Run(plan, states), states, 15 * Second, null);

    private DemoProgress Started(long musicAtUs)
    {
        var progress = new DemoProgress(plan, 0);
        progress.Advance(Second, [Host(0)]);
        progress.Advance(musicAtUs, Playing(0));
        return progress;
    }

    private static DemoProgress Run(DemoPlan plan, DemoPeerState[] states)
    {
        var progress = new DemoProgress(plan, 0);
        foreach (var second in (int[])[1, 5, 6, 8, 10])
            progress.Advance(second * Second, [.. states.Select(s => s with { Latest = s.Latest! with { UptimeUs = second } })]);
        return progress;
    }

    private static DemoPeerState[] Playing(int uptime) =>
        [Host(uptime), State("viewer-1", FakeReports.Viewer("viewer-1")), State("viewer-2", FakeReports.Viewer("viewer-2"))];

    private static DemoPeerState[] Played(TrackReport? track = null, Func<PlaybackReport, PlaybackReport>? change = null) =>
        [.. new[] { FakeReports.Host("host"), FakeReports.Viewer("viewer-1", track), FakeReports.Viewer("viewer-2", track) }
            .Select(report => State(report.Name, report with { Playback = change?.Invoke(report.Playback) ?? report.Playback }))];

    private static PeerReport At(long positionUs, long atUs, double errorUs, long uptimeUs)
    {
        var report = FakeReports.Viewer();
        return report with { AtUs = atUs, UptimeUs = uptimeUs, Playback = report.Playback with { PositionUs = positionUs, SyncErrorUs = errorUs } };
    }

    private static DemoPeerState Host(int uptime) => State("host", FakeReports.Host("host") with { UptimeUs = uptime });

    private static DemoPeerState Silent(DemoPeerState state) => state with
    {
        Latest = state.Latest! with { Playback = state.Latest.Playback with { Status = PlaybackStatus.Pause, PositionUs = 0, Sounding = false } },
    };

    private static DemoPeerState State(string name, PeerReport? report) => new(name, report, null, []);
}
