using CommandLine;

namespace Jam.Bench.Fanout;

/// <summary>What <c>tools/bench/fanout</c> takes.</summary>
[Verb("fanout")]
internal sealed class FanoutArguments
{
    [Option("viewers", Default = 5000, MetaValue = "N", HelpText = "Viewers of one room, beside its host.")]
    public int Viewers { get; set; }

    [Option("members", MetaValue = "N", HelpText = "Members of one room, the host among them; in place of --viewers.")]
    public int? Members { get; set; }

    [Option("rooms", MetaValue = "N", HelpText = "That many rooms of five (a host and four viewers) in place of one.")]
    public int? Rooms { get; set; }

    [Option("rounds", Default = 3, MetaValue = "N", HelpText = "How often each server is measured, in turn with the others; medians count.")]
    public int Rounds { get; set; }

    [Option("messages", Default = 20, MetaValue = "N", HelpText = "STATEs of each host in a round (2 with --rooms).")]
    public int Messages { get; set; }

    [Option("only", Separator = ',', MetaValue = "NAMES", HelpText = "Of swarmjam, ws and socket.io, those to measure.")]
    public IEnumerable<string> Only { get; set; } = [];

    [Option("json", HelpText = "One JSON object on standard output.")]
    public bool Json { get; set; }

    [Option("server", Required = true, Hidden = true)]
    public string Server { get; set; } = "";

    [Option("relays", Required = true, Hidden = true)]
    public string Relays { get; set; } = "";

    [Option("packages", Required = true, Hidden = true)]
    public string Packages { get; set; } = "";
}
