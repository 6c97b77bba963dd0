using System.Diagnostics.Metrics;
using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Jam.Server.Observing;
using Jam.Tests.Fakes;
using NUnit.Framework;

namespace Jam.Tests.Ops;

/// <summary>From instruments to Prometheus's text.</summary>
internal sealed class PrometheusTextTests
{
    private readonly MetricsScope _scope = new();
    private Meter _meter = null!;
    private MetricCollector _collector = null!;

    [SetUp]
    public void Begin() => (_meter, _collector) = (new Meter(new MeterOptions("test") { Scope = _scope }), new MetricCollector(m => m.Scope == _scope));

    [TearDown]
    public void End()
    {
        _collector.Dispose();
        _meter.Dispose();
    }

    private static KeyValuePair<string, object?> Tag(string name, object value) => new(name, value);

    [TestCase("jam.server.io", "By", SeriesKind.Counter, "jam_server_io_bytes_total")]
    [TestCase("jam.server.state.delay", "s", SeriesKind.Histogram, "jam_server_state_delay_seconds")]
    [TestCase("jam.server.rooms", "{room}", SeriesKind.Gauge, "jam_server_rooms")]
    [TestCase("jam.swarm.efficiency", "1", SeriesKind.Gauge, "jam_swarm_efficiency_ratio")]
    [TestCase("jam.peer.rate", "By/s", SeriesKind.Gauge, "jam_peer_rate_bytes_per_second")]
    [TestCase("a.total", "{x}", SeriesKind.Counter, "a_total")]
    [TestCase("a.seconds", "s", SeriesKind.Gauge, "a_seconds")]
    [TestCase("2fast-and.röd", null, SeriesKind.Gauge, "_2fast_and_r_d")]
    public void Names_are_translated_as_OpenTelemetry_does(string name, string? unit, SeriesKind kind, string translated) =>
        Assert.That(PrometheusText.NameOf(name, unit, kind), Is.EqualTo(translated));

    [Test]
    public void A_histogram_has_growing_buckets_a_sum_and_a_count()
    {
        var histogram = _meter.CreateHistogram("delay", "s", "How long", null, new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.1, 1] });
        foreach (var value in new[] { 0.05, 0.1, 0.5, 1, 7 })
            histogram.Record(value);
        Assert.That(_collector.Read(), Is.EqualTo(
            "# HELP delay_seconds How long\n# TYPE delay_seconds histogram\ndelay_seconds_bucket{le=\"0.1\"} 2\ndelay_seconds_bucket{le=\"1\"} 4\n"
            + "delay_seconds_bucket{le=\"+Inf\"} 5\ndelay_seconds_sum 8.65\ndelay_seconds_count 5\n"));
    }

    [Test]
    public void Labels_and_help_survive_whatever_is_in_them()
    {
        var nasty = "a\\b\"c\nd{e=\"f\"} 7 é";
        _meter.CreateCounter<long>("rooms", null, "back\\slash\nand a line").Add(3, Tag("room.name", nasty));
        var page = PrometheusPage.Read(_collector.Read());
        Assert.That(page.Find("rooms_total", ("room_name", nasty)), Is.EqualTo(3));
    }

    [Test]
    public void Any_label_comes_back_as_it_went_in()
    {
        var counter = _meter.CreateCounter<long>("any");
        var values = new HashSet<string>();
        Prop.ForAll(ArbMap.Default.ArbFor<string>().Filter(s => s is not null && !s.Contains('\r')), value =>
        {
            counter.Add(1, Tag("value", value));
            values.Add(value);
            return values.Count > MetricSeries.MaxPoints || PrometheusPage.Read(_collector.Read()).Find("any_total", ("value", value)) >= 1;
        }).QuickCheckThrowOnFailure();
    }

    [Test]
    public void Counters_add_up_gauges_do_not_and_what_is_looked_at_and_is_gone_is_gone()
    {
        var counter = _meter.CreateCounter<long>("added");
        var up = _meter.CreateUpDownCounter<int>("here");
        var gauge = _meter.CreateGauge<double>("level");
        var looked = new List<Measurement<long>> { new(5, Tag("who", "a")), new(6, Tag("who", "b")) };
        _meter.CreateObservableCounter("seen", () => looked);
        (_, _) = (Twice(() => counter.Add(2)), Twice(() => up.Add(3)));
        up.Add(-1);
        gauge.Record(1.5);
        gauge.Record(0.25);
        _collector.Read();
        looked.RemoveAt(0);
        var page = PrometheusPage.Read(_collector.Read());
        Assert.Multiple(() =>
        {
            Assert.That(page.Find("added_total"), Is.EqualTo(4));
            Assert.That(page.Find("here"), Is.EqualTo(5));
            Assert.That(page.Find("level"), Is.EqualTo(0.25));
            Assert.That(page.Find("seen_total", ("who", "a")), Is.Null);
            Assert.That(page.Find("seen_total", ("who", "b")), Is.EqualTo(6));
        });

        static bool Twice(Action what)
        {
            what();
            what();
            return true;
        }
    }

    [Test]
    public void An_instrument_that_has_nothing_to_say_has_no_line()
    {
        _meter.CreateObservableGauge("silent", () => Array.Empty<Measurement<double>>());
        Assert.That(_collector.Read(), Is.Empty);
    }

    [Test]
    public void A_label_with_ever_new_values_takes_no_more_room_than_is_set_aside()
    {
        var counter = _meter.CreateCounter<long>("flood");
        for (var i = 0; i < MetricSeries.MaxPoints + 500; i++)
            counter.Add(1, Tag("id", i.ToString(CultureInfo.InvariantCulture)));
        Assert.That(PrometheusPage.Read(_collector.Read()).Samples, Has.Count.EqualTo(MetricSeries.MaxPoints));
    }

    [Test]
    public void Other_programs_of_the_same_process_are_not_listened_to()
    {
        using var other = new Meter(new MeterOptions("test") { Scope = new MetricsScope() });
        other.CreateCounter<long>("theirs").Add(1);
        _meter.CreateCounter<long>("ours").Add(1);
        Assert.That(PrometheusPage.Read(_collector.Read()).Families, Is.EqualTo(new[] { "ours_total" }));
    }

    [Test]
    public void A_meter_that_is_gone_is_gone_from_the_page()
    {
        _meter.CreateCounter<long>("short").Add(1);
        _meter.Dispose();
        Assert.That(_collector.Read(), Is.Empty);
    }

    [Test]
    public void A_measurement_without_tags_allocates_nothing()
    {
        var histogram = _meter.CreateHistogram<double>("hot");
        histogram.Record(1);
        var least = Allocated.Least(3, _ =>
        {
            for (var i = 0; i < 1000; i++)
                histogram.Record(i);
        });
        Assert.That(least, Is.Zero);
    }

    [TestCase("a 1\n", TestName = "The_parser_refuses_a_sample_without_a_type")]
    [TestCase("# TYPE a gauge\na{b=\"c} 1\n", TestName = "The_parser_refuses_a_label_that_does_not_end")]
    [TestCase("# TYPE a gauge\na{b=\"\\x\"} 1\n", TestName = "The_parser_refuses_an_escape_that_is_none")]
    [TestCase("# TYPE a gauge\na 1\na 2\n", TestName = "The_parser_refuses_a_sample_twice")]
    [TestCase("# TYPE a gauge\n# TYPE b gauge\na 1\nb 1\na{c=\"d\"} 1\n", TestName = "The_parser_refuses_lines_that_do_not_stand_together")]
    [TestCase("# TYPE a gauge\na 1", TestName = "The_parser_refuses_a_line_without_an_end")]
    [TestCase("# TYPE a histogram\na_bucket{le=\"1\"} 2\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 1\n", TestName = "The_parser_refuses_buckets_that_shrink")]
    public void The_parser_is_strict(string text) => Assert.That(() => PrometheusPage.Read(text), Throws.InstanceOf<FormatException>());
}
