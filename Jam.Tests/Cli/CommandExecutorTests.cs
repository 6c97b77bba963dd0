using Jam.Peer.Cli.Commands;
using Jam.Peer.Session;
using Jam.Tests.Fakes;
using NUnit.Framework;

namespace Jam.Tests.Cli;

internal sealed class CommandExecutorTests
{
    [TestCase("seed a b.mp3", "seed a b.mp3")]
    [TestCase("play", "play")]
    [TestCase("play 2", "play 2000000")]
    [TestCase("resume", "play")]
    [TestCase("pause", "pause")]
    [TestCase("stop", "stop")]
    [TestCase("seek 0:20", "seek 20000000")]
    [TestCase("seek +10", "seek 22345678")]
    [TestCase("seek -10", "seek 2345678")]
    [TestCase("seek -20", "seek 0")]
    [TestCase("seek +20", "seek 30000000")]
    [TestCase("playlist 1", "select 1")]
    [TestCase("join h:1", "join h 1")]
    [TestCase("leave [::1]:2", "leave ::1 2")]
    public async Task A_command_reaches_the_session_and_its_answer_comes_back(string line, string call)
    {
        await using var session = new FakeSession();
        var answer = await Execute(session, line);
        Assert.That(session.Calls, Is.EqualTo(new[] { call }));
        Assert.That(answer.Line, Is.EqualTo($"done: {call}"));
    }

    [Test]
    public async Task A_refusal_is_an_answer_of_one_line()
    {
        await using var session = new FakeSession { FailWith = new JamException("only the host\ncontrols") };
        Assert.That((await Execute(session, "pause")).Line, Is.EqualTo("error: only the host controls"));
    }

    [TestCase("seek 0:30", "error: 0:30.0 is behind the end of song.mp3, which takes 0:30.0")]
    [TestCase("play 1:02:03", "error: 1:02:03 is behind the end of song.mp3, which takes 0:30.0")]
    public async Task A_place_behind_the_end_of_the_track_is_refused_before_anyone_hears_of_it(string line, string expected)
    {
        await using var session = new FakeSession();
        Assert.That((await Execute(session, line)).Line, Is.EqualTo(expected));
        Assert.That(session.Calls, Is.Empty);
    }

    [Test]
    public async Task A_command_that_meets_a_bug_is_answered_too_and_ends_no_peer()
    {
        await using var session = new FakeSession { FailWith = new ArgumentException("what nobody thought of") };
        Assert.That((await Execute(session, "pause")).Line, Does.StartWith("error: a fault inside").And.Contains("what nobody thought of"));
        session.FailWith = null;
        Assert.That((await Execute(session, "pause")).Line, Is.EqualTo("done: pause"));
    }

    [Test]
    public async Task Volume_is_shown_and_set_in_percent()
    {
        await using var session = new FakeSession();
        Assert.That((await Execute(session, "volume 40")).Line, Is.EqualTo("volume 40 %"));
        Assert.That(session.Volume, Is.EqualTo(0.4));
        Assert.That((await Execute(session, "volume")).Line, Is.EqualTo("volume 40 %"));
    }

    [TestCase("stats", "song.mp3: 60/62 chunks (host 40, peers 20, cache 0); playing 0:12.3, buffer 8.2 s; sync error +12 ±31 µs")]
    [TestCase("peers", "3 in room jam: bob (host) 127.0.0.1:9003; cy (viewer) 127.0.0.1:9004")]
    [TestCase("connections", "2 connected: bob (host) 127.0.0.1:9003 dialled, has 62, from 40 to 0 chunks, 123 kB/s down 0 B/s up, 1.2 ms")]
    [TestCase("playlist", "1 track: 1* song.mp3 (60/62, 0:30.0)")]
    [TestCase("help seek", "seek POSITION: go to a position")]
    [TestCase("help", "commands: seed FILE, play [POSITION]")]
    [TestCase("watch", "error: watch needs a terminal")]
    public async Task What_only_looks_is_answered_in_one_line_on_a_pipe(string line, string expected)
    {
        await using var session = new FakeSession();
        var answer = await Execute(session, line);
        Assert.That(answer.Line, Does.StartWith(expected).And.Not.Contain("\n"));
        Assert.That(session.Calls, Is.Empty);
    }

    [Test]
    public async Task The_list_of_commands_takes_a_line_each_on_a_terminal()
    {
        await using var session = new FakeSession();
        Assert.That((await Execute(session, "help")).ForTerminal, Has.Count.EqualTo(CommandHelp.All.Count));
    }

    [Test]
    public async Task Names_that_others_chose_cannot_break_a_line()
    {
        await using var session = new FakeSession();
        var evil = session.Current.Links[0] with { Name = "bob\n\u001b[2Jquit" };
        session.Current = session.Current with { Links = [evil] };
        Assert.That((await Execute(session, "connections")).Line, Does.Not.Contain("\n").And.Not.Contain("\u001b"));
    }

    private static Task<Answer> Execute(IJamSession session, string line) =>
        new CommandExecutor(session).ExecuteAsync(CommandParser.Parse(line).Command!, CancellationToken.None);
}
