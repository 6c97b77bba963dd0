using System.Diagnostics.Metrics;
using System.Globalization;

namespace Jam.Server.Observing;

/// <summary>What an instrument is to whoever reads it.</summary>
internal enum SeriesKind
{
    /// <summary>Only goes up.</summary>
    Counter,

    /// <summary>Goes up and down.</summary>
    Gauge,

    /// <summary>Spreads over buckets.</summary>
    Histogram,
}

/// <summary>One value of a series: of a histogram its sum, count and buckets.</summary>
internal sealed class MetricPoint(string labels, int buckets)
{
    /// <summary>As in the text: <c>type="STATE",room="jam"</c>; empty without tags.</summary>
    public string Labels { get; } = labels;

    public double Value { get; set; }

    public long Count { get; set; }

    /// <summary>Of each bucket alone, the last one beyond all bounds.</summary>
    public long[] Buckets { get; } = new long[buckets];
}

/// <summary>
/// What one instrument has said so far. Without tags a measurement costs a lock and an addition; with tags a text is made of them, so what
/// is hot has none, or is an instrument that is looked at.
/// </summary>
internal sealed class MetricSeries
{
    /// <summary>Most points of a series: one with more has a label that is nobody's business.</summary>
    public const int MaxPoints = 2000;

    private static readonly double[] s_usualBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    private readonly Lock _gate = new();
    private readonly Dictionary<string, MetricPoint> _points = new(StringComparer.Ordinal);
    private readonly bool _isLookedAt;
    private readonly bool _isSum;
    private MetricPoint? _bare;

    public MetricSeries(Instrument instrument)
    {
        Instrument = instrument;
        var kind = instrument.GetType().GetGenericTypeDefinition();
        Kind = kind == typeof(Counter<>) || kind == typeof(ObservableCounter<>) ? SeriesKind.Counter
            : kind == typeof(Histogram<>) ? SeriesKind.Histogram : SeriesKind.Gauge;
        _isLookedAt = instrument.IsObservable;
        _isSum = kind == typeof(Counter<>) || kind == typeof(UpDownCounter<>);
        Bounds = Kind == SeriesKind.Histogram ? (instrument as Histogram<double>)?.Advice?.HistogramBucketBoundaries?.ToArray() ?? s_usualBounds : [];
    }

    public Instrument Instrument { get; }

    public SeriesKind Kind { get; }

    /// <summary>Upper bounds of the buckets but the last.</summary>
    public double[] Bounds { get; }

    /// <summary>Takes a measurement.</summary>
    public void Take(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        lock (_gate)
        {
            if (PointOf(tags) is not { } point)
                return;
            if (Kind == SeriesKind.Histogram)
            {
                var place = Array.BinarySearch(Bounds, value);
                point.Buckets[place < 0 ? ~place : place]++;
                point.Count++;
                point.Value += value;
            }
            else
            {
                point.Value = _isSum ? point.Value + value : value;
            }
        }
    }

    /// <summary>Before it is looked at: what is not said again is over.</summary>
    public void Begin()
    {
        if (!_isLookedAt)
            return;
        lock (_gate)
        {
            _points.Clear();
            _bare = null;
        }
    }

    /// <summary>Reads all points in order of their labels, under the lock.</summary>
    public void Read(Action<MetricPoint> read)
    {
        lock (_gate)
        {
            foreach (var point in _points.Values.OrderBy(p => p.Labels, StringComparer.Ordinal))
                read(point);
        }
    }

    private MetricPoint? PointOf(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.IsEmpty && _bare is not null)
            return _bare;
        var labels = Labels(tags);
        if (!_points.TryGetValue(labels, out var point))
        {
            if (_points.Count >= MaxPoints)
                return null;
            _points[labels] = point = new MetricPoint(labels, Kind == SeriesKind.Histogram ? Bounds.Length + 1 : 0);
        }

        if (tags.IsEmpty)
            _bare = point;
        return point;
    }

    private static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = new List<string>(tags.Length);
        foreach (var (name, value) in tags)
            labels.Add($"{PrometheusText.NameOf(name)}=\"{PrometheusText.Escaped(Convert.ToString(value, CultureInfo.InvariantCulture) ?? "")}\"");
        labels.Sort(StringComparer.Ordinal);
        return string.Join(',', labels);
    }
}
