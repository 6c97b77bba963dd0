using System.Globalization;
using System.Text;

namespace Jam.Peer.Cli.Shell;

/// <summary>The manual page, in the language of man: prose by hand, options from where they are parsed and explained.</summary>
internal static class ManualPage
{
    private const string Prose = """
        .Sh DESCRIPTION
        Everyone in one room, on one campus or across the net hears the same track at the same moment, and nobody uploads it anywhere.
        A host seeds a file
        .Pq Fl -seed ;
        viewers
        .Pq Fl -connect
        trade its chunks with each other over TCP; a small rendezvous server, in the host's program or on its own
        .Pq Nm Cm server ,
        keeps who is there and what the host has decided; and every loudspeaker plays the same sample at the same instant.
        .Pp
        On a terminal,
        .Ic help
        lists the commands:
        .Ic play , pause , seek 1:30 , peers , stats , watch , quit
        and more.
        On a pipe the same commands come line by line.
        Values in brackets are what holds where an option is not given.
        """;

    private const string After = """
        .Sh ENVIRONMENT
        .Bl -tag -width Ds
        .It Ev XDG_CONFIG_HOME , Ev XDG_CACHE_HOME , Ev XDG_STATE_HOME
        Where settings, chunks and logs lie; else below the home folder.
        .It Ev OTEL_EXPORTER_OTLP_ENDPOINT
        A collector for metrics and traces, as
        .Fl -otlp ;
        the other variables of OpenTelemetry hold, too.
        .El
        .Sh FILES
        .Bl -tag -width Ds
        .It Pa ~/.config/swarmjam/identity.json
        Who this peer is.
        .It Pa ~/.config/swarmjam/latency.json
        What each sound device is late by.
        .It Pa ~/.cache/swarmjam
        Chunks, until they are removed or
        .Fl -cache-limit
        has them removed.
        .It Pa ~/.local/state/swarmjam/peer.log , Pa ~/.local/state/swarmjam/server.log
        Logs; they hold no secrets.
        .El
        .Sh EXIT STATUS
        0 well, 1 it could not go on (one line says why), 2 an option is wrong, 130 interrupted.
        .Sh EXAMPLES
        A host, and somebody who joins it:
        .Dl jam --seed song.mp3 --autoplay
        .Dl jam --connect 192.0.2.5:9003 --save ~/Music
        .Pp
        A server for many rooms that outlive it, watched by Prometheus of the same machine:
        .Dl jam server --data /var/lib/swarmjam --log-format json
        .Dl curl http://127.0.0.1:8000/metrics
        .Pp
        Completions for bash:
        .Dl jam completions bash > ~/.local/share/bash-completion/completions/jam
        .Sh SEE ALSO
        .Xr curl 1 ,
        .Xr systemd.service 5
        """;

    public static string Of(IReadOnlyList<Verb> verbs, string version)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $".\\\" SwarmJam {version}. Made by: jam man\n.Dd November 21, 2026\n.Dt JAM 1\n.Os\n.Sh NAME\n.Nm jam\n.Nd the same track at the same moment for everyone in a room\n");
        text.Append(".Sh SYNOPSIS\n.Nm\n.Fl -seed Ar file ...\n.Op options\n.Nm\n.Fl -connect Ar ip:port ...\n.Op options\n");
        foreach (var verb in verbs.Where(v => v.Name.Length > 0))
            text.Append(CultureInfo.InvariantCulture, $".Nm\n.Cm {verb.Name}\n{(verb.Words.Length > 0 ? $".Cm {string.Join(" | ", verb.Words)}\n" : verb.Name == "check" ? ".Ar ip:port\n" : "")}.Op options\n");
        text.Append(Prose).Append('\n');
        foreach (var verb in verbs)
        {
            var options = OptionFacts.Of(verb);
            text.Append(verb.Name.Length == 0 ? ".Sh OPTIONS\n" : $".Ss jam {verb.Name}: {Escaped(verb.Summary.TrimEnd('?'))}\n");
            if (options.Count == 0)
                continue;
            text.Append(".Bl -tag -width Ds\n");
            foreach (var option in options)
                text.Append(CultureInfo.InvariantCulture, $".It {(option.Short is { } s ? $"Fl {s} , " : "")}Fl -{option.Long}{(option.Meta.Length > 0 ? $" Ar {Escaped(option.Meta)}" : "")}\n{Paragraph(option.Help)}\n");
            text.Append(".El\n");
        }

        text.Append(After).Append('\n');
        return string.Join('\n', text.ToString().Split('\n').SelectMany(Wrapped));
    }

    /// <summary>Text in lines of at most 78 characters, a sentence's end at a line's; none begins as a request.</summary>
    private static List<string> Wrapped(string line)
    {
        var lines = new List<string> { line };
        if (line.StartsWith('.'))
            return lines;
        lines.Clear();
        var open = "";
        foreach (var word in line.Split(' '))
        {
            if (open.Length > 0 && (open.Length + word.Length > 77 || (open[^1] is '.' or '?' && word.Length > 0 && char.IsUpper(word[0]))))
            {
                lines.Add(open);
                open = "";
            }

            open = open.Length > 0 ? $"{open} {word}" : word.StartsWith('.') || word.StartsWith('\'') ? "\\&" + word : word;
        }

        lines.Add(open);
        return lines;
    }

    private static string Paragraph(string help) => help.Length == 0 ? "See above." : Escaped(help[..1].ToUpperInvariant() + help[1..]) + (help.EndsWith('.') ? "" : ".");

    private static string Escaped(string text)
    {
        var escaped = text.Replace("\\", "\\e", StringComparison.Ordinal).Replace("--", "\\-\\-", StringComparison.Ordinal).Replace("|", "\\*(Ba", StringComparison.Ordinal);
        return escaped.StartsWith('.') || escaped.StartsWith('\'') ? "\\&" + escaped : escaped;
    }
}
