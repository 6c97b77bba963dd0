using Jam.Server.Contracts;
using Jam.Server.Rooms;
using NUnit.Framework;

namespace Jam.Tests.Server;

/// <summary>Rooms that move to another authority, and rooms that a member takes over.</summary>
[TestFixture]
internal sealed class RoomMovingTests
{
    private const long Unseated = 77;
    private static readonly string[] _urls = ["ws://192.0.2.9:8000/ws/jam"];
    private static readonly Rendezvous _higher = new(2, RoomHarness.OldClockId, _urls);
    private static readonly Timeline _old = new(4, 17, RoomHarness.OldClockId, PlaybackStatus.Play, RoomHarness.TrackId, 50_000_000, 3_000_000);
    private static readonly Resume _resume = new(_old, RoomHarness.Track, 60_000_000, 200);

    [Test]
    public void A_server_that_hears_of_a_higher_authority_hands_its_members_on_and_newcomers_too()
    {
        var room = RoomHarness.WithHostAndViewers();
        var answer = (Rendezvous)room.Say(Unseated, new TellRendezvous(_higher)).Single();
        Assert.That((answer.Rank, answer.Urls, answer.Members), Is.EqualTo((_higher.Rank, (IReadOnlyList<string>)_urls, 2)).UsingPropertiesComparer());
        foreach (var member in (long[])[1, 2])
            Assert.That(room.Received<Rendezvous>(member).Single(), Is.EqualTo(_higher));
        Assert.That(room.Say(3, new Hello()).OfType<Rendezvous>().Single(), Is.EqualTo(_higher));
    }

    [TestCase(1, 1, TestName = "{m}: an equal epoch of a higher id")]
    [TestCase(1_000_002, 1, TestName = "{m}: an epoch out of all measure")]
    [TestCase(2, 0, TestName = "{m}: no address")]
    public void What_does_not_outrank_it_is_told_who_does(long epoch, int urls)
    {
        var room = RoomHarness.WithHostAndViewers();
        var answer = (Rendezvous)room.Say(Unseated, new TellRendezvous(new Rendezvous(epoch, RoomHarness.OldClockId, _urls.Take(urls).ToArray()))).Single();
        Assert.That((answer.Epoch, answer.AuthorityId, answer.Urls.Count, answer.Members), Is.EqualTo((1L, RoomHarness.ClockId, 0, 2)));
        Assert.That(room.Received<Rendezvous>(1), Is.Empty);
    }

    [TestCase("192.0.2.7", 1)]
    [TestCase("127.0.0.1", 4)]
    public void What_a_client_elsewhere_says_of_its_own_machine_is_told_to_nobody(string observed, int urls)
    {
        var room = RoomHarness.WithHostAndViewers();
        string[] told = ["ws://127.0.0.1:9/ws/jam", "ws://localhost:9/ws/jam", "ws://0.0.0.0:9/ws/jam", .. _urls];
        room.Say(Unseated, new TellRendezvous(_higher with { Urls = told }), observed);
        Assert.That(room.Received<Rendezvous>(1).Single().Urls, Is.EqualTo(told.TakeLast(urls)));
    }

    [Test]
    public void A_client_elsewhere_that_names_its_own_machine_alone_moves_nobody()
    {
        var room = RoomHarness.WithHostAndViewers();
        room.Say(Unseated, new TellRendezvous(_higher with { Urls = ["ws://[::1]:9/ws/jam"] }));
        Assert.That(room.Received<Rendezvous>(1), Is.Empty);
    }

    [Test]
    public void An_equal_epoch_of_a_lower_id_does()
    {
        var room = RoomHarness.WithHostAndViewers();
        var lower = new Rendezvous(1, Guid.Empty, _urls);
        Assert.That(room.Say(Unseated, new TellRendezvous(lower)).OfType<Rendezvous>().Single().Rank, Is.EqualTo(lower.Rank));
    }

    [Test]
    public void Members_who_stay_may_command_since_a_lie_must_not_silence_a_room()
    {
        var room = RoomHarness.WithHostAndViewers();
        room.Say(Unseated, new TellRendezvous(_higher));
        room.Say(1, new Play(0));
        Assert.That(room.Timeline.Status, Is.EqualTo(PlaybackStatus.Play));
    }

    [Test]
    public void A_server_that_was_handed_on_from_is_not_raised_by_who_lost_the_way_until_that_is_forgotten()
    {
        var room = RoomHarness.WithHostAndViewers();
        room.Say(Unseated, new TellRendezvous(_higher with { Epoch = 4 }));
        room.Say(9, new Hello(Resume: _resume));
        Assert.That(room.Timeline.Epoch, Is.EqualTo(1));
        room.Advance(25_000_001);
        room.Say(8, new Hello(Resume: _resume));
        Assert.That(room.Timeline.Epoch, Is.EqualTo(5));
    }

    [Test]
    public void No_member_uses_up_the_epochs()
    {
        var room = RoomHarness.WithHostAndViewers();
        room.Say(9, new Hello(Resume: _resume with { Timeline = _old with { Epoch = Limits.MaxEpoch } }));
        Assert.That(room.Timeline.Epoch, Is.EqualTo(1));
    }

    [Test]
    public void Who_brings_a_list_a_beat_and_a_policy_gets_STATE_first_all_the_same_and_the_others_hear_of_them()
    {
        var room = RoomHarness.WithHostAndViewers();
        var beat = new Tempo(4, 3, RoomHarness.OldClockId, 50_000_000, 97, 4, 50_000_000);
        var said = room.Say(9, new Hello(Resume: _resume with
        {
            Tempo = beat, Queue = [RoomHarness.Track], Policy = new RoomPolicy(Control.Everyone), Loop = new LoopShape(4, 2, true),
        }));
        Assert.That(said.Take(3).Select(m => m.GetType()), Is.EqualTo(new[] { typeof(State), typeof(Welcome), typeof(Snapshot) }));
        Assert.That(room.Received<TempoState>(1).Single().Tempo.Bpm, Is.EqualTo(97));
        Assert.That(room.Received<PolicyState>(1).Single().Policy.Control, Is.EqualTo(Control.Everyone));
        Assert.That(room.Received<LoopState>(1).Single().Loop.IsOn, Is.True);
        Assert.That(room.Received<QueueState>(1).Single().Tracks, Has.Count.EqualTo(1));
    }

    [Test]
    public void The_newest_of_what_members_bring_counts_unless_it_was_set_anew_here()
    {
        var room = new RoomHarness();
        room.Say(1, new Hello(Role.Host, Resume: Bringing(revision: 5, bpm: 90)));
        room.Say(2, new Hello(Resume: Bringing(revision: 7, bpm: 97)));
        room.Say(3, new Hello(Resume: Bringing(revision: 6, bpm: 80)));
        Assert.That((room.Room.Tempo.Current.Bpm, room.Room.Policy.OnHostLoss, room.Room.Queue.Single().Name), Is.EqualTo((97d, HostLoss.Pause, "97")));
        room.Say(1, new SetTempo(120));
        room.Say(4, new Hello(Resume: Bringing(revision: 9, bpm: 60)));
        Assert.That((room.Room.Tempo.Current.Bpm, room.Room.Queue.Single().Name), Is.EqualTo((120d, "60")));
    }

    [Test]
    public void What_comes_from_another_past_of_the_same_epoch_is_not_newer()
    {
        var room = new RoomHarness();
        room.Say(1, new Hello(Role.Host, Resume: Bringing(revision: 5, bpm: 90)));
        var foreign = Bringing(revision: 50, bpm: 60);
        room.Say(2, new Hello(Resume: foreign with { Timeline = foreign.Timeline with { ClockId = Guid.Empty, PositionUs = 99 } }));
        Assert.That((room.Room.Tempo.Current.Bpm, room.Timeline.PositionUs), Is.EqualTo((90d, 3_000_000L)));
    }

    [Test]
    public void A_member_that_knows_no_clock_raises_the_epoch_and_brings_what_stands_still()
    {
        var playing = new RoomHarness();
        playing.Say(1, new Hello(Resume: _resume with { RoomTimeUs = null }));
        Assert.That((playing.Timeline.Epoch, playing.Timeline.TrackId), Is.EqualTo((5L, (string?)null)));
        var paused = new RoomHarness();
        paused.Say(1, new Hello(Resume: _resume with { RoomTimeUs = null, Timeline = _old with { Status = PlaybackStatus.Pause } }));
        Assert.That((paused.Timeline.Epoch, paused.Timeline.PositionUs), Is.EqualTo((5L, 3_000_000L)));
    }

    [Test]
    public void A_room_that_a_member_takes_over_goes_on_and_its_members_come_back_as_themselves()
    {
        var now = new Moment(90_000_000, 1_700_000_000_000_000);
        var room = new RoomHarness(Inheriting.Open(Inheritance(), RoomHarness.ClockId, now), now.Us);
        Assert.That((room.Timeline.Epoch, room.Timeline.PositionAtUs(90_000_000), room.Room.Secret), Is.EqualTo((5L, 13_000_000L, "c2VjcmV0LXNlY3JldA==")));
        var welcome = room.Say(2, new Hello(Role.Viewer, "bo", "p-bo", ResumeToken: "token-bo")).OfType<Welcome>().Single();
        Assert.That((welcome.PeerId, welcome.JoinSeq, welcome.ResumeToken, room.MemberOf(2).IsMuted), Is.EqualTo(("p-bo", 3L, "token-bo", true)));
        Assert.That(room.MemberOf(2).TokenHash, Is.EqualTo(Tokens.HashOf("token-bo")));
        var impostor = room.Say(3, new Hello(Role.Host, "ana?", "p-ana", ResumeToken: "guess")).OfType<Welcome>().Single();
        Assert.That((impostor.PeerId, impostor.Role), Is.Not.EqualTo(("p-ana", Role.Host)));
        Assert.That(room.Say(4, new Hello(Role.Host, "ana?", "p-ana", ResumeToken: Tokens.Seal(Tokens.HashOf("token-ana")))).OfType<Welcome>().Single().PeerId, Is.Not.EqualTo("p-ana"));
        Assert.That(room.Say(5, new Hello(PeerId: "p-out", ResumeToken: "x")).OfType<Error>().Single().Code, Is.EqualTo(ErrorCodes.Kicked));
        var host = room.Say(1, new Hello(Role.Host, "ana", "p-ana", ResumeToken: "token-ana")).OfType<Welcome>().Single();
        Assert.That((host.PeerId, host.Role, host.JoinSeq), Is.EqualTo(("p-ana", Role.Host, 2L)));
    }

    [Test]
    public void A_host_that_does_not_come_is_followed_by_whoever_the_policy_says_when_its_time_is_over()
    {
        var now = new Moment(90_000_000, 1_700_000_000_000_000);
        var room = new RoomHarness(Inheriting.Open(Inheritance() with { HostGraceUs = 2_000_000 }, RoomHarness.ClockId, now), now.Us);
        room.Say(2, new Hello(Role.Viewer, "cy", "p-cy", ResumeToken: "token-cy"));
        room.Advance(1_999_999);
        Assert.That(room.MemberOf(2).Role, Is.EqualTo(Role.Viewer));
        room.Advance(1);
        Assert.That(room.MemberOf(2).Role, Is.EqualTo(Role.Host));
    }

    private static Resume Bringing(long revision, double bpm) => _resume with
    {
        Timeline = _old with { Revision = 17 }, Tempo = new Tempo(4, revision, RoomHarness.OldClockId, 50_000_000, bpm, 4, 50_000_000),
        Policy = new RoomPolicy(OnHostLoss: revision == 7 ? HostLoss.Pause : HostLoss.Free), PolicyRevision = revision,
        Queue = [RoomHarness.Track with { Name = $"{bpm}" }], QueueRevision = revision,
    };

    private static Inheritance Inheritance() => new(
        "jam", "c2VjcmV0LXNlY3JldA==", 3, _resume with { SuccessorUs = 90_000_000 },
        [
            new Inheritor("p-ana", "ana", 2, Tokens.HashOf("token-ana"), false), new Inheritor("p-bo", "bo", 3, Tokens.HashOf("token-bo"), true),
            new Inheritor("p-cy", "cy", 4, Tokens.HashOf("token-cy"), false),
        ],
        "p-ana", 10_000_000, [], ["p-out"]);
}
