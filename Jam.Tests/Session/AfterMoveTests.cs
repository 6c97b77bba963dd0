using System.Collections.Immutable;
using Jam.Peer.Session;
using Jam.Server.Contracts;
using NUnit.Framework;

namespace Jam.Tests.Session;

/// <summary>A command whose answer the move to another authority cut off: what makes sense still is asked again, once.</summary>
internal sealed class AfterMoveTests
{
    private static readonly Guid Old = Guid.Parse("11111111-1111-1111-1111-111111111111");
    private static readonly Guid Next = Guid.Parse("22222222-2222-2222-2222-222222222222");
    private static readonly string TrackId = new('a', 64);
    private static readonly string OtherId = new('b', 64);

    private static readonly RoomState Then = RoomOf(1, Old, PlaybackStatus.Pause, 0);

    private static RoomState RoomOf(long epoch, Guid clock, PlaybackStatus status, long positionUs, string? track = null, long revision = 4) =>
        new RoomState { Queue = [Track(TrackId), Track(OtherId)], Others = ImmutableDictionary<string, Member>.Empty.Add("b", MemberOf("b")) }
            .Apply(new State(track ?? TrackId, status, 0, 0, epoch, revision, clock, 1_000 * epoch, positionUs));

    private static TrackInfo Track(string id) => new(id, "a.mp3", 5, 1024, TrackKind.Audio, 60_000_000);

    private static Member MemberOf(string id, Role role = Role.Viewer) => new(id, id, role, 1, []);

    private static Outcome Of(ClientMessage asked, RoomState now) => AfterMove.Judge(asked, Then, now) switch
    {
        AfterMove.AskAgain => Outcome.Again,
        AfterMove.IsDone => Outcome.Done,
        _ => Outcome.Stale,
    };

    private static IEnumerable<TestCaseData> WhereNothingHasChanged()
    {
        ClientMessage[] all =
        [
            new Play(), new Play(5), new Pause(), new Stop(), new Seek(9), new SetTrack(OtherId), new Queue(QueueActions.Next), new Queue(QueueActions.Previous),
            new Queue(QueueActions.Add, Track(OtherId)), new Queue(QueueActions.Remove, Track(OtherId)), new Queue(QueueActions.Move, Track(OtherId), 0),
            new Queue(QueueActions.Shuffle, IsOn: true), new Queue(QueueActions.Repeat, Repeat: Repeat.All), new SetPolicy(Control.Everyone), new SetTempo(97),
            new Metronome(true), new SetLoop(true), new SetRole(Role.Host), new SetRole(Role.Host, "b"), new Kick("b"), new Mute("b"),
        ];
        return all.Select(m => new TestCaseData(m).SetArgDisplayNames(m.ToString()));
    }

    [TestCaseSource(nameof(WhereNothingHasChanged))]
    public void Where_the_successor_goes_on_from_what_was_known_it_is_asked_again(ClientMessage asked) =>
        Assert.That(Of(asked, RoomOf(2, Next, PlaybackStatus.Pause, 0)), Is.EqualTo(Outcome.Again));

    [Test]
    public void What_was_based_on_a_revision_is_based_on_the_new_one()
    {
        var again = (AfterMove.AskAgain)AfterMove.Judge(new Seek(9) { Epoch = 1, Revision = 4 }, Then, RoomOf(2, Next, PlaybackStatus.Pause, 0, revision: 1));
        Assert.That(again.Command, Is.EqualTo(new Seek(9) { Epoch = 2, Revision = 1 }));
        again = (AfterMove.AskAgain)AfterMove.Judge(new Seek(9), Then, RoomOf(2, Next, PlaybackStatus.Pause, 0));
        Assert.That(again.Command, Is.EqualTo(new Seek(9)), "what was meant whatever happened stays so");
    }

    private static IEnumerable<TestCaseData> WhereAnotherHasMovedTheRoom()
    {
        yield return new TestCaseData(new Seek(9), Outcome.Stale);
        yield return new TestCaseData(new Play(9), Outcome.Stale);
        yield return new TestCaseData(new SetTrack(new string('c', 64)), Outcome.Stale);
        yield return new TestCaseData(new Queue(QueueActions.Next), Outcome.Stale);
        yield return new TestCaseData(new Play(), Outcome.Stale);
        yield return new TestCaseData(new Pause(), Outcome.Again);
        yield return new TestCaseData(new Stop(), Outcome.Again);
        yield return new TestCaseData(new Queue(QueueActions.Add, Track(OtherId)), Outcome.Again);
    }

    [TestCaseSource(nameof(WhereAnotherHasMovedTheRoom))]
    public void Where_the_room_has_changed_only_what_makes_sense_whatever_happened_is_asked_again(ClientMessage asked, Outcome outcome) =>
        Assert.That(Of(asked, RoomOf(2, Next, PlaybackStatus.Play, 7_000_000, OtherId)), Is.EqualTo(outcome));

    [Test]
    public void What_the_lost_authority_did_still_is_not_done_twice()
    {
        var silent = RoomOf(2, Next, PlaybackStatus.Pause, 0);
        var seeker = RoomOf(2, Next, PlaybackStatus.Play, 9);
        Assert.Multiple(() =>
        {
            Assert.That(Of(new Seek(9), seeker), Is.EqualTo(Outcome.Done));
            Assert.That(Of(new Play(9), seeker), Is.EqualTo(Outcome.Done));
            Assert.That(Of(new Play(), seeker), Is.EqualTo(Outcome.Done));
            Assert.That(Of(new SetTrack(OtherId), RoomOf(2, Next, PlaybackStatus.Pause, 0, OtherId)), Is.EqualTo(Outcome.Done));
            Assert.That(Of(new Queue(QueueActions.Remove, Track(OtherId)), silent with { Queue = [Track(TrackId)] }), Is.EqualTo(Outcome.Done));
            Assert.That(Of(new Queue(QueueActions.Move, Track(OtherId), 0), silent with { Queue = [Track(TrackId)] }), Is.EqualTo(Outcome.Stale));
            Assert.That(Of(new Queue(QueueActions.Shuffle, IsOn: true), silent with { IsShuffled = true }), Is.EqualTo(Outcome.Done));
            Assert.That(Of(new SetRole(Role.Host), silent with { Role = Role.Host }), Is.EqualTo(Outcome.Done));
            Assert.That(Of(new SetRole(Role.Host, "b"), silent with { Others = new Dictionary<string, Member> { ["b"] = MemberOf("b", Role.Host) } }), Is.EqualTo(Outcome.Done));
            Assert.That(Of(new Kick("b"), silent with { Others = new Dictionary<string, Member>() }), Is.EqualTo(Outcome.Done));
            Assert.That(Of(new SnapshotRequest(), silent), Is.EqualTo(Outcome.Done));
        });
    }

    [Test]
    public void A_room_time_of_the_clock_that_is_gone_says_nothing_to_the_next_one()
    {
        Assert.That(Of(new SetTempo(97, OriginUs: 5), RoomOf(2, Next, PlaybackStatus.Pause, 0)), Is.EqualTo(Outcome.Stale));
        Assert.That(Of(new SetTempo(97, OriginUs: 5), Then), Is.EqualTo(Outcome.Again));
    }

    [Test]
    public void At_the_same_authority_a_record_that_begins_at_another_instant_is_another()
    {
        var later = new RoomState().Apply(new State(TrackId, PlaybackStatus.Pause, 0, 0, 1, 6, Old, 5_000, 0));
        Assert.That(Of(new Queue(QueueActions.Next), later), Is.EqualTo(Outcome.Stale));
        Assert.That(Of(new Queue(QueueActions.Next), Then), Is.EqualTo(Outcome.Again));
    }

    internal enum Outcome
    {
        Again, Done, Stale,
    }
}
