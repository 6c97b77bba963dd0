using System.Net;
using Jam.Peer.Cli;
using Jam.Peer.Cli.Check;
using Jam.Peer.Cli.Options;
using Jam.Peer.Session.Check;
using Jam.Tests.Cli;
using Jam.Tests.Fakes;
using NUnit.Framework;

namespace Jam.Tests.Check;

internal sealed class CheckOptionsTests
{
    [Test]
    public void An_address_is_enough()
    {
        var (options, _, _) = CheckOptions.Read(["10.0.0.5:9003"], CliFactsFake.Facts);
        Assert.That(options, Is.EqualTo(new CheckOptions(new CheckRequest(new DnsEndPoint("10.0.0.5", 9003), 64, 16_384, 0, "check"), false)));
    }

    [Test]
    public void Every_option_arrives()
    {
        var (options, _, _) = CheckOptions.Read(
            "host.example:9004 --chunks 8 --chunk-size 4096 --listen-port 9003 --name ada --json".Split(' '), CliFactsFake.Facts);
        Assert.That(options, Is.EqualTo(new CheckOptions(new CheckRequest(new DnsEndPoint("host.example", 9004), 8, 4096, 9003, "ada"), true)));
        Assert.That(CheckOptions.Read("a:1 --num-chunks 7".Split(' '), CliFactsFake.Facts).Options?.Request.Chunks, Is.EqualTo(7));
    }

    [TestCase("", "say whom to check")]
    [TestCase("a:1 b:2", "one address at a time")]
    [TestCase("10.0.0.5", "the port is missing")]
    [TestCase("a:1 --chunks 0", "--chunks 0")]
    [TestCase("a:1 --chunks 1.5", "whole number")]
    [TestCase("a:1 --chunk-size 100", "--chunk-size 100")]
    [TestCase("a:1 --chunks 17 --chunk-size 1048576", "16 MiB")]
    [TestCase("a:1 --listen-port x", "--listen-port x")]
    [TestCase("a:1 --chunk 3", "did you mean --chunks?")]
    public void What_is_wrong_is_one_line_that_says_what_to_do(string line, string expected)
    {
        var (options, text, code) = CheckOptions.Read(line.Split(' ', StringSplitOptions.RemoveEmptyEntries), CliFactsFake.Facts);
        Assert.That(options, Is.Null);
        Assert.That(text, Does.StartWith("jam check: ").And.Contain(expected).And.Not.Contain("\n"));
        Assert.That(code, Is.EqualTo(PeerProgram.UsageError));
    }

    [Test]
    public void Help_explains_every_option()
    {
        var (_, text, code) = CheckOptions.Read(["--help"], CliFactsFake.Facts);
        Assert.That(code, Is.Zero);
        foreach (var name in ArgumentParser.Names(typeof(RawCheckOptions)))
            Assert.That(text, Does.Contain("--" + name));
        Assert.That(text!.Split('\n').Max(line => line.Length), Is.LessThanOrEqualTo(130));
        Assert.That(HelpTexts.Peer, Does.Contain("jam check"));
    }

    [TestCase(CheckOutcome.Ok, 0)]
    [TestCase(CheckOutcome.NoAnswer, 1)]
    public async Task Json_is_one_line_with_words_that_programs_know(CheckOutcome outcome, int code)
    {
        var io = new FakeIo();
        var report = new CheckReport { Peer = "a:1", Outcome = outcome, Proximity = Proximity.SameNetwork };
        var parts = new ProgramParts
        {
            CreateSession = _ => new FakeSession(), RunServer = _ => Task.FromResult(0), ProbeDurationUs = _ => 0,
            Check = (_, _, _) => Task.FromResult(report),
        };
        Assert.That(await PeerProgram.RunAsync(["check", "a:1", "--json"], parts, io.Io, CliFactsFake.Facts, CancellationToken.None), Is.EqualTo(code));
        Assert.That(io.OutLines, Has.Length.EqualTo(1));
        using var json = System.Text.Json.JsonDocument.Parse(io.Out);
        var inner = json.RootElement.GetProperty("report");
        Assert.That(inner.GetProperty("ok").GetBoolean(), Is.EqualTo(outcome == CheckOutcome.Ok));
        Assert.That(inner.GetProperty("outcome").GetString(), Is.EqualTo(outcome == CheckOutcome.Ok ? "ok" : "no_answer"));
        Assert.That(inner.GetProperty("proximity").GetString(), Is.EqualTo("same_network"));
        Assert.That(inner.GetProperty("reverse").GetString(), Is.EqualTo("unknown"));
        Assert.That(inner.GetProperty("rtt").ValueKind, Is.EqualTo(System.Text.Json.JsonValueKind.Null));
        Assert.That(json.RootElement.GetProperty("verdict").GetString(), Is.Not.Empty);
    }
}
