using Jam.Peer.Cli.Options;
using Jam.Peer.Session;
using NUnit.Framework;

namespace Jam.Tests.Cli;

/// <summary>A machine on which a few files exist and one folder cannot be written.</summary>
internal static class CliFactsFake
{
    public static CliFacts Facts { get; } = new(
        "ada@loom", path => path is "song.mp3" or "my song.mp3" or "other.mp3", path => path is "music",
        folder => folder.Contains("locked") ? "Access is denied" : null)
    {
        Parts = new BuiltParts(Fleck: false, NAudio: false),
    };

    /// <summary>Reads a line the way a shell would split it: by spaces, with 'quotes'.</summary>
    public static CommandLineResult Read(string line) => CommandLineReader.Read(Split(line), Facts);

    /// <summary>The same where every build switch was on.</summary>
    public static CommandLineResult ReadWithAllParts(string line) =>
        CommandLineReader.Read(Split(line), Facts with { Parts = new BuiltParts(Fleck: true, NAudio: true) });

    public static PeerRun Run(string line) => Read(line) switch
    {
        CommandLineResult.Run run => run.Peer,
        var other => throw new AssertionException($"'{line}' should run, but: {other}"),
    };

    public static string Wrong(string line) => Read(line) switch
    {
        CommandLineResult.Wrong wrong => wrong.Text,
        var other => throw new AssertionException($"'{line}' should be refused, but: {other}"),
    };

    private static string[] Split(string line) =>
        [.. line.Split('\'').SelectMany((part, i) => i % 2 == 1 ? [part] : part.Split(' ', StringSplitOptions.RemoveEmptyEntries))];
}
