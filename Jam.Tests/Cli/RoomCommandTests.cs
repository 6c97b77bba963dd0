using Jam.Peer.Cli.Commands;
using Jam.Peer.Cli.Terminal;
using Jam.Server.Contracts;
using Jam.Tests.Fakes;
using NUnit.Framework;

namespace Jam.Tests.Cli;

/// <summary>The commands that steer the room, from the typed line to what is asked of it.</summary>
[TestFixture]
internal sealed class RoomCommandTests
{
    private static readonly object[] Lines =
    [
        new object[] { "role host", new SetRole(Role.Host) }, new object[] { "role viewer", new SetRole(Role.Viewer) },
        new object[] { "handover bob", new SetRole(Role.Host, "p1") }, new object[] { "kick cy", new Kick("p3") },
        new object[] { "mute C", new Mute("p3") }, new object[] { "unmute p3", new Mute("p3", false) },
        new object[] { "policy control everyone", new SetPolicy(Control.Everyone) }, new object[] { "policy queue host", new SetPolicy(Queue: Control.Host) },
        new object[] { "policy loss pause", new SetPolicy(OnHostLoss: HostLoss.Pause) },
        new object[] { "queue remove 1", new Queue("remove", new TrackInfo("ab12", "song.mp3", 0, 0)) },
        new object[] { "queue move 1 3", new Queue("move", new TrackInfo("ab12", "song.mp3", 0, 0), 2) },
        new object[] { "queue repeat all", new Queue("repeat", Repeat: Repeat.All) }, new object[] { "queue shuffle off", new Queue("shuffle", IsOn: false) },
        new object[] { "next", new Queue("next") }, new object[] { "previous", new Queue("previous") },
        new object[] { "tempo 97.5", new SetTempo(97.5) }, new object[] { "tempo 120 3 at 0:01", new SetTempo(120, 3, null, 1_000_000) },
        new object[] { "metronome on", new Metronome(true) }, new object[] { "metronome count-in 2", new Metronome(null, 2) },
        new object[] { "loop on", new SetLoop(true) }, new object[] { "loop steps 8 beats 2", new SetLoop(null, 8, 2) },
        new object[] { "tap", new Tap() }, new object[] { "sync", new SnapshotRequest() },
        new object[] { """blob bob {"a": 1}""", new Blob("""{"a": 1}""", "p1") }, new object[] { "blob all [2]", new Blob("[2]") },
    ];

    private static async Task<(string Line, FakeSession Session)> TypeAsync(string line)
    {
        await using var session = new FakeSession();
        session.Current = session.Current with
        {
            Members =
            [
                new Member("p2", "ada", Role.Viewer, 2, []),
                new Member("p1", "bob", Role.Host, 1, [], new MemberStats(3_400, JitterUs: 200, Loss: 0.01, ClockErrorUs: 17.2)),
                new Member("p3", "cy", Role.Viewer, 3, [], null, true),
            ],
        };
        var (command, wrong) = CommandParser.Parse(line);
        Assert.That(wrong, Is.Null);
        return ((await new CommandExecutor(session).ExecuteAsync(command!, CancellationToken.None)).Line, session);
    }

    [TestCaseSource(nameof(Lines))]
    public async Task A_line_asks_this_of_the_room(string line, ClientMessage message) =>
        Assert.That((await TypeAsync(line)).Session.Asked, Is.EqualTo(new[] { message }));

    [TestCase("policy", "control: host; adding to the list: host; when the host is lost: promote")]
    [TestCase("tempo", "97.5 bpm, 3 beats a bar, metronome on")]
    [TestCase("loop", "loop on: 8 steps over 2 beats, 1 lane sounds")]
    [TestCase("ping bob", "bob: direct 1.2 ms; to the server: round trip 3.4 ms, jitter 0.2 ms, loss 1 %, clock ±18 µs")]
    [TestCase("position", "playing 0:12.3 of 0:30.0, beat 3 of 3 at 97.5 bpm; epoch 1, revision 7")]
    [TestCase("queue", "1 track: 1* song.mp3 (60/62, 0:30.0); repeat all, shuffle on")]
    [TestCase("loop pause", "the loop is paused here; the others hear it, and your edits wait")]
    [TestCase("log", "logging info to peer.log")]
    [TestCase("log debug", "logging debug to peer.log")]
    [TestCase("log OFF", "logging off to peer.log")]
    [TestCase("handover zoe", "error: there is no zoe in the room; 'members' lists who is")]
    public async Task A_line_is_answered(string line, string answer) => Assert.That((await TypeAsync(line)).Line, Is.EqualTo(answer));

    [Test]
    public async Task Members_tells_the_way_to_each()
    {
        var line = (await TypeAsync("members")).Line;
        Assert.That(line, Does.Contain("bob (host) round trip 3.4 ms, jitter 0.2 ms, loss 1 %").And.Contain("cy (viewer, muted)").And.Contain("ada (viewer, you)"));
    }

    [Test]
    public async Task A_lane_is_repeated_to_the_end_of_the_loop()
    {
        var update = (LoopUpdate)(await TypeAsync("loop lane X.x. kick")).Session.Asked.Single();
        var (loud, plain) = (new LoopStep(null, "kick", 127), new LoopStep(null, "kick"));
        Assert.That(update.Steps, Is.EqualTo(new[] { loud, null, plain, null, loud, null, plain, null }));
    }

    [TestCase("c4", 60)]
    [TestCase("a4", 69)]
    [TestCase("f#3", 54)]
    [TestCase("33", 33)]
    public async Task A_voice_may_be_a_note(string voice, int pitch) =>
        Assert.That(((LoopUpdate)(await TypeAsync($"loop lane x {voice}")).Session.Asked.Single()).Steps[0]!.Pitch, Is.EqualTo(pitch));

    [TestCase("role king", "usage: role")]
    [TestCase("handover", "usage: handover")]
    [TestCase("policy control me", "usage: policy")]
    [TestCase("queue move 1", "usage: queue")]
    [TestCase("tempo 19", "tempo 19")]
    [TestCase("tempo 120 0", "usage: tempo")]
    [TestCase("metronome count-in 9", "usage: metronome")]
    [TestCase("loop lane x?x kick", "loop lane")]
    [TestCase("loop lane xx no!", "loop lane")]
    [TestCase("log loud", "usage: log")]
    [TestCase("next one", "next takes nothing behind it")]
    public void A_slip_is_answered_by_how_it_is_written(string line, string start) =>
        Assert.That(CommandParser.Parse(line).Wrong, Does.StartWith(start));

    [TestCase("han", "dover ")]
    [TestCase("handover b", "ob ")]
    [TestCase("policy ", "")]
    [TestCase("policy con", "trol ")]
    [TestCase("policy control e", "veryone ")]
    [TestCase("help metr", "onome ")]
    [TestCase("p", "")]
    [TestCase("pla", "y")]
    [TestCase("log d", "ebug ")]
    [TestCase("loop p", "")]
    [TestCase("loop pl", "ay ")]
    [TestCase("metronome c", "ount-in ")]
    [TestCase("zzz", "")]
    public void Tab_adds_as_far_as_it_is_clear(string typed, string added) =>
        Assert.That(CommandCompletion.Complete(typed, ["ada", "bob"]), Is.EqualTo(added));

    [Test]
    public void Tab_inserts_at_the_cursor()
    {
        var editor = new LineEditor("jam> ", typed => CommandCompletion.Complete(typed, ["bob"]));
        foreach (var c in "kick b")
            editor.Apply(new ConsoleKeyInfo(c, default, false, false, false));
        editor.Apply(new ConsoleKeyInfo('\t', ConsoleKey.Tab, false, false, false));
        Assert.That(editor.Text, Is.EqualTo("kick bob "));
    }

    [Test]
    public void Every_command_that_help_lists_is_understood_or_says_how_it_is_written()
    {
        foreach (var help in CommandHelp.All)
        {
            var parsed = CommandParser.Parse(help.Name);
            Assert.That(parsed.Command is not null || parsed.Wrong!.StartsWith($"usage: {help.Name}", StringComparison.Ordinal), help.Name);
        }
    }
}
