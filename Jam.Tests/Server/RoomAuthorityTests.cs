using Jam.Server.Contracts;
using NUnit.Framework;

namespace Jam.Tests.Server;

/// <summary>Who may do what, and what becomes of the host's place.</summary>
[TestFixture]
internal sealed class RoomAuthorityTests
{
    private static string? CodeOf(IEnumerable<ServerMessage> answer) => answer.OfType<Error>().SingleOrDefault()?.Code;

    private static RoomHarness ForEveryone(int viewers = 2)
    {
        var room = RoomHarness.WithHostAndViewers(viewers);
        room.Say(1, new SetPolicy(Control.Everyone));
        room.ClearInboxes();
        return room;
    }

    [Test]
    public void The_host_hands_its_role_over_to_a_named_member()
    {
        var room = RoomHarness.WithHostAndViewers(2);
        room.Say(1, new SetRole(Role.Host, room.MemberOf(3).PeerId));
        Assert.That(room.Room.HostConnection, Is.EqualTo(3));
        Assert.That((room.MemberOf(1).Role, room.MemberOf(3).Role), Is.EqualTo((Role.Viewer, Role.Host)));
        Assert.That(room.Received<PeerJoined>(2).Select(j => (j.Member.Name, j.Member.Role)),
            Is.EqualTo(new[] { ("host", Role.Viewer), ("viewer2", Role.Host) }));
        Assert.That(CodeOf(room.Say(1, new Pause())), Is.EqualTo(ErrorCodes.NotHost));
        Assert.That(CodeOf(room.Say(3, new Pause())), Is.Null);
    }

    [Test]
    public void Nobody_but_the_host_hands_it_over_and_only_to_someone_who_is_here()
    {
        var room = RoomHarness.WithHostAndViewers(2);
        Assert.That(CodeOf(room.Say(2, new SetRole(Role.Host, room.MemberOf(3).PeerId))), Is.EqualTo(ErrorCodes.NotHost));
        Assert.That(CodeOf(room.Say(1, new SetRole(Role.Host, "nobody"))), Is.EqualTo(ErrorCodes.UnknownPeer));
        Assert.That(room.Room.HostConnection, Is.EqualTo(1));
    }

    [Test]
    public void Who_is_kicked_is_gone_at_once_and_does_not_come_back()
    {
        var room = RoomHarness.WithHostAndViewers(2);
        var (id, token) = (room.MemberOf(2).PeerId, room.TokenOf(2));
        room.Say(1, new Kick(id));
        Assert.That(room.Received<Error>(2).Single(), Has.Property("Code").EqualTo(ErrorCodes.Kicked).And.Property("Close").True);
        Assert.That(room.Received<PeerLeft>(3).Single().Reason, Is.EqualTo("kicked"));
        Assert.That(room.Received<PeerLeft>(1).Single().PeerId, Is.EqualTo(id));
        Assert.That(CodeOf(room.Say(9, new Hello(PeerId: id, ResumeToken: token))), Is.EqualTo(ErrorCodes.Kicked));
        Assert.That(room.Room.Seats.Keys, Is.EquivalentTo(new[] { 1, 3 }));
    }

    [Test]
    public void Only_the_host_kicks_mutes_and_sets_the_policy_whatever_the_policy_says()
    {
        var room = ForEveryone();
        var before = room.Room;
        var id = room.MemberOf(3).PeerId;
        foreach (var message in new ClientMessage[] { new Kick(id), new Mute(id), new SetPolicy(Control.Host) })
            Assert.That(CodeOf(room.Say(2, message)), Is.EqualTo(ErrorCodes.NotHost));
        Assert.That(room.Room, Is.EqualTo(before));
    }

    [Test]
    public void The_host_can_neither_kick_nor_mute_itself()
    {
        var room = RoomHarness.WithHostAndViewers();
        var before = room.Room;
        Assert.That(CodeOf(room.Say(1, new Kick(room.MemberOf(1).PeerId))), Is.EqualTo(ErrorCodes.BadField));
        Assert.That(CodeOf(room.Say(1, new Mute(room.MemberOf(1).PeerId))), Is.EqualTo(ErrorCodes.BadField));
        Assert.That(room.Room, Is.EqualTo(before));
    }

    [Test]
    public void Who_is_muted_commands_nothing_until_it_may_again_and_leaving_does_not_help()
    {
        var room = ForEveryone();
        var (id, token) = (room.MemberOf(2).PeerId, room.TokenOf(2));
        room.Say(1, new Mute(id));
        Assert.That(room.Received<PeerJoined>(3).Single().Member, Has.Property("PeerId").EqualTo(id).And.Property("IsMuted").True);
        ClientMessage[] sayings =
        [
            new Play(), new Queue("add", RoomHarness.Track), new SetTempo(90), new LoopUpdate(new LoopStep?[16]), new Blob("1"), new Tap(),
        ];
        foreach (var message in sayings)
            Assert.That(CodeOf(room.Say(2, message)), Is.EqualTo(ErrorCodes.Muted), message.ToString());
        room.Lose(2);
        room.Say(9, new Hello(PeerId: id, ResumeToken: token));
        Assert.That(CodeOf(room.Say(9, new Play())), Is.EqualTo(ErrorCodes.Muted));
        room.Say(1, new Mute(id, false));
        Assert.That(CodeOf(room.Say(9, new Play())), Is.Null);
    }

    [Test]
    public void With_control_for_everyone_any_member_commands_and_all_get_the_same_state()
    {
        var room = ForEveryone();
        room.Say(3, new Play(0));
        var state = room.Received<State>(1).Single();
        Assert.That(state, Is.EqualTo(room.Received<State>(2).Single()).And.Property("By").EqualTo(room.MemberOf(3).PeerId));
    }

    [Test]
    public void A_change_of_policy_is_told_to_all_and_the_same_again_to_the_sender_alone()
    {
        var room = RoomHarness.WithHostAndViewers();
        room.Say(1, new SetPolicy(Control.Everyone, OnHostLoss: HostLoss.Pause));
        var expected = new PolicyState(new RoomPolicy(Control.Everyone, Control.Host, HostLoss.Pause), 1, room.MemberOf(1).PeerId, 1);
        Assert.That(room.Received<PolicyState>(2).Single(), Is.EqualTo(expected));
        room.Say(1, new SetPolicy(Control.Everyone));
        Assert.That(room.Received<PolicyState>(2).Count(), Is.EqualTo(1));
        Assert.That(room.Received<PolicyState>(1).Count(), Is.EqualTo(2));
    }

    private static readonly object[] LateCommands =
    [
        new object[] { new Seek(7), true }, new object[] { new Play(7), true }, new object[] { new SetTrack(RoomHarness.OtherTrackId), true },
        new object[] { new Queue("next"), true }, new object[] { new Queue("add", RoomHarness.Track), false },
        new object[] { new Pause(), false }, new object[] { new Stop(), false },
    ];

    [TestCaseSource(nameof(LateCommands))]
    public void A_command_based_on_what_another_has_changed_since_is_stale_unless_it_is_silence(RoomCommand command, bool isStale)
    {
        var room = ForEveryone();
        var seen = room.Timeline;
        room.Say(2, new Play(1_000_000));
        var before = room.Room;
        room.ClearInboxes();
        var answer = room.Say(3, command with { Epoch = seen.Epoch, Revision = seen.Revision });
        Assert.That(CodeOf(answer), Is.EqualTo(isStale ? ErrorCodes.Stale : null));
        if (isStale)
        {
            Assert.That(answer.OfType<State>().Single().ToTimeline(), Is.EqualTo(room.Timeline));
            Assert.That(room.Room, Is.EqualTo(before));
            Assert.That(room.Inbox(2), Is.Empty);
        }
    }

    [Test]
    public void What_one_changed_oneself_makes_nothing_stale()
    {
        var room = ForEveryone();
        var seen = room.Timeline.Revision;
        room.Say(2, new Play(0) { Revision = seen });
        Assert.That(CodeOf(room.Say(2, new Seek(5) { Revision = seen })), Is.Null);
        Assert.That(CodeOf(room.Say(2, new Seek(6) { Revision = seen })), Is.Null);
        Assert.That(room.Timeline.PositionUs, Is.EqualTo(6));
    }

    [Test]
    public void Who_acts_on_the_newest_state_is_heard_and_who_acts_on_another_epochs_is_not()
    {
        var room = ForEveryone();
        room.Say(2, new Play(0));
        Assert.That(CodeOf(room.Say(3, new Seek(5) { Epoch = 1, Revision = room.Timeline.Revision })), Is.Null);
        Assert.That(CodeOf(room.Say(2, new Seek(9) { Epoch = 0, Revision = 1000 })), Is.EqualTo(ErrorCodes.Stale));
    }

    [TestCase(HostLoss.Promote, 3L, PlaybackStatus.Play)]
    [TestCase(HostLoss.Free, null, PlaybackStatus.Play)]
    [TestCase(HostLoss.Pause, null, PlaybackStatus.Pause)]
    public void A_host_that_stays_away_is_followed_as_the_policy_says(HostLoss policy, long? host, PlaybackStatus status)
    {
        var room = RoomHarness.WithHostAndViewers(2);
        room.Say(1, new SetPolicy(OnHostLoss: policy));
        room.Say(3, new Ready(RoomHarness.TrackId, true));
        room.Say(1, new Play(0));
        room.Lose(1);
        room.Advance(9_999_999);
        Assert.That((room.Room.HostConnection, room.Timeline.Status), Is.EqualTo(((long?)null, PlaybackStatus.Play)), "it may still come back");
        room.Advance(1);
        Assert.That((room.Room.HostConnection, room.Timeline.Status), Is.EqualTo((host, status)));
        if (policy == HostLoss.Pause)
            Assert.That(room.Received<State>(2).Last(), Has.Property("Note").EqualTo("host_left").And.Property("By").Null);
        if (policy == HostLoss.Promote)
            Assert.That(room.Received<PeerJoined>(2).Last().Member.Role, Is.EqualTo(Role.Host));
        else
            Assert.That(CodeOf(room.Say(2, new SetRole(Role.Host))), Is.Null);
    }

    [Test]
    public void Among_those_who_hold_nothing_the_first_to_have_joined_is_promoted_at_once_after_bye()
    {
        var room = RoomHarness.WithHostAndViewers(3);
        room.Say(2, new Bye());
        room.Say(1, new Bye());
        Assert.That(room.MemberOf(3).Role, Is.EqualTo(Role.Host));
    }

    [Test]
    public void A_host_that_comes_back_in_time_goes_on_and_nobody_is_promoted()
    {
        var room = RoomHarness.WithHostAndViewers();
        var (id, token) = (room.MemberOf(1).PeerId, room.TokenOf(1));
        room.Lose(1);
        room.Advance(9_000_000);
        room.Say(9, new Hello(Role.Host, PeerId: id, ResumeToken: token));
        room.Advance(60_000_000);
        Assert.That(room.Room.HostConnection, Is.EqualTo(9));
        Assert.That(room.MemberOf(2).Role, Is.EqualTo(Role.Viewer));
    }

    [Test]
    public void A_snapshot_tells_everything_and_comes_again_on_request()
    {
        var room = RoomHarness.WithHostAndViewers();
        room.Say(1, new Queue("add", RoomHarness.Track));
        room.Say(1, new SetTempo(90, 3));
        room.Say(1, new SetLoop(true, 8, 2));
        room.Say(2, new LoopUpdate(new LoopStep?[8]));
        room.Say(1, new SetPolicy(Queue: Control.Everyone));
        room.Say(2, new Stats(new MemberStats(900, JitterUs: 40, Loss: 0.25, ClockErrorUs: 12.5)));
        foreach (var answer in new[] { room.Say(9, new Hello()), room.Say(2, new SnapshotRequest()) })
        {
            var pages = answer.OfType<Snapshot>().ToArray();
            Assert.That(answer[0], Is.InstanceOf<State>());
            Assert.That(pages.Select(p => (p.Page, p.Pages)), Is.EqualTo(new[] { (0, 2), (1, 2) }));
            Assert.That(pages[0].Room!.State.ToTimeline(), Is.EqualTo(room.Timeline));
            Assert.That(pages[0].Room!.Tempo, Is.EqualTo(room.Room.Tempo.Current).And.Property("Bpm").EqualTo(90.0));
            Assert.That(pages[0].Room!.Loop, Is.EqualTo(room.Room.Loop).And.Property("IsOn").True);
            Assert.That(pages[0].Room!.Policy.Queue, Is.EqualTo(Control.Everyone));
            Assert.That(pages[0].Members.Single(m => m.Name == "viewer1").Stats, Is.EqualTo(new MemberStats(900, JitterUs: 40, Loss: 0.25, ClockErrorUs: 12.5)));
            Assert.That(pages[0].Queue, Is.EqualTo(new[] { RoomHarness.Track }));
            Assert.That(pages[1].Lanes!.Single().PeerId, Is.EqualTo(room.MemberOf(2).PeerId));
        }
    }
}
