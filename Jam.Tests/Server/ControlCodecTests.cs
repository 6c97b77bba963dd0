using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Jam.Server.Contracts;
using NUnit.Framework;

namespace Jam.Tests.Server;

[TestFixture]
internal sealed class ControlCodecTests
{
    private const string TrackId = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    private static readonly TrackInfo _track = new(TrackId, "song.mp3", 5_000_000, 16_384, TrackKind.Audio, 240_000_000, new Sidecars(TrackId, null, TrackId));
    private static readonly Timeline _timeline = new(3, 7, new Guid("8d5b1c52-38f0-4b4c-9d6e-0e1f3c6a2b11"), PlaybackStatus.Play, TrackId, 5_000_000, 250);
    private static readonly Member _member = new("p1", "ana \"é\" 🎵", Role.Host, 4, ["192.0.2.1:9003"], new MemberStats(900, 20_000, 8_000_000, -3.5, 12));

    private static readonly Tempo _tempo = new(3, 8, _timeline.ClockId, 5_000_000, 97.25, 3, 4_000_000, -9, true, 2, 77);
    private static readonly LoopLane _lane = new("p1", [null, new LoopStep(60), new LoopStep(null, "kick", 1)], 12);
    private static readonly State _state = new(TrackId, PlaybackStatus.Play, 1.25, 1762569219.737918, 3, 7, _timeline.ClockId, 5_000_000, 1_250_000, _track, "p1", null, 9);

    private static readonly SwarmReport _report = new(
        TrackId, 45, 3, true, ["p1", "p2"], [0, 10, 0, 5, 1, 2], [new SwarmLink("p2", 1000, 0, 250)], new MemberStats(1, 2, 3, -4.5, 5), 9, 8, 7, 6);

    private static readonly ClientMessage[] _clientMessages =
    [
        new Hello(Role.Host, "ana", "p1", ["192.0.2.1:9003", "[2001:db8::1]:9003"], 9003, "tok-1", new Resume(_timeline, _track, 77, 4.5)),
        new Hello(), new SetRole(Role.Host), new Play(), new Play(5), new Play(null, 1.5), new Pause(), new Stop(), new Seek(9),
        new SetTrack(TrackId, "song.mp3", 5, 1024, TrackKind.Data, 8, new Sidecars(Tags: TrackId)), new SetTrack(), new Queue("add", _track), new Queue("remove", _track),
        new SyncRequest(long.MaxValue), new Ready(TrackId, true), new Stats(new MemberStats(1, 2, 3, -4.25, 5)), new Stats(new MemberStats()),
        new WatchRequest(false), new SwarmTold(_report), new SwarmTold(new SwarmReport(null, 0, 0, true, [], [], [])),
        new Hello(IsListed: false), new SetPolicy(IsListed: true), new PeersRequest(), new Ping(-3), new Bye(), new ClockPortRequest(), new SetDoor("word", true), new SetDoor(IsLocked: false), new Invite(), new Invite(InviteActions.Add, null, 3, 60),
        new Invite(InviteActions.Revoke, "abc"), new SetRole(Role.Host) { HostToken = "t" }, new SetPolicy(Links: LinkSecurity.Tls, OnHostLoss: HostLoss.Keep),
        new Hello { Password = "w", Invite = "i", HostToken = "h", IsLocked = true, IsEncrypted = true, LinkKey = new string('a', 64) }, new SetRole(Role.Host, "p2"), new SetPolicy(Control.Everyone, null, HostLoss.Free), new SetPolicy(),
        new TellRendezvous(new Rendezvous(7, _timeline.ClockId, ["ws://10.0.0.1:8000/ws/jam"])),
        new Kick("p2"), new Mute("p2", false), new Seek(9) { Epoch = 2, Revision = 3 }, new Pause { Revision = 8 },
        new Queue("add", _track, 3), new Queue("move", _track, 0), new Queue("next") { Revision = 4 }, new Queue("repeat", Repeat: Repeat.All),
        new Queue("shuffle", IsOn: true), new ScrollRequest(50), new SetTempo(97.25, 3, -5), new SetTempo(400, null, null, 7), new Tap(5), new Tap(),
        new Metronome(true, 2), new SetLoop(false, 8, 2), new LoopUpdate([null, new LoopStep(60), new LoopStep(null, "kick", 1)], "p1"),
        new Blob("""{"a":[1,null,"é"]}""", "p2"), new Blob("null"), new SnapshotRequest(),
        new Hello(Resume: new Resume(_timeline, _track, 77, 4.5, 5, _tempo, new RoomPolicy(), [_track], Repeat.One, new LoopShape(3, 1))),
        new Stats(new MemberStats(1, 2, 3, -4.25, 5, 6, 0.5, 7.5)),
    ];

    private static readonly ServerMessage[] _serverMessages =
    [
        new State(TrackId, PlaybackStatus.Play, 1.25, 1762569219.737918, 3, 7, _timeline.ClockId, 5_000_000, 1_250_000, _track, "p1", "resumed"),
        new State(null, PlaybackStatus.Stop, 0, 1, 1, 0, _timeline.ClockId, -5, 0), new Welcome("p1", Role.Viewer, 1, "tok", "c2VjcmV0", new RoomPolicy(), "::1"),
        new Welcome("p1", Role.Host, 1, "tok", "c2VjcmV0", new RoomPolicy(Links: LinkSecurity.Tls), null) { HostToken = "h", Door = new DoorState(true, true), WebPort = 8001 },
        new DoorState(true, true, new DoorSeal(true, "seal", new string('0', 32), null, 3), "pass"), new Invited("abc", "token", 1_700_000_000, 3),
        new Snapshot(0, 1, [_member], [_track]), new QueueState([_track]), new RoomStats(2, 1, 1, 900, 20_000, ["p2"]), new Peers([_member], 1, 2),
        new PeerJoined(_member), new PeerLeft("p1", "ana", "bye"), new Watched(true, 500, 3), new SwarmRelay("p1", _report),
        new SyncResponse(1, 2, 3, _timeline.ClockId, PlaybackStatus.Pause, null, 0, 0), new Pong(9), new ClockPort(), new ClockPort(8000, 42, Convert.ToBase64String(new byte[32])), new Rendezvous(7, _timeline.ClockId, ["ws://10.0.0.1:8000/ws/jam", "wss://[fd00::1]/rooms/jam"], 3), new Error("rate", "slower", true),
        new Snapshot(0, 2, [_member], [_track], new RoomSummary(_state, new RoomPolicy(), 1, Repeat.One, true, TrackId, 2, _tempo, new LoopShape(3, 4, true, 8, 2, 5))),
        new Snapshot(1, 2, [], [], null, [_lane]), new QueueState([_track], Repeat.All, true, TrackId, 5),
        new PolicyState(new RoomPolicy(Control.Everyone, Control.Everyone, HostLoss.Pause), 3, "p1"), new TempoState(_tempo, "p1"),
        new LoopState(new LoopShape(3, 4), _lane, "p1"), new LoopState(new LoopShape(3, 4)), new LoopAck(4, 12, _lane),
        new ScrollTick(1_250_000, 1.25, 5, 1762569219.5, PlaybackStatus.Play, TrackId, 3, 7, -3, 2), new BlobRelay("p1", """{"a":1}""", true),
        new RoomStats(2, 1, 1, 900, 20_000, [], [new MemberQuality("p1", new MemberStats(1))]), new PeerJoined(_member with { IsMuted = true }),
        new SyncResponse(1, 2, 3, _timeline.ClockId, PlaybackStatus.Play, TrackId, 5, 0.000005, new BeatNow(120, 4, 17.5), new Revisions(1, 2, 3, 4, 5, 6)),
    ];

    private static IEnumerable<TestCaseData> ClientMessages() => _clientMessages.Select((m, i) => new TestCaseData(m).SetArgDisplayNames($"{i} {m.GetType().Name}"));

    private static IEnumerable<TestCaseData> ServerMessages() => _serverMessages.Select((m, i) => new TestCaseData(m).SetArgDisplayNames($"{i} {m.GetType().Name}"));

    [TestCaseSource(nameof(ClientMessages))]
    public void What_a_client_says_arrives_as_it_was(ClientMessage message)
    {
        var bytes = ControlCodec.Serialize(message);
        var parsed = ControlCodec.ParseClient(bytes);
        Assert.That(parsed.Error, Is.Null);
        Assert.That(parsed.Message, Is.TypeOf(message.GetType()));
        Assert.That(Text(ControlCodec.Serialize(parsed.Message!)), Is.EqualTo(Text(bytes)));
    }

    [TestCaseSource(nameof(ServerMessages))]
    public void What_a_server_says_arrives_as_it_was(ServerMessage message)
    {
        var bytes = ControlCodec.Serialize(message);
        var parsed = ControlCodec.ParseServer(bytes);
        Assert.That(parsed.Error, Is.Null);
        Assert.That(parsed.Message, Is.TypeOf(message.GetType()));
        Assert.That(Text(ControlCodec.Serialize(parsed.Message!)), Is.EqualTo(Text(bytes)));
    }

    [Test]
    public void Every_message_of_the_contracts_has_a_wire_form()
    {
        static IEnumerable<Type> Concrete(Type parent) => parent.Assembly.GetTypes().Where(type => !type.IsAbstract && type.IsSubclassOf(parent));
        Assert.That(_clientMessages.Select(m => m.GetType()).Distinct(), Is.EquivalentTo(Concrete(typeof(ClientMessage))));
        // A brief answer is read as the whole one, so it cannot come back as it was.
        Assert.That(_serverMessages.Select(m => m.GetType()).Append(typeof(ClockAnswer)).Distinct(), Is.EquivalentTo(Concrete(typeof(ServerMessage))));
    }

    [Test]
    public void A_probe_for_the_clock_alone_gets_an_answer_that_says_no_more()
    {
        var bytes = ControlCodec.Serialize(new ClockAnswer(1, 2, 3, _timeline.ClockId));
        Assert.That(bytes, Has.Length.LessThan(140));
        Assert.That(
            ControlCodec.ParseServer(bytes).Message, Is.EqualTo(new SyncResponse(1, 2, 3, _timeline.ClockId, default, null, 0, 0)));
    }

    [TestCaseSource(nameof(ClientMessages))]
    public void A_client_message_that_is_cut_off_anywhere_is_bad_json(ClientMessage message)
    {
        var bytes = ControlCodec.Serialize(message);
        for (var length = 0; length < bytes.Length; length++)
            Assert.That(ControlCodec.ParseClient(bytes.AsMemory(0, length)).Error?.Code, Is.EqualTo(ErrorCodes.BadJson));
    }

    [TestCaseSource(nameof(ServerMessages))]
    public void A_server_message_that_is_cut_off_anywhere_is_an_error(ServerMessage message)
    {
        var bytes = ControlCodec.Serialize(message);
        for (var length = 0; length < bytes.Length; length++)
            Assert.That(ControlCodec.ParseServer(bytes.AsMemory(0, length)).Error, Is.Not.Null);
    }

    [Test]
    public void The_four_fields_for_hands_have_exact_names_and_types()
    {
        var json = Text(ControlCodec.Serialize(
            new State(null, PlaybackStatus.Pause, 0, 1762569219.737918, 1, 0, Guid.Empty, 0, 0)));
        Assert.That(json, Does.StartWith(
            """{"type":"STATE","payload":{"track_id":null,"status":"PAUSE","offset_sec":0.0,"timestamp":1762569219.737918,"""));
    }

    [TestCase(PlaybackStatus.Pause, "PAUSE")]
    [TestCase(PlaybackStatus.Play, "PLAY")]
    [TestCase(PlaybackStatus.Stop, "STOP")]
    public void A_status_is_upper_case(PlaybackStatus status, string word)
    {
        using var json = JsonDocument.Parse(ControlCodec.Serialize(new State(null, status, 2, 3, 1, 0, Guid.Empty, 0, 0)));
        Assert.That(json.RootElement.GetProperty("payload").GetProperty("status").GetString(), Is.EqualTo(word));
    }

    [TestCase(0, "0.0")]
    [TestCase(12, "12.0")]
    [TestCase(1.5, "1.5")]
    [TestCase(0.000001, "1E-06")]
    [TestCase(1762569219.7379184, "1762569219.737918")]
    public void An_offset_reads_as_a_float_in_every_language(double offset, string text)
    {
        var json = Text(ControlCodec.Serialize(new State(null, PlaybackStatus.Play, offset, 0, 1, 0, Guid.Empty, 0, 0)));
        Assert.That(json, Does.Contain($"\"offset_sec\":{text},"));
    }

    [Test]
    public void Fields_may_stand_flat_beside_the_type()
    {
        Assert.That(Parse("""{"type":"HELLO","role":"host","name":"ana"}"""), Is.EqualTo(new Hello(Role.Host, "ana")));
        Assert.That(Parse("""{"type":"SEEK","offset_sec":1.5}"""), Is.EqualTo(new Seek(null, 1.5)));
    }

    [Test]
    public void The_payload_wins_over_flat_fields() =>
        Assert.That(Parse("""{"type":"SEEK","position_us":1,"payload":{"position_us":2}}"""), Is.EqualTo(new Seek(2)));

    [Test]
    public void A_null_payload_counts_as_none() =>
        Assert.That(Parse("""{"type":"PING","payload":null,"nonce":7}"""), Is.EqualTo(new Ping(7)));

    [Test]
    public void Names_are_cleaned_rather_than_refused()
    {
        var hello = (Hello)Parse("""{"type":"HELLO","name":"  a\u0007n\u202ea\n  "}""");
        Assert.That(hello.Name, Is.EqualTo("ana"));
        Assert.That(((Hello)Parse("""{"type":"HELLO","name":"\n\t "}""")).Name, Is.Null);
        var longest = (Hello)Parse($$"""{"type":"HELLO","name":"{{new string('x', 63)}}🎵"}""");
        Assert.That(longest.Name, Is.EqualTo(new string('x', 63)));
    }

    [TestCase("../../etc/passwd", "passwd")]
    [TestCase("C:\\\\music\\\\a.mp3", "a.mp3")]
    [TestCase("..", null)]
    [TestCase("x/", null)]
    public void A_track_name_has_no_folder(string name, string? expected) =>
        Assert.That(((SetTrack)Parse($$"""{"type":"SET_TRACK","track_id":"{{TrackId}}","name":"{{name}}"}""")).Name, Is.EqualTo(expected));

    [Test]
    public void A_track_id_is_lower_case_afterwards() =>
        Assert.That(((SetTrack)Parse($$"""{"type":"SET_TRACK","track_id":"{{TrackId.ToUpperInvariant()}}"}""")).TrackId, Is.EqualTo(TrackId));

    [Test]
    public void A_report_that_is_not_finite_is_sent_without_it()
    {
        var stats = (Stats)ControlCodec.ParseClient(ControlCodec.Serialize(new Stats(new MemberStats(1, 2, 3, double.NaN, double.PositiveInfinity)))).Message!;
        Assert.That(stats.Report, Is.EqualTo(new MemberStats(1, 2, 3)));
        var hello = (Hello)ControlCodec.ParseClient(ControlCodec.Serialize(new Hello(Resume: new Resume(_timeline, null, 1, double.PositiveInfinity)))).Message!;
        Assert.That(hello.Resume, Is.Null);
    }

    [Test]
    public void Nothing_that_arrives_makes_it_throw()
    {
        var valid = _clientMessages.Select(ControlCodec.Serialize).Concat(_serverMessages.Select(ControlCodec.Serialize)).ToArray();
        var mutated =
            from start in Gen.Elements(valid)
            from flips in Gen.ListOf(Gen.Zip(Gen.Choose(0, start.Length - 1), Gen.Choose(0, 255)))
            select Mutate(start, flips);
        var random = Gen.ArrayOf(Gen.Choose(0, 255).Select(value => (byte)value));
        Prop.ForAll(Arb.From(Gen.OneOf(mutated, random)), bytes =>
        {
            var client = ControlCodec.ParseClient(bytes);
            _ = ControlCodec.ParseServer(bytes);
            return (client.Message is null) != (client.Error is null);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));
    }

    private static byte[] Mutate(byte[] start, IEnumerable<(int At, int Value)> flips)
    {
        var copy = (byte[])start.Clone();
        foreach (var (at, value) in flips)
            copy[at] = (byte)value;
        return copy;
    }

    private static ClientMessage Parse(string json)
    {
        var parsed = ControlCodec.ParseClient(Encoding.UTF8.GetBytes(json));
        Assert.That(parsed.Error, Is.Null);
        return parsed.Message!;
    }

    private static string Text(byte[] utf8) => Encoding.UTF8.GetString(utf8);
}
