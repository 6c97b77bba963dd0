using System.Globalization;
using System.Text;

namespace Jam.Peer.Cli.Shell;

/// <summary>Completions for fish, with what each option does.</summary>
internal static class FishCompletion
{
    public static string Of(IReadOnlyList<Verb> verbs)
    {
        var text = new StringBuilder();
        var names = string.Join(' ', verbs.Where(v => v.Name.Length > 0).Select(v => v.Name));
        text.Append("""
            # fish completion for SwarmJam's jam. Made by: jam completions fish
            # Put it into ~/.config/fish/completions/jam.fish, or:  jam completions fish | source
            complete -c jam -f

            """);
        foreach (var verb in verbs)
        {
            if (verb.Name.Length > 0)
                text.Append(CultureInfo.InvariantCulture, $"complete -c jam -n __fish_use_subcommand -a {verb.Name} -d {Quoted(verb.Summary)}\n");
            var when = verb.Name.Length == 0 ? Quoted($"not __fish_seen_subcommand_from {names}") : Quoted($"__fish_seen_subcommand_from {verb.Name}");
            if (verb.Words.Length > 0)
                text.Append(CultureInfo.InvariantCulture, $"complete -c jam -n {when} -a {Quoted(string.Join(' ', verb.Words))}\n");
            foreach (var option in OptionFacts.Of(verb))
            {
                var letter = option.Short is { } s ? $" -s {s}" : "";
                text.Append(CultureInfo.InvariantCulture, $"complete -c jam -n {when} -l {option.Long}{letter}{Value(option)} -d {Quoted(ZshCompletion.FirstSentence(option.Help))}\n");
            }
        }

        return text.ToString();
    }

    private static string Value(OptionFact option) => option.Kind switch
    {
        ValueKind.None => "",
        ValueKind.File => " -r -F",
        ValueKind.Folder => " -x -a '(__fish_complete_directories)'",
        ValueKind.Words => $" -x -a {Quoted(string.Join(' ', option.Values))}",
        _ => " -x",
    };

    private static string Quoted(string text) =>
        $"'{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal)}'";
}
