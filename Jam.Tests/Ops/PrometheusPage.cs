using System.Globalization;
using System.Text.RegularExpressions;

namespace Jam.Tests.Ops;

/// <summary>One value of a page.</summary>
internal sealed record Sample(string Name, IReadOnlyDictionary<string, string> Labels, double Value);

/// <summary>
/// A page of metrics, read as strictly as the format's description has it: names, labels and their escapes, HELP and TYPE once and before
/// the samples of their name, which stand together; no sample twice; histograms whose buckets only grow and end at their count.
/// </summary>
internal sealed partial class PrometheusPage
{
    private readonly Dictionary<string, string> _types = [];
    private readonly List<Sample> _samples = [];

    public IReadOnlyList<Sample> Samples => _samples;

    public IReadOnlyDictionary<string, string> Types => _types;

    /// <exception cref="FormatException">The page is not what it should be.</exception>
    public static PrometheusPage Read(string text)
    {
        var page = new PrometheusPage();
        if (text.Length > 0 && !text.EndsWith('\n'))
            throw new FormatException("The last line has no end.");
        var helped = new HashSet<string>();
        var closed = new HashSet<string>();
        string? open = null;
        foreach (var line in text.Split('\n')[..^1])
        {
            var family = line.StartsWith("# HELP ", StringComparison.Ordinal) ? TakeHelp(line, helped)
                : line.StartsWith("# TYPE ", StringComparison.Ordinal) ? page.TakeType(line)
                : page.TakeSample(line);
            if (family != open && closed.Contains(family))
                throw new FormatException($"The lines of {family} do not stand together: {line}");
            if (open is not null && family != open)
                closed.Add(open);
            open = family;
        }

        if (page._samples.GroupBy(Key).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new FormatException($"Twice: {twice.Key}");
        foreach (var (name, _) in page._types.Where(t => t.Value == "histogram"))
            page.CheckHistogram(name);
        return page;
    }

    /// <summary>The one sample of a name that has these labels; null where there is none.</summary>
    public double? Find(string name, params (string Name, string Value)[] labels) => _samples
        .SingleOrDefault(s => s.Name == name && labels.All(l => s.Labels.GetValueOrDefault(l.Name) == l.Value))?.Value;

    /// <summary>Names of whole families, without what a histogram appends.</summary>
    public IEnumerable<string> Families => _types.Keys;

    private static string Key(Sample sample) =>
        $"{sample.Name}{{{string.Join(',', sample.Labels.OrderBy(l => l.Key, StringComparer.Ordinal).Select(l => $"{l.Key}={l.Value}"))}}}";

    private static string TakeHelp(string line, HashSet<string> helped)
    {
        var match = HelpLine().Match(line);
        if (!match.Success || !helped.Add(match.Groups["name"].Value))
            throw new FormatException($"No HELP, or a second one: {line}");
        return match.Groups["name"].Value;
    }

    private string TakeType(string line)
    {
        var match = TypeLine().Match(line);
        var name = match.Groups["name"].Value;
        if (!match.Success || _samples.Exists(s => Family(s.Name) == name) || !_types.TryAdd(name, match.Groups["type"].Value))
            throw new FormatException($"No TYPE, a second one, or one after its samples: {line}");
        return name;
    }

    private string TakeSample(string line)
    {
        var match = SampleLine().Match(line);
        if (!match.Success)
            throw new FormatException($"No sample: {line}");
        var labels = new Dictionary<string, string>();
        for (var i = 0; i < match.Groups["label"].Captures.Count; i++)
        {
            var value = Escape().Replace(match.Groups["text"].Captures[i].Value, e => e.Groups[1].Value == "n" ? "\n" : e.Groups[1].Value);
            if (!labels.TryAdd(match.Groups["label"].Captures[i].Value, value))
                throw new FormatException($"A label twice: {line}");
        }

        var number = match.Groups["value"].Value switch
        {
            "+Inf" => double.PositiveInfinity,
            "-Inf" => double.NegativeInfinity,
            var other => double.Parse(other, NumberStyles.Float, CultureInfo.InvariantCulture),
        };
        _samples.Add(new Sample(match.Groups["name"].Value, labels, number));
        var family = Family(match.Groups["name"].Value);
        return _types.ContainsKey(family) ? family : throw new FormatException($"A sample without a TYPE: {line}");
    }

    private string Family(string name)
    {
        foreach (var suffix in new[] { "_bucket", "_sum", "_count" })
        {
            if (name.EndsWith(suffix, StringComparison.Ordinal) && _types.GetValueOrDefault(name[..^suffix.Length]) == "histogram")
                return name[..^suffix.Length];
        }

        return name;
    }

    private void CheckHistogram(string name)
    {
        var buckets = _samples.Where(s => s.Name == name + "_bucket").Select(s => (Bound: s.Labels["le"], s.Value)).ToArray();
        var bounds = buckets.Select(b => b.Bound == "+Inf" ? double.PositiveInfinity : double.Parse(b.Bound, CultureInfo.InvariantCulture)).ToArray();
        if (!bounds.Order().Distinct().SequenceEqual(bounds) || !double.IsPositiveInfinity(bounds[^1]))
            throw new FormatException($"The buckets of {name} are not in order, or have no end.");
        if (!buckets.Select(b => b.Value).Order().SequenceEqual(buckets.Select(b => b.Value)) || buckets[^1].Value != Find(name + "_count") || Find(name + "_sum") is null)
            throw new FormatException($"The buckets of {name} do not come to its count.");
    }

    [GeneratedRegex(@"^# HELP (?<name>[a-zA-Z_:][a-zA-Z0-9_:]*) (?:[^\\]|\\\\|\\n)*$")]
    private static partial Regex HelpLine();

    [GeneratedRegex("^# TYPE (?<name>[a-zA-Z_:][a-zA-Z0-9_:]*) (?<type>counter|gauge|histogram|summary|untyped)$")]
    private static partial Regex TypeLine();

    [GeneratedRegex(
        """^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(?:(?<label>[a-zA-Z_][a-zA-Z0-9_]*)="(?<text>(?:[^\\"\n]|\\[\\"n])*)"(?:,(?=[a-zA-Z_])|(?=\})))*\})? (?<value>[-+]?(?:Inf|[0-9.]+(?:[eE][-+]?[0-9]+)?)|NaN)$""")]
    private static partial Regex SampleLine();

    [GeneratedRegex(@"\\([\\""n])")]
    private static partial Regex Escape();
}
