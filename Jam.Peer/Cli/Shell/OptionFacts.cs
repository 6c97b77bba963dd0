using System.Text.RegularExpressions;
using CommandLine;

namespace Jam.Peer.Cli.Shell;

/// <summary>What may be typed for an option's value.</summary>
internal enum ValueKind
{
    /// <summary>It takes none.</summary>
    None,

    /// <summary>Anything.</summary>
    Any,

    /// <summary>A file.</summary>
    File,

    /// <summary>A folder.</summary>
    Folder,

    /// <summary>One of a few words.</summary>
    Words,
}

/// <summary>An option as shells and the manual want it.</summary>
/// <param name="Long">Its name, without dashes.</param>
/// <param name="Short">Its letter; null without one.</param>
/// <param name="Meta">What its value is called in the help: <c>PORT</c>; empty without one.</param>
/// <param name="Help">What it does, in one paragraph.</param>
/// <param name="Kind">What may be typed for its value.</param>
/// <param name="Values">The words, where those are few.</param>
/// <param name="IsList">Whether it may be given several values.</param>
internal sealed record OptionFact(
    string Long, char? Short, string Meta, string Help, ValueKind Kind, IReadOnlyList<string> Values, bool IsList);

/// <summary>
/// Options, read from the class that they are parsed into and from the help that explains them, which a test holds to each other: there
/// is no third list that could fall behind.
/// </summary>
internal static partial class OptionFacts
{
    /// <summary>Values that the help tells in words rather than as <c>a|b</c>. A test holds them to what the checks accept.</summary>
    internal static IReadOnlyDictionary<string, string[]> Told { get; } = new Dictionary<string, string[]>(StringComparer.Ordinal)
    {
        ["channel"] = ["left", "right", "mono", "stereo"],
        ["decoder"] = ["auto", "native", "nlayer", "naudio"],
        ["listener"] = ["kestrel", "fleck"],
        ["log-format"] = ["text", "json"],
        ["log-level"] = ["off", "error", "warning", "info", "debug", "trace"],
        ["output"] = ["auto", "pulse", "alsa", "naudio", "null", "wav:"],
        ["role"] = ["host", "viewer"],
    };

    private static readonly string[] Own = ["help", "version"];

    /// <summary>The options of a verb, in the order of its help.</summary>
    public static IReadOnlyList<OptionFact> Of(Verb verb)
    {
        var told = Lines(verb.Help);
        return [.. verb.Options.GetProperties()
            .Select(property => (property, option: Attribute.GetCustomAttribute(property, typeof(OptionAttribute)) as OptionAttribute))
            .Where(pair => pair.option is { Hidden: false })
            .Select(pair => Fact(verb, pair.option!, pair.property.PropertyType, told))
            // The parser's own, which no property stands for.
            .Concat(verb.Name == "server" ? Own.Where(told.ContainsKey).Select(name => new OptionFact(name, null, "", told[name].Help, ValueKind.None, [], false)) : [])
            .OrderBy(fact => told.TryGetValue(fact.Long, out var line) ? line.Place : int.MaxValue)];
    }

    private static OptionFact Fact(Verb verb, OptionAttribute option, Type type, Dictionary<string, (string Meta, string Help, int Place)> told)
    {
        var (meta, help, _) = told.GetValueOrDefault(option.LongName, ("", "", 0));
        var isList = type != typeof(string) && type != typeof(bool);
        var values = type == typeof(bool) ? []
            : verb.Name == "server" && option.LongName == "metrics" ? ["local", "any", "off"]
            : Told.GetValueOrDefault(option.LongName, []);
        var kind = type == typeof(bool) ? ValueKind.None
            : values.Length > 0 ? ValueKind.Words
            : meta.TrimEnd('.') is "FILE" or "MP3" ? ValueKind.File
            : meta is "DIR" ? ValueKind.Folder : ValueKind.Any;
        return new OptionFact(option.LongName, option.ShortName is [var letter, ..] ? letter : null, meta, help, kind, values, isList);
    }

    /// <summary>
    /// The lines of a help that explain an option: <c>  --name META   what it does</c>, and what follows further in. Several options may
    /// stand on one line.
    /// </summary>
    private static Dictionary<string, (string Meta, string Help, int Place)> Lines(string help)
    {
        var found = new Dictionary<string, (string Meta, string Help, int Place)>(StringComparer.Ordinal);
        string[] open = [];
        foreach (var line in help.Split('\n'))
        {
            if (OptionLine().Match(line) is { Success: true } match)
            {
                open = [.. match.Groups["name"].Captures.Select(c => c.Value)];
                foreach (var name in open)
                    found.TryAdd(name, (match.Groups["meta"].Value.Trim(), match.Groups["text"].Value.Trim(), found.Count));
            }
            else if (open.Length > 0 && line.StartsWith("            ", StringComparison.Ordinal))
            {
                foreach (var name in open)
                    found[name] = found[name] with { Help = $"{found[name].Help} {line.Trim()}" };
            }
            else
            {
                open = [];
            }
        }

        return found;
    }

    [GeneratedRegex(@"^ {2,10}(?:-\w, )?--(?<name>[a-z0-9-]+)(?:, (?:-\w, )?--(?<name>[a-z0-9-]+))*(?<meta> \S+)?(?: +(?<text>\S.*))?$")]
    private static partial Regex OptionLine();
}
