using CommandLine;
using Jam.Peer.Cli.Options;
using Jam.Server.Observing;

namespace Jam.Peer.Cli.Shell;

/// <summary>The options of <c>completions</c> and <c>man</c> as they were typed.</summary>
internal sealed class RawShellOptions
{
    [Option('h', "help")] public bool Help { get; set; }

    /// <summary>Which shell.</summary>
    [Value(0)] public IEnumerable<string> Words { get; set; } = [];
}

/// <summary>The <c>completions</c> and <c>man</c> commands: what a shell and a reader want to know of all the others.</summary>
internal static class ShellProgram
{
    public const string HelpText =
        """
        jam completions bash|zsh|fish: prints what that shell needs to complete jam's options
        jam man: prints the manual page

          bash:  jam completions bash > ~/.local/share/bash-completion/completions/jam
          zsh:   jam completions zsh > a folder of $fpath, as _jam
          fish:  jam completions fish > ~/.config/fish/completions/jam.fish
          man:   jam man > ~/.local/share/man/man1/jam.1, or read it at once: jam man | man -l -

          -h, --help   this text
        """;

    public static int Run(string verb, IReadOnlyList<string> args, IReadOnlyList<Verb> verbs, CliIo io)
    {
        var (raw, wrong) = ArgumentParser.Parse<RawShellOptions>(args, $"jam {verb}");
        if (raw is { Help: true })
        {
            io.Out.WriteLine(HelpText);
            return 0;
        }

        var words = raw?.Words.ToArray() ?? [];
        var text = (verb, words) switch
        {
            _ when raw is null => null,
            ("man", []) => ManualPage.Of(verbs, ProgramVersion.Number),
            ("completions", ["bash"]) => BashCompletion.Of(verbs),
            ("completions", ["zsh"]) => ZshCompletion.Of(verbs),
            ("completions", ["fish"]) => FishCompletion.Of(verbs),
            _ => null,
        };
        if (text is null)
        {
            io.Error.WriteLine(wrong ?? (verb == "man" ? "jam man: it takes nothing more" : "jam completions: say for which shell: bash, zsh or fish"));
            return PeerProgram.UsageError;
        }

        io.Out.Write(text);
        io.Out.Flush();
        return 0;
    }
}
