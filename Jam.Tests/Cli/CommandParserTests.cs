using System.Net;
using Jam.Peer.Cli.Commands;
using NUnit.Framework;

namespace Jam.Tests.Cli;

internal sealed class CommandParserTests
{
    private static readonly object[][] Understood =
    [
        ["seed song.mp3", new Command.Seed("song.mp3")],
        ["  SEED   my song.mp3  ", new Command.Seed("my song.mp3")],
        ["seed \"my song.mp3\"", new Command.Seed("my song.mp3")],
        ["seed 'my \"best\" song.mp3'", new Command.Seed("my \"best\" song.mp3")],
        ["seed \"a \\\"b\\\".mp3\"", new Command.Seed("a \"b\".mp3")],
        ["seed My\\ Song\\ \\(live\\).mp3", new Command.Seed("My Song (live).mp3")],
        ["seed Don't Stop.mp3", new Command.Seed("Don't Stop.mp3")],
        ["seed C:\\Music\\song.mp3", new Command.Seed("C:\\Music\\song.mp3")],
        ["seed '", new Command.Seed("'")],
        ["play", new Command.Play(null)],
        ["play 1:30", new Command.Play(90_000_000)],
        ["play 0", new Command.Play(0)],
        ["pause", new Command.Pause()],
        ["resume", new Command.Play(null)],
        ["stop", new Command.Stop()],
        ["seek 90.5", new Command.Seek(90_500_000, false)],
        ["seek +10", new Command.Seek(10_000_000, true)],
        ["seek - 1:00", new Command.Seek(-60_000_000, true)],
        ["peers", new Command.Peers()],
        ["connections", new Command.Connections()],
        ["join 10.0.0.5:9003", new Command.Join(new DnsEndPoint("10.0.0.5", 9003))],
        ["leave host.example:1", new Command.Leave(new DnsEndPoint("host.example", 1))],
        ["playlist", new Command.Playlist(null)],
        ["playlist 2", new Command.Playlist(2)],
        ["stats", new Command.Stats()],
        ["volume", new Command.Volume(null)],
        ["volume 40", new Command.Volume(40)],
        ["volume 7.5%", new Command.Volume(7.5)],
        ["latency", new Command.Latency(null)],
        ["latency -12.5", new Command.Latency(-12.5)],
        ["calibrate", new Command.Calibrate(true)],
        ["calibrate off", new Command.Calibrate(false)],
        ["calibrate Anna's laptop", new Command.Calibrate(true, "Anna's laptop")],
        ["watch", new Command.Watch()],
        ["help", new Command.Help(null)],
        ["? SEEK", new Command.Help("seek")],
        ["quit", new Command.Quit()],
        ["exit", new Command.Quit()],
    ];

    [TestCaseSource(nameof(Understood))]
    public void A_command_is_understood(string line, object expected) =>
        Assert.That(CommandParser.Parse(line), Is.EqualTo(new Parsed((Command)expected, null)));

    [TestCase("dance", "there is no command 'dance'")]
    [TestCase("seed", "usage: seed FILE")]
    [TestCase("seed a\0b.mp3", "no control characters")]
    [TestCase("play soon", "play soon: write a position")]
    [TestCase("seek", "usage: seek POSITION")]
    [TestCase("seek +", "seek +")]
    [TestCase("seek +-5", "write a position")]
    [TestCase("pause now", "pause takes nothing behind it")]
    [TestCase("join", "usage: join IP:PORT")]
    [TestCase("join 10.0.0.5", "the port is missing")]
    [TestCase("leave a:x", "'x' is no port")]
    [TestCase("playlist 0", "from 1")]
    [TestCase("playlist x", "from 1")]
    [TestCase("volume 101", "0 to 100")]
    [TestCase("volume -1", "0 to 100")]
    [TestCase("latency soon", "-2000 to 5000")]
    [TestCase("latency 9999", "-2000 to 5000")]
    [TestCase("help dance", "there is no command 'dance'")]
    public void What_is_no_command_is_answered_by_a_line(string line, string expected)
    {
        var parsed = CommandParser.Parse(line);
        Assert.That(parsed.Command, Is.Null);
        Assert.That(parsed.Wrong, Does.Contain(expected).And.Not.Contain("\n"));
    }

    [TestCase("")]
    [TestCase("   \t")]
    public void An_empty_line_is_nothing(string line) => Assert.That(CommandParser.Parse(line), Is.EqualTo(default(Parsed)));

    [Test]
    public void Every_command_that_help_lists_is_known()
    {
        foreach (var help in CommandHelp.All)
            Assert.That(CommandParser.Parse(help.Name).Wrong ?? "", Does.Not.Contain("there is no command"), help.Name);
    }
}
