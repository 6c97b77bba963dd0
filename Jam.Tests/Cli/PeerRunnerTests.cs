using System.Text.Json;
using Jam.Peer.Cli;
using Jam.Peer.Session;
using Jam.Tests.Fakes;
using NUnit.Framework;

namespace Jam.Tests.Cli;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class PeerRunnerTests
{
    private readonly StepTime time = new();

    [Test]
    public async Task Each_line_of_a_pipe_is_answered_by_one_line()
    {
        var (session, io) = (new FakeSession(), new FakeIo());
        io.Input.Add("play 0:20", "", "dance", "volume 150", "peers", "quit", "pause");
        Assert.That(await Run(session, io, "--connect a:1"), Is.Zero);
        Assert.That(io.OutLines, Has.Length.EqualTo(4));
        Assert.That(io.OutLines[0], Is.EqualTo("done: play 20000000"));
        Assert.That(io.OutLines[1], Does.StartWith("error: there is no command 'dance'"));
        Assert.That(io.OutLines[2], Does.StartWith("error: volume 150"));
        Assert.That(session.Calls, Is.EqualTo(new[] { "play 20000000" }));
        Assert.That(session.Disposed);
    }

    [Test]
    public async Task Notices_go_to_standard_error_of_a_pipe_down_to_the_last()
    {
        var (session, io) = (new FakeSession(), new FakeIo());
        session.Notice("ada\njoined");
        io.Input.Add("quit");
        await Run(session, io, "--connect a:1");
        Assert.That(io.Error, Is.EqualTo("ada joined\nleft the room\n"));
        Assert.That(io.Out, Is.Empty);
    }

    [Test]
    public async Task The_end_of_a_pipe_is_not_the_end_of_the_peer()
    {
        var (session, io) = (new FakeSession(), new FakeIo());
        var armed = time.NextTimer();
        io.Input.End();
        var run = Run(session, io, "--connect a:1 --duration 1m");
        await armed;
        time.Advance(TimeSpan.FromSeconds(59));
        Assert.That(run.IsCompleted, Is.False);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.That(await run, Is.Zero);
    }

    [Test]
    public async Task The_end_of_the_input_ends_a_peer_that_was_told_so()
    {
        var (session, io) = (new FakeSession(), new FakeIo());
        io.Input.Add("pause");
        io.Input.End();
        Assert.That(await Run(session, io, "--connect a:1 --headless --end-with-stdin"), Is.Zero);
        Assert.That(session.Calls, Is.Empty);
    }

    [Test]
    public async Task Headless_leaves_standard_input_alone()
    {
        var (session, io) = (new FakeSession(), new FakeIo());
        var armed = time.NextTimer();
        io.Input.Add("pause", "quit");
        var run = Run(session, io, "--connect a:1 --headless --duration 5");
        await armed;
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.That(await run, Is.Zero);
        Assert.That(session.Calls, Is.Empty);
    }

    [Test]
    public async Task A_signal_ends_it_well()
    {
        var (session, io) = (new FakeSession(), new FakeIo());
        using var signal = new CancellationTokenSource();
        var run = Run(session, io, "--connect a:1 --headless", signal.Token);
        await session.Started;
        await signal.CancelAsync();
        Assert.That(await run, Is.Zero);
        Assert.That(session.Disposed);
    }

    [Test]
    public async Task What_keeps_it_from_starting_is_one_line_and_exit_code_1()
    {
        var (session, io) = (new FakeSession { FailWith = new JamException("port 9003 is taken;\ntry --listen-port 0") }, new FakeIo());
        Assert.That(await Run(session, io, "--connect a:1 --json"), Is.EqualTo(1));
        Assert.That(io.Error, Does.EndWith("jam: port 9003 is taken; try --listen-port 0\n"));
        Assert.That(io.Out, Is.Empty);
        Assert.That(session.Disposed);
    }

    [Test]
    public async Task What_breaks_it_later_is_one_line_and_exit_code_1()
    {
        var (session, io) = (new FakeSession(), new FakeIo());
        var run = Run(session, io, "--connect a:1");
        await session.Started;
        session.Break("the disk is full");
        Assert.That(await run, Is.EqualTo(1));
        Assert.That(io.Error, Does.EndWith("jam: the disk is full\n"));
    }

    [Test]
    public async Task Json_prints_one_object_at_the_end_and_nothing_else()
    {
        var (session, io) = (new FakeSession(), new FakeIo());
        io.Input.Add("peers", "dance", "quit");
        session.Notice("ada joined");
        await Run(session, io, "--connect a:1 --json");
        var json = JsonDocument.Parse(io.OutLines.Single()).RootElement;
        Assert.That(json.GetProperty("name").GetString(), Is.EqualTo("ada"));
        Assert.That(io.Error, Does.Contain("ada joined").And.Contain("3 in room").And.Contain("error:"));
    }

    [Test]
    public async Task Status_lines_come_at_the_start_every_so_often_and_at_the_end()
    {
        var (session, io) = (new FakeSession(), new FakeIo());
        var armed = time.NextTimer();
        using var signal = new CancellationTokenSource();
        var run = Run(session, io, "--connect a:1 --headless --status-every 0.25", signal.Token);
        await armed;
        Assert.That(CliJson.Read(io.OutLines.Single())!.Name, Is.EqualTo("ada"));
        session.Current = session.Current with { MembersInRoom = 7 };
        await signal.CancelAsync();
        await run;
        Assert.That(CliJson.Read(io.OutLines[^1])!.MembersInRoom, Is.EqualTo(7));
    }

    [Test]
    public async Task On_a_terminal_there_is_a_prompt_and_the_table_until_enter()
    {
        var (session, io) = (new FakeSession(), new FakeIo(terminal: true));
        session.Notice("bob joined");
        io.Type("pause\rwatch\r");
        io.Type("\rquit\r");
        Assert.That(await Run(session, io, "--connect a:1"), Is.Zero);
        Assert.That(io.Out, Does.Contain("jam> pause").And.Contain("bob joined").And.Contain("ENTER ends the table").And.Contain("Sync error"));
        Assert.That(io.Error, Is.Empty);
    }

    [Test]
    public async Task Control_d_on_an_empty_line_leaves()
    {
        var (session, io) = (new FakeSession(), new FakeIo(terminal: true));
        io.Type("\x04");
        Assert.That(await Run(session, io, "--connect a:1"), Is.Zero);
    }

    private Task<int> Run(FakeSession session, FakeIo io, string line, CancellationToken stop = default) =>
        new PeerRunner(CliFactsFake.Run(line), session, io.Io, time).RunAsync(stop);
}
