using CommandLine;

namespace Jam.Peer.Cli.Options;

/// <summary>The parser library, with its errors turned into one line that says what to do.</summary>
internal static class ArgumentParser
{
    /// <summary>The options, or a line for standard error.</summary>
    public static (T? Options, string? Wrong) Parse<T>(IReadOnlyList<string> args, string program = "jam")
        where T : class
    {
        if (OptionWithoutValue(args, typeof(T)) is { } bare)
            return (null, $"{program}: {bare} needs a value (see --help)");
        using var parser = new Parser(settings =>
        {
            settings.AutoHelp = false;
            settings.AutoVersion = false;
            settings.HelpWriter = null;
            settings.CaseSensitive = true;
        });
        var result = parser.ParseArguments<T>(args);
        return result.Errors.FirstOrDefault() is { } error
            ? (null, $"{program}: {Explain(error, Names(typeof(T)))}")
            : (result.Value, null);
    }

    /// <summary>The library takes the missing value of a text for none given; that would drop a wish without a word.</summary>
    private static string? OptionWithoutValue(IReadOnlyList<string> args, Type options)
    {
        var texts = options.GetProperties().Where(property => property.PropertyType == typeof(string))
            .Select(property => Attribute.GetCustomAttribute(property, typeof(OptionAttribute)) as OptionAttribute)
            .OfType<OptionAttribute>().Select(option => "--" + option.LongName).ToHashSet();
        return args.Where((arg, i) => texts.Contains(arg) && (i + 1 == args.Count || args[i + 1].StartsWith("--", StringComparison.Ordinal)))
            .FirstOrDefault();
    }

    /// <summary>The options of a type that <c>--help</c> has to explain.</summary>
    public static IReadOnlyList<string> Names(Type options) =>
        [.. options.GetProperties()
            .Select(property => Attribute.GetCustomAttribute(property, typeof(OptionAttribute)) as OptionAttribute)
            .OfType<OptionAttribute>().Where(option => !option.Hidden).Select(option => option.LongName)];

    private static string Explain(Error error, IReadOnlyList<string> names) => error switch
    {
        UnknownOptionError unknown => Unknown(unknown.Token, names),
        MissingValueOptionError missing => $"--{missing.NameInfo.LongName} needs a value (see --help)",
        BadFormatConversionError bad => $"--{bad.NameInfo.LongName} takes no value, or not this one (see --help)",
        BadFormatTokenError bad => $"'{bad.Token}' cannot be understood (see --help)",
        RepeatedOptionError twice => $"--{twice.NameInfo.LongName} is given twice; once is enough",
        NamedError named => $"--{named.NameInfo.LongName} is wrong here (see --help)",
        _ => "the options cannot be understood (see --help)",
    };

    private static string Unknown(string token, IReadOnlyList<string> names)
    {
        var near = names.Select(name => (name, distance: Distance(token, name))).OrderBy(pair => pair.distance).FirstOrDefault();
        var typed = token.Length == 1 ? "-" + token : "--" + token;
        return near.name is not null && near.distance <= Math.Max(1, token.Length / 3)
            ? $"there is no option {typed}; did you mean --{near.name}?"
            : $"there is no option {typed} (see --help)";
    }

    /// <summary>Levenshtein's distance: how many letters to change, add or drop.</summary>
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var (diagonal, _) = (row[0], row[0] = i);
            for (var j = 1; j <= b.Length; j++)
            {
                var above = row[j];
                row[j] = Math.Min(Math.Min(row[j] + 1, row[j - 1] + 1), diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }
        return row[b.Length];
    }
}
