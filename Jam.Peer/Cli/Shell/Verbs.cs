using Jam.Peer.Cli.Calibrate;
using Jam.Peer.Cli.Check;
using Jam.Peer.Cli.Demo;
using Jam.Peer.Cli.Discover;
using Jam.Peer.Cli.Options;

namespace Jam.Peer.Cli.Shell;

/// <summary>A verb of the program: its options as they are parsed, and the text that explains them.</summary>
/// <param name="Name">As typed; empty: the peer itself.</param>
/// <param name="Summary">What it does, for a list.</param>
/// <param name="Help">Its <c>--help</c>.</param>
/// <param name="Options">The class that its arguments are parsed into.</param>
/// <param name="Words">What may stand behind it without dashes.</param>
internal sealed record Verb(string Name, string Summary, string Help, Type Options, params string[] Words);

/// <summary>All verbs. What shells complete and what the manual says comes from here, and so from the options that are parsed.</summary>
internal static class Verbs
{
    /// <param name="serverHelp">The help of the server, which is a program of its own.</param>
    /// <param name="serverOptions">Its options.</param>
    public static IReadOnlyList<Verb> All(string serverHelp, Type serverOptions) =>
    [
        new("", "a peer: host with --seed, viewer with --connect", HelpTexts.Peer, typeof(RawOptions)),
        new("demo", "a host and two viewers on this machine", DemoOptions.HelpText, typeof(RawDemoOptions)),
        new("check", "can this machine and a peer reach each other, and how well?", CheckOptions.HelpText, typeof(RawCheckOptions)),
        new("calibrate", "how late do this machine's loudspeakers sound?", CalibrateProgram.HelpText, typeof(RawCalibrateOptions)),
        new("discover", "which rooms are there on this network?", DiscoverProgram.HelpText, typeof(RawDiscoverOptions)),
        new("server", "a rendezvous server of its own", serverHelp, serverOptions),
        new("completions", "what bash, zsh or fish need to complete all this", ShellProgram.HelpText, typeof(RawShellOptions), "bash", "zsh", "fish"),
        new("man", "the manual page, as man reads it", ShellProgram.HelpText, typeof(RawShellOptions)),
    ];
}
