using Jam.Peer.Cli;
using Jam.Peer.Cli.Calibrate;
using Jam.Peer.Cli.Commands;
using Jam.Peer.Cli.Terminal;
using Jam.Peer.Session;
using Jam.Tests.Fakes;
using NUnit.Framework;

namespace Jam.Tests.Cli;

public sealed class CalibrateTests
{
    [Test]
    public async Task Arrow_keys_move_the_sound_and_enter_saves()
    {
        await using var session = new FakeSession();
        var keys = new LatencyKeys(session, "anna");
        Assert.That((session.Clicks, session.ClickPartner), Is.EqualTo((true, "anna")));
        foreach (var key in new[] { ConsoleKey.UpArrow, ConsoleKey.UpArrow, ConsoleKey.DownArrow, ConsoleKey.LeftArrow, ConsoleKey.LeftArrow, ConsoleKey.RightArrow })
            Assert.That(keys.Apply(FakeIo.Key(key)), Is.Null);
        Assert.That(session.LatencyMs, Is.EqualTo(11));
        Assert.That(keys.Line(200), Does.StartWith("latency 11 ms"));
        Assert.That(keys.Line(10), Has.Length.EqualTo(10));
        Assert.That(keys.Apply(FakeIo.Key(ConsoleKey.Enter)), Is.EqualTo("latency 11 ms"));
        Assert.That(session.Calls[^1], Is.EqualTo("latency 11 save"));
        Assert.That(session.Clicks, Is.False);
    }

    [Test]
    public async Task Escape_leaves_the_latency_as_it_was()
    {
        await using var session = new FakeSession();
        session.SetLatency(40, save: true);
        var keys = new LatencyKeys(session);
        keys.Apply(FakeIo.Key(ConsoleKey.DownArrow));
        Assert.That(keys.Apply(FakeIo.Key(ConsoleKey.Escape)), Is.EqualTo("latency 40 ms, as before"));
        Assert.That((session.LatencyMs, session.Clicks, session.Calls[^1]), Is.EqualTo((40.0, false, "latency 40")));
    }

    [Test]
    public async Task On_a_pipe_the_clicks_go_on_until_they_are_stopped_and_the_latency_is_a_command()
    {
        await using var session = new FakeSession();
        var executor = new CommandExecutor(session);
        await executor.ExecuteAsync(new Command.Calibrate(true), default);
        Assert.That(session.Clicks, Is.True);
        await executor.ExecuteAsync(new Command.Latency(12.5), default);
        Assert.That(session.Calls[^1], Is.EqualTo("latency 12.5 save"));
        Assert.That((await executor.ExecuteAsync(new Command.Calibrate(false), default)).Line, Is.EqualTo("no more clicks; latency 12.5 ms"));
        Assert.That(session.Clicks, Is.False);
    }

    [Test]
    public async Task By_ear_it_joins_the_room_as_a_viewer_that_clicks_from_the_start()
    {
        await using var session = new FakeSession();
        SessionOptions? asked = null;
        var io = new FakeIo();
        var run = PeerProgram.RunAsync(
            ["calibrate", "--connect", "10.0.0.1:9003", "--duration", "0.05"], Parts(options => (asked = options, session).session), io.Io, CliFactsFake.Facts, default);
        Assert.That(await run, Is.Zero);
        Assert.That((asked!.Connect[0].Host, asked.ListenPort), Is.EqualTo(("10.0.0.1", 0)));
        Assert.That(session.Clicks, Is.True);
    }

    [Test]
    public async Task By_microphone_it_says_how_late_the_device_is()
    {
        MicrophoneRequest? asked = null;
        var parts = Parts(_ => new FakeSession()) with
        {
            Measure = (request, _, _) => Task.FromResult((asked = request, new MicrophoneResult("speaker", "mic", 182.44, 0.5, 5, 6, true)).Item2),
        };
        var io = new FakeIo();
        Assert.That(await PeerProgram.RunAsync(["calibrate", "--microphone", "--source", "mic"], parts, io.Io, CliFactsFake.Facts, default), Is.Zero);
        Assert.That(asked, Is.EqualTo(new MicrophoneRequest(null, "mic", true)));
        Assert.That(io.Out, Does.Contain("speaker sounds 182.4 ms later than it reports (±0.5 ms, 5 of 6 sweeps heard); saved for it"));
    }

    [Test]
    public async Task What_cannot_be_measured_is_one_line()
    {
        var parts = Parts(_ => new FakeSession()) with { Measure = (_, _, _) => throw new JamException("no microphone: the sound server has none") };
        var io = new FakeIo();
        Assert.That(await PeerProgram.RunAsync(["calibrate", "--microphone"], parts, io.Io, CliFactsFake.Facts, default), Is.EqualTo(1));
        Assert.That(io.Error, Is.EqualTo("jam: no microphone: the sound server has none" + Environment.NewLine));
    }

    [TestCase("calibrate", 2)]
    [TestCase("calibrate --help", 0)]
    [TestCase("calibrate --microphone --sauce x", 2)]
    [TestCase("calibrate --listen-port 0", 2)]
    public async Task Wrong_words_are_answered(string line, int code)
    {
        var io = new FakeIo();
        Assert.That(await PeerProgram.RunAsync(line.Split(' '), Parts(_ => new FakeSession()), io.Io, CliFactsFake.Facts, default), Is.EqualTo(code));
        Assert.That(io.Out + io.Error, Is.Not.Empty);
    }

    [Test]
    public void Devices_stand_by_system_with_the_default_one_marked()
    {
        var list = new SoundDeviceList(
            [
                new SoundDevice("PulseAudio", "alsa_output.pci", "Built-in", true, null), new SoundDevice("PulseAudio", "bt", "Speaker", false, 180.5),
                new SoundDevice("ALSA", "default", "", true, null),
            ],
            ["something is missing"]);
        Assert.That(DeviceTexts.Lines(list), Is.EqualTo(new[]
        {
            "PulseAudio (--device NAME):", "* alsa_output.pci  Built-in", "  bt               Speaker (latency 180.5 ms)",
            "ALSA (--output alsa:NAME):", "* default", "something is missing",
        }));
        using var json = new StringWriter();
        Assert.That(DeviceTexts.Print(list, true, json), Is.Zero);
        Assert.That(json.ToString(), Does.Contain("\"name\":\"bt\"").And.Contain("\"is_default\":true").And.Contain("\"latency_ms\":180.5"));
        Assert.That(DeviceTexts.Print(new SoundDeviceList([], []), false, json), Is.EqualTo(1));
    }

    private static ProgramParts Parts(Func<SessionOptions, IJamSession> create) => new()
    {
        CreateSession = create, RunServer = _ => Task.FromResult(0), ProbeDurationUs = _ => 1,
    };
}
