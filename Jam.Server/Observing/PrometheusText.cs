using System.Globalization;
using System.Text;

namespace Jam.Server.Observing;

/// <summary>
/// Prometheus's text format, version 0.0.4, with names as OpenTelemetry translates its own: dots become underscores, the unit is appended, a
/// counter ends in <c>_total</c>. https://prometheus.io/docs/instrumenting/exposition_formats/
/// </summary>
internal static class PrometheusText
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>All series, in order of their names; the same name in two meters stands once, as the first has it.</summary>
    public static string Of(IEnumerable<MetricSeries> all)
    {
        var text = new StringBuilder();
        foreach (var series in all.GroupBy(NameOf, StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => g.First()))
            Append(text, series);
        return text.ToString();
    }

    /// <summary>The name that a series has in the text.</summary>
    public static string NameOf(MetricSeries series) => NameOf(series.Instrument.Name, series.Instrument.Unit, series.Kind);

    /// <summary>The name that an instrument of that name, unit and kind has in the text.</summary>
    public static string NameOf(string instrument, string? unit, SeriesKind kind)
    {
        var name = NameOf(instrument);
        var suffix = Suffix(unit, kind);
        if (suffix.Length > 0 && !name.EndsWith('_' + suffix, StringComparison.Ordinal))
            name += '_' + suffix;
        return kind == SeriesKind.Counter && !name.EndsWith("_total", StringComparison.Ordinal) ? name + "_total" : name;
    }

    /// <summary>A name of a series or a label: letters, digits and underscores, no digit first.</summary>
    public static string NameOf(string name)
    {
        var clean = string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) || c == '_' ? c : '_'));
        return clean.Length == 0 || char.IsAsciiDigit(clean[0]) ? '_' + clean : clean;
    }

    /// <summary>A label's value.</summary>
    public static string Escaped(string value) => Help(value).Replace("\"", "\\\"", StringComparison.Ordinal);

    private static void Append(StringBuilder text, MetricSeries series)
    {
        var name = NameOf(series);
        var head = text.Length;
        text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {Help(series.Instrument.Description ?? "")}\n# TYPE {name} {Word(series.Kind)}\n");
        var values = text.Length;
        series.Read(point =>
        {
            if (series.Kind == SeriesKind.Histogram)
                AppendHistogram(text, name, series, point);
            else
                AppendLine(text, name, "", point.Labels, point.Value);
        });
        // Nothing to say yet: no line at all rather than a name without a value.
        if (text.Length == values)
            text.Length = head;
    }

    private static void AppendHistogram(StringBuilder text, string name, MetricSeries series, MetricPoint point)
    {
        long sum = 0;
        for (var i = 0; i < point.Buckets.Length; i++)
        {
            sum += point.Buckets[i];
            var bound = i < series.Bounds.Length ? Number(series.Bounds[i]) : "+Inf";
            AppendLine(text, name, "_bucket", point.Labels.Length == 0 ? $"le=\"{bound}\"" : $"{point.Labels},le=\"{bound}\"", sum);
        }

        AppendLine(text, name, "_sum", point.Labels, point.Value);
        AppendLine(text, name, "_count", point.Labels, point.Count);
    }

    private static void AppendLine(StringBuilder text, string name, string suffix, string labels, double value)
    {
        text.Append(name).Append(suffix);
        if (labels.Length > 0)
            text.Append('{').Append(labels).Append('}');
        text.Append(' ').Append(Number(value)).Append('\n');
    }

    private static string Number(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        _ => value.ToString("R", CultureInfo.InvariantCulture),
    };

    private static string Help(string text) =>
        text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\r", "", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    private static string Word(SeriesKind kind) => kind switch
    {
        SeriesKind.Counter => "counter",
        SeriesKind.Histogram => "histogram",
        _ => "gauge",
    };

    /// <summary>A unit in braces says what is counted, and is no part of the name.</summary>
    private static string Suffix(string? unit, SeriesKind kind) => unit switch
    {
        null or "" or ['{', ..] => "",
        "s" => "seconds",
        "By" => "bytes",
        "By/s" => "bytes_per_second",
        "1" => kind == SeriesKind.Gauge ? "ratio" : "",
        _ => NameOf(unit),
    };
}
