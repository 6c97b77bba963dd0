namespace Jam.Peer.Cli.Options;

/// <summary>
/// The hand that the list options need before the parser: it knows no option whose value may be missing (a bare <c>--seed</c>), and
/// may only be told to accept every option twice, and then takes a missing value for none.
/// </summary>
internal static class SeedArguments
{
    internal const string BareSeed = "seed-test-pattern";

    private static readonly string[] Lists = ["--seed", "--connect"];

    /// <summary>Gathers the values of each list option behind one mention of it, and renames a <c>--seed</c> that has none.</summary>
    public static string[] Prepare(IReadOnlyList<string> args)
    {
        var prepared = new List<string>();
        var values = Lists.ToDictionary(name => name, _ => new List<string>());
        for (var i = 0; i < args.Count; i++)
        {
            var parts = args[i].Split('=', 2);
            if (!values.TryGetValue(parts[0], out var list))
            {
                prepared.Add(args[i]);
                continue;
            }
            var before = list.Count;
            if (parts.Length == 2)
                list.Add(parts[1]);
            else
                while (i + 1 < args.Count && !args[i + 1].StartsWith('-'))
                    list.Add(args[++i]);
            if (list.Count == before)
                prepared.Add(parts[0] == "--seed" ? "--" + BareSeed : parts[0]);
        }
        foreach (var (name, list) in values.Where(pair => pair.Value.Count > 0))
            prepared.AddRange([name, .. list]);
        return [.. prepared];
    }
}
