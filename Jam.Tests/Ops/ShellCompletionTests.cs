using System.Diagnostics;
using System.Reflection;
using CommandLine;
using Jam.Peer.Cli;
using Jam.Peer.Cli.Options;
using Jam.Peer.Cli.Shell;
using Jam.Server;
using Jam.Tests.Cli;
using Jam.Tests.Storage;
using NUnit.Framework;

namespace Jam.Tests.Ops;

/// <summary>What shells complete and the manual says, held to the options that are parsed.</summary>
[CancelAfter(60_000)]
internal sealed class ShellCompletionTests
{
    private static readonly IReadOnlyList<Verb> s_verbs = Verbs.All(ServerArguments.Help, typeof(ServerArguments));

    private static string[] Parsed(Verb verb) => [.. verb.Options.GetProperties()
        .Select(p => p.GetCustomAttribute<OptionAttribute>()).OfType<OptionAttribute>().Where(o => !o.Hidden).Select(o => o.LongName)];

    [Test]
    public void Every_option_that_is_parsed_is_known_and_explained()
    {
        foreach (var verb in s_verbs)
        {
            var facts = OptionFacts.Of(verb);
            Assert.That(facts.Select(f => f.Long), Is.SupersetOf(Parsed(verb)), verb.Name);
            Assert.That(facts.Where(f => f.Help.Length == 0).Select(f => f.Long), Is.EqualTo(verb.Name.Length == 0 ? ["p2p-port"] : Array.Empty<string>()), verb.Name);
            Assert.That(facts.Where(f => f.Kind != ValueKind.None && f.Meta.Length == 0).Select(f => f.Long), Is.EqualTo(verb.Name.Length == 0 ? ["p2p-port"] : Array.Empty<string>()), verb.Name);
            Assert.That(facts.Where(f => f.Kind == ValueKind.None && f.Meta.Length > 0).Select(f => f.Long), Is.Empty, verb.Name);
        }
    }

    [Test]
    public void Every_word_that_is_offered_for_a_value_is_taken()
    {
        foreach (var option in OptionFacts.Of(s_verbs[0]).Where(o => o.Kind == ValueKind.Words))
        {
            foreach (var value in option.Values)
                Assert.That(CliFactsFake.ReadWithAllParts($"--connect host:9003 --{option.Long} {value}{(value == "wav:" ? "x.wav" : "")}"), Is.InstanceOf<CommandLineResult.Run>().Or.Property("Text").Contain("viewer"), $"--{option.Long} {value}");
        }
    }

    [TestCase("jam --out", "--output")]
    [TestCase("jam --seed song.mp3 --volu", "--volume")]
    [TestCase("jam --output al", "alsa")]
    [TestCase("jam dis", "discover")]
    [TestCase("jam server --metrics ", "local any off")]
    [TestCase("jam server --log-format j", "json")]
    [TestCase("jam server --chan", "")]
    [TestCase("jam completions ", "bash zsh fish")]
    [TestCase("jam demo --vie", "--viewers")]
    [TestCase("jam --role=v", "viewer")]
    [TestCase("jam --seed x", "x one.mp3 x two.mp3", Description = "files, spaces and all")]
    [TestCase("jam --seed one.mp3 x", "x one.mp3 x two.mp3", Description = "a list goes on")]
    [TestCase("jam --save ", "folder")]
    [TestCase("jam --volume ", "")]
    public async Task Bash_completes(string line, string expected)
    {
        using var folder = new TempFolder();
        Directory.CreateDirectory(folder["folder"]);
        await File.WriteAllTextAsync(folder["x one.mp3"], "");
        await File.WriteAllTextAsync(folder["x two.mp3"], "");
        await File.WriteAllTextAsync(folder["jam.bash"], BashCompletion.Of(s_verbs));
        // As readline does it: = is a word of its own.
        var words = line.Replace("=", " = ", StringComparison.Ordinal).Split(' ');
        var script = $"set -u; . ./jam.bash; COMP_WORDS=({string.Join(' ', words.Select(w => $"'{w}'"))}); COMP_CWORD={words.Length - 1}; _jam 2>errors; printf '%s\\n' \"${{COMPREPLY[@]}}\"";
        using var bash = Process.Start(new ProcessStartInfo("bash", ["--norc", "-c", script]) { WorkingDirectory = folder.Path, RedirectStandardOutput = true })!;
        var answer = await bash.StandardOutput.ReadToEndAsync();
        await bash.WaitForExitAsync();
        Assert.That(answer.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(), Is.EquivalentTo(
            expected.StartsWith("x ", StringComparison.Ordinal) ? ["x one.mp3", "x two.mp3"] : expected.Split(' ', StringSplitOptions.RemoveEmptyEntries)));
        // Only this may be said: the function does not run within a completion here.
        Assert.That((await File.ReadAllLinesAsync(folder["errors"])).Where(e => !e.Contains("compopt", StringComparison.Ordinal)), Is.Empty);
    }

    [Test]
    public void Every_option_stands_in_all_three_shells_and_in_the_manual()
    {
        var (bash, zsh, fish, man) = (BashCompletion.Of(s_verbs), ZshCompletion.Of(s_verbs), FishCompletion.Of(s_verbs), ManualPage.Of(s_verbs, "1.2.3"));
        foreach (var option in s_verbs.SelectMany(OptionFacts.Of))
        {
            Assert.That(bash, Does.Contain($"--{option.Long}"));
            Assert.That(zsh, Does.Contain($"--{option.Long}["));
            Assert.That(fish, Does.Contain($" -l {option.Long} "));
            Assert.That(man, Does.Contain($"Fl -{option.Long}"));
        }
    }

    [Test]
    public void No_line_of_the_manual_is_a_request_by_accident()
    {
        string[] known = [".Bl", ".Dd", ".Dl", ".Dt", ".El", ".Fl", ".It", ".Nd", ".Nm", ".Op", ".Os", ".Pp", ".Pq", ".Sh", ".Ss", ".Xr", ".Ic", ".Ar", ".Cm", ".\\\""];
        Assert.That(
            ManualPage.Of(s_verbs, "1").Split('\n').Where(l => l.StartsWith('\'') || (l.StartsWith('.') && !known.Contains(l.Split(' ')[0]))), Is.Empty);
    }

    [TestCase("completions bash", 0, "complete -F _jam jam")]
    [TestCase("completions fish", 0, "complete -c jam")]
    [TestCase("completions zsh", 0, "#compdef jam")]
    [TestCase("man", 0, ".Dt JAM 1")]
    [TestCase("completions --help", 0, "jam completions bash|zsh|fish")]
    public async Task The_program_prints_them(string line, int code, string part)
    {
        var io = new FakeIo();
        Assert.That(await RunAsync(line, io), Is.EqualTo(code));
        Assert.That(io.Out, Does.Contain(part));
    }

    [TestCase("completions", "bash, zsh or fish")]
    [TestCase("completions tcsh", "bash, zsh or fish")]
    [TestCase("man jam", "nothing more")]
    [TestCase("completions --loud", "--loud")]
    public async Task What_it_cannot_print_is_said(string line, string part)
    {
        var io = new FakeIo();
        Assert.That(await RunAsync(line, io), Is.EqualTo(PeerProgram.UsageError));
        Assert.That(io.Error, Does.Contain(part));
    }

    private static Task<int> RunAsync(string line, FakeIo io) => PeerProgram.RunAsync(
        line.Split(' '),
        new ProgramParts
        {
            CreateSession = _ => throw new AssertionException("no peer is wanted"), RunServer = _ => throw new AssertionException("no server is wanted"),
            ProbeDurationUs = _ => 0, ServerHelp = ServerArguments.Help, ServerOptions = typeof(ServerArguments),
        },
        io.Io, CliFactsFake.Facts, CancellationToken.None);
}
