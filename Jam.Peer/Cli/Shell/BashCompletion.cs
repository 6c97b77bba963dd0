using System.Globalization;
using System.Text;

namespace Jam.Peer.Cli.Shell;

/// <summary>Completions for bash, with nothing but bash itself (no bash-completion package).</summary>
internal static class BashCompletion
{
    public static string Of(IReadOnlyList<Verb> verbs)
    {
        var text = new StringBuilder();
        text.Append("""
            # bash completion for SwarmJam's jam. Made by: jam completions bash
            # Put it into ~/.local/share/bash-completion/completions/jam, or:  source <(jam completions bash)
            _jam() {
                local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} verb= i
                for ((i = 1; i < COMP_CWORD; i++)); do
                    case ${COMP_WORDS[i]} in

            """);
        text.Append(CultureInfo.InvariantCulture, $"            {string.Join('|', verbs.Where(v => v.Name.Length > 0).Select(v => v.Name))}) verb=${{COMP_WORDS[i]}} ;;\n");
        text.Append("""
                    esac
                    break
                done
                COMPREPLY=()
                # bash takes = and : for words of their own.
                [[ $word == = ]] && word=
                [[ $before == = ]] && ((COMP_CWORD > 1)) && before=${COMP_WORDS[COMP_CWORD-2]}
                case $verb:$before in

            """);
        foreach (var verb in verbs)
        {
            foreach (var option in OptionFacts.Of(verb).Where(o => o.Kind != ValueKind.None))
                text.Append(CultureInfo.InvariantCulture, $"        {verb.Name}:--{option.Long}) {Values(option)}; return ;;\n");
        }

        text.Append("    esac\n    case $verb in\n");
        foreach (var verb in verbs)
        {
            var words = OptionFacts.Of(verb).Select(o => "--" + o.Long);
            // Bare words before dashes: after jam itself come its verbs, after a list of files more of them.
            var bare = verb.Name.Length == 0 ? verbs.Where(v => v.Name.Length > 0).Select(v => v.Name) : verb.Words;
            var own = string.Join(' ', bare);
            var place = verb.Name.Length == 0 ? "COMP_CWORD == 1" : "COMP_CWORD == 2";
            text.Append(CultureInfo.InvariantCulture, $"        '{verb.Name}')\n");
            if (own.Length > 0)
                text.Append(CultureInfo.InvariantCulture, $"            [[ $word != -* ]] && (({place})) && {{ COMPREPLY=($(compgen -W '{own}' -- \"$word\")); return; }}\n");
            if (verb.Name.Length == 0)
                text.Append("            [[ $word != -* ]] && _jam_in_list && { compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- \"$word\"); return; }\n");
            text.Append(CultureInfo.InvariantCulture, $"            COMPREPLY=($(compgen -W '{string.Join(' ', words)}' -- \"$word\")) ;;\n");
        }

        text.Append("    esac\n}\n\n");
        var lists = string.Join('|', verbs.SelectMany(OptionFacts.Of).Where(o => o.IsList && o.Kind == ValueKind.File).Select(o => "--" + o.Long).Distinct());
        text.Append(CultureInfo.InvariantCulture, $$"""
            # Whether what stands before is a list of files that goes on.
            _jam_in_list() {
                local i
                for ((i = COMP_CWORD - 1; i > 0; i--)); do
                    case ${COMP_WORDS[i]} in
                        {{lists}}) return 0 ;;
                        -*) return 1 ;;
                    esac
                done
                return 1
            }

            complete -F _jam jam

            """);
        return text.ToString();
    }

    private static string Values(OptionFact option) => option.Kind switch
    {
        ValueKind.File => "compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- \"$word\")",
        ValueKind.Folder => "compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- \"$word\")",
        ValueKind.Words => $"COMPREPLY=($(compgen -W '{string.Join(' ', option.Values)}' -- \"$word\")){(option.Values.Any(v => v.EndsWith(':')) ? "; compopt -o nospace" : "")}",
        _ => ":",
    };
}
