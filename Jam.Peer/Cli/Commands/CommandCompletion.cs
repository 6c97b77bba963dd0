using Jam.Peer.Session;

namespace Jam.Peer.Cli.Commands;

/// <summary>What TAB adds to a line. Pure.</summary>
internal static class CommandCompletion
{
    private static readonly string[] OfMembers = ["handover", "kick", "mute", "unmute", "ping", "blob"];

    private static readonly Dictionary<string, string[]> Words = new(StringComparer.Ordinal)
    {
        ["role"] = ["host", "viewer"],
        ["policy"] = ["control", "queue", "loss"],
        ["policy control"] = ["host", "everyone"],
        ["policy queue"] = ["host", "everyone"],
        ["policy loss"] = ["promote", "free", "pause"],
        ["queue"] = ["remove", "move", "repeat", "shuffle"],
        ["queue repeat"] = ["off", "one", "all"],
        ["queue shuffle"] = ["on", "off"],
        ["metronome"] = ["on", "off", "count-in"],
        ["log"] = [.. LogWords.All],
        ["loop"] = ["on", "off", "play", "pause", "steps", "lane"],
    };

    /// <summary>The text to insert behind what is typed so far: as far as all that may follow agree, and a blank where one is left.</summary>
    public static string Complete(string typed, IReadOnlyList<string> members)
    {
        var split = typed.LastIndexOf(' ') + 1;
        var (before, word) = (typed[..split].Trim(), typed[split..]);
        IEnumerable<string> choices = before.Length == 0 || before == "help"
            ? CommandHelp.All.Select(help => help.Name)
            : OfMembers.Contains(before) ? members : Words.GetValueOrDefault(before, []);
        var fitting = choices.Where(c => c.StartsWith(word, StringComparison.OrdinalIgnoreCase)).Distinct().ToArray();
        if (fitting.Length == 0)
            return "";
        var common = fitting[0].Length;
        foreach (var other in fitting)
        {
            while (!other.AsSpan().StartsWith(fitting[0].AsSpan(0, common), StringComparison.OrdinalIgnoreCase))
                common--;
        }

        return fitting[0][Math.Min(word.Length, common)..common] + (fitting.Length == 1 ? " " : "");
    }
}
