using Jam.Peer.Cli.Demo;
using Jam.Peer.Cli.Options;
using Jam.Peer.Session;
using NUnit.Framework;

namespace Jam.Tests.Cli;

internal sealed class DemoOptionsTests
{
    private static readonly DemoOptions Defaults = new(TimeSpan.FromSeconds(15), false, 2, null, "auto", false);

    [Test]
    public void Without_options_it_is_two_viewers_for_fifteen_seconds() =>
        Assert.That(Read("").Options, Is.EqualTo(Defaults));

    [Test]
    public void Every_option_arrives() =>
        Assert.That(
            Read("--duration 1m --json --viewers 3 --file song.mp3 --output null --keep").Options,
            Is.EqualTo(new DemoOptions(TimeSpan.FromMinutes(1), true, 3, "song.mp3", "null", true)));

    [Test]
    public void Every_peer_is_told_what_to_decode_with_and_the_host_what_to_listen_with()
    {
        var plan = Plan(Defaults with { Decoder = "nlayer", Listener = "fleck" });
        Assert.That(string.Join(' ', plan.HostArguments()), Does.Contain("--listener fleck").And.Contain("--decoder nlayer"));
        Assert.That(string.Join(' ', plan.ViewerArguments("v", 1)), Does.Contain("--decoder nlayer").And.Not.Contain("--listener"));
    }

    [TestCase("--decoder nlayer", "this build has no NAudio")]
    [TestCase("--listener fleck", "this build has no Fleck")]
    [TestCase("--viewers 0", "--viewers 0")]
    [TestCase("--viewers 9", "1 to 8")]
    [TestCase("--viewers 1.5", "whole number")]
    [TestCase("--duration 0.5", "--duration 0.5")]
    [TestCase("--file nowhere.mp3", "there is no such file")]
    [TestCase("--output loud", "auto, pulse, alsa, alsa:DEVICE, naudio, wav:PATH or null")]
    [TestCase("--jsn", "did you mean --json?")]
    [TestCase("song.mp3", "--file MP3")]
    public void What_is_wrong_is_said_in_one_line(string line, string expected)
    {
        var (options, text, exitCode) = Read(line);
        Assert.That((options, exitCode), Is.EqualTo(((DemoOptions?)null, 2)));
        Assert.That(text, Does.StartWith("jam demo: ").And.Contain(expected).And.Not.Contain("\n"));
    }

    [Test]
    public void Help_explains_every_option()
    {
        var (_, text, exitCode) = Read("--help");
        Assert.That(exitCode, Is.Zero);
        foreach (var name in ArgumentParser.Names(typeof(RawDemoOptions)))
            Assert.That(text, Does.Contain("--" + name));
    }

    [Test]
    public void The_track_is_found_above_the_program()
    {
        string[] files = [Path.Join("/house", "SwarmJam.sln"), Path.Join("/house", "tools", "assets", "track.mp3")];
        Assert.That(DemoOptions.TrackOfThisProgram("/house/Jam.Peer/bin/Debug", files.Contains), Is.EqualTo(files[1]));
        Assert.Throws<JamException>(() => DemoOptions.TrackOfThisProgram("/elsewhere/bin", files.Contains));
    }

    [Test]
    public void The_host_may_upload_a_fifth_more_than_the_track_needs()
    {
        var plan = Plan(Defaults);
        Assert.That(plan.UplinkLimitBytesPerSecond, Is.EqualTo(19_200));
        Assert.That(plan.HostArguments(), Is.SupersetOf(new[] { "--seed", "/m/track.mp3", "--server-port", "0", "--up-limit", "19200" }));
        Assert.That(plan.Listen, Is.EqualTo(TimeSpan.FromSeconds(15)));
        Assert.That(Plan(Defaults with { Duration = TimeSpan.FromMinutes(5) }).Listen, Is.EqualTo(TimeSpan.FromSeconds(29)));
    }

    [Test]
    public void Every_peer_understands_its_arguments_and_has_a_folder_and_a_file_of_its_own()
    {
        var plan = Plan(Defaults with { Output = "wav:out/heard.wav" });
        var facts = CliFactsFake.Facts with { FileExists = path => path == "/m/track.mp3" };
        var peers = new[] { plan.HostArguments() }.Concat(plan.ViewerNames().Select(name => plan.ViewerArguments(name, 4567)))
            .Select(args => CommandLineReader.Read(args, facts)).Cast<CommandLineResult.Run>().Select(run => run.Peer.Session).ToArray();
        Assert.That(peers.Select(peer => peer.Name), Is.EqualTo(new[] { "host", "viewer-1", "viewer-2" }));
        Assert.That(peers.Select(peer => peer.WavPath), Is.EqualTo(peers.Select(peer => Path.Combine("out", $"heard-{peer.Name}.wav"))));
        Assert.That(peers.Select(peer => peer.CacheFolder), Is.Unique);
        Assert.That(peers[1].Connect.Single().ToString(), Does.Contain("127.0.0.1:4567"));
        Assert.That(peers.Select(peer => peer.ListenPort), Is.All.Zero);
    }

    [Test]
    public void A_track_that_is_too_short_is_refused() =>
        Assert.Throws<JamException>(() => DemoPlan.For(Defaults, "x.mp3", 1000, 2_000_000, "x"));

    internal static DemoPlan Plan(DemoOptions options) => DemoPlan.For(options, "/m/track.mp3", 480_000, 30_000_000, Path.Combine("d", "x"));

    private static (DemoOptions? Options, string? Text, int ExitCode) Read(string line) =>
        DemoOptions.Read(line.Split(' ', StringSplitOptions.RemoveEmptyEntries), CliFactsFake.Facts);
}
