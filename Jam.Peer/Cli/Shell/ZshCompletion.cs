using System.Globalization;
using System.Text;

namespace Jam.Peer.Cli.Shell;

/// <summary>Completions for zsh, with what each option does.</summary>
internal static class ZshCompletion
{
    public static string Of(IReadOnlyList<Verb> verbs)
    {
        var text = new StringBuilder();
        text.Append("""
            #compdef jam
            # zsh completion for SwarmJam's jam. Made by: jam completions zsh
            # Put it as _jam into a folder of $fpath, or:  source <(jam completions zsh)
            _jam() {
                local -a verbs
                verbs=(

            """);
        foreach (var verb in verbs.Where(v => v.Name.Length > 0))
            text.Append(CultureInfo.InvariantCulture, $"        {Quoted($"{verb.Name}:{verb.Summary}")}\n");
        text.Append("    )\n    if ((CURRENT == 2)) && [[ $words[2] != -* ]]; then\n        _describe verb verbs\n        return\n    fi\n    case $words[2] in\n");
        foreach (var verb in verbs.Where(v => v.Name.Length > 0))
        {
            text.Append(CultureInfo.InvariantCulture, $"        {verb.Name})\n            shift words\n            ((CURRENT--))\n            _arguments -s -S");
            if (verb.Words.Length > 0)
                text.Append(CultureInfo.InvariantCulture, $" \\\n                {Quoted($"1:shell:({string.Join(' ', verb.Words)})")}");
            Append(text, verb, "                ");
            text.Append(" ;;\n");
        }

        text.Append("        *)\n            _arguments -s -S");
        Append(text, verbs.Single(v => v.Name.Length == 0), "                ");
        text.Append(" ;;\n    esac\n}\n\n");
        text.Append("if [[ $funcstack[1] == _jam ]]; then\n    _jam \"$@\"\nelse\n    compdef _jam jam\nfi\n");
        return text.ToString();
    }

    private static void Append(StringBuilder text, Verb verb, string indent)
    {
        foreach (var option in OptionFacts.Of(verb))
        {
            var names = option.Short is { } letter ? new[] { $"-{letter}", $"--{option.Long}" } : [$"--{option.Long}"];
            foreach (var name in names)
                text.Append(CultureInfo.InvariantCulture, $" \\\n{indent}{Quoted($"{(option.IsList ? "*" : "")}{name}[{Escaped(FirstSentence(option.Help))}]{Value(option)}")}");
        }
    }

    private static string Value(OptionFact option) => option.Kind switch
    {
        ValueKind.None => "",
        ValueKind.File => $":{Escaped(option.Meta)}:_files",
        ValueKind.Folder => $":{Escaped(option.Meta)}:_files -/",
        ValueKind.Words => $":{Escaped(option.Meta)}:({string.Join(' ', option.Values.Select(v => v.Replace(":", "\\:", StringComparison.Ordinal)))})",
        _ => $":{Escaped(option.Meta)}: ",
    };

    internal static string FirstSentence(string help)
    {
        var end = help.AsSpan().IndexOfAny(";(".AsSpan()) is > 3 and var at ? at : help.Length;
        var colon = help.IndexOf(": ", StringComparison.Ordinal);
        return help[..(colon > 3 ? Math.Min(end, colon) : end)].TrimEnd(' ', '.', ',');
    }

    private static string Escaped(string text) =>
        string.Concat(text.Select(c => c is '[' or ']' or ':' or '\\' ? $"\\{c}" : c.ToString()));

    private static string Quoted(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
