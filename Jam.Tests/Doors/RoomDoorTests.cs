using Jam.Server.Contracts;
using Jam.Server.Rooms;
using Jam.Tests.Server;
using NUnit.Framework;

namespace Jam.Tests.Doors;

/// <summary>Who gets into a locked room, and who may lock it. The hashing of passwords is somebody else's: here a seal is a word.</summary>
[TestFixture]
internal sealed class RoomDoorTests
{
    private const string Seal = "seal of the password";

    private long _nowUs = 1_000_000;
    private long _unixUs = 1_700_000_000_000_000;
    private Room _room = Room.Open("jam", "c2VjcmV0", RoomHarness.ClockId, 1_000_000);

    [SetUp]
    public void Anew() => (_room, _nowUs, _unixUs) = (Room.Open("jam", "c2VjcmV0", RoomHarness.ClockId, 1_000_000), 1_000_000, 1_700_000_000_000_000);

    [Test]
    public void A_room_that_its_host_opens_with_a_password_is_locked_with_it()
    {
        Open();
        Assert.That((_room.Door.IsLocked, _room.Door.Password), Is.EqualTo((true, Seal)));
    }

    [Test]
    public void A_host_that_finds_somebody_in_its_room_locks_it_all_the_same()
    {
        Say(2, new Hello());
        Open();
        Assert.That((_room.Door.Password, CodeOf(Say(3, new Hello()), 3)), Is.EqualTo((Seal, ErrorCodes.PasswordNeeded)));
    }

    [Test]
    public void A_viewers_password_locks_no_room()
    {
        Say(1, new Hello { Password = "x" }, sealedAs: Seal);
        Assert.That(_room.Door.IsLocked, Is.False);
    }

    [Test]
    public void Without_password_or_invite_nobody_new_gets_in_and_nobody_hears_of_it()
    {
        Open();
        var told = Say(2, new Hello(Name: "bo"));
        Assert.That(CodeOf(told, 2), Is.EqualTo(ErrorCodes.PasswordNeeded));
        Assert.That((_room.Seats.Count, told.Count), Is.EqualTo((1, 1)));
    }

    [Test]
    public void A_wrong_password_is_refused_and_the_right_one_admits()
    {
        Open();
        Assert.That(CodeOf(Say(2, new Hello { Password = "wrong" }), 2), Is.EqualTo(ErrorCodes.WrongPassword));
        Assert.That(CodeOf(Say(3, new Hello { Password = "right" }, proven: Seal), 3), Is.Null);
    }

    [Test]
    public void A_proof_for_an_earlier_password_admits_nobody()
    {
        Open();
        Say(1, new SetDoor("new", true), sealedAs: "another seal");
        Assert.That(CodeOf(Say(2, new Hello { Password = "right" }, proven: Seal), 2), Is.EqualTo(ErrorCodes.WrongPassword));
    }

    [Test]
    public void Whoever_was_in_comes_back_by_its_token_alone()
    {
        Open();
        Say(2, new Hello(Name: "bo") { Password = "right" }, proven: Seal);
        Lose(2);
        Assert.That(CodeOf(Say(3, new Hello(PeerId: "fresh-2", ResumeToken: "token-2")), 3), Is.Null);
        Lose(3);
        Assert.That(CodeOf(Say(4, new Hello(PeerId: "fresh-2", ResumeToken: "token-9")), 4), Is.EqualTo(ErrorCodes.PasswordNeeded), "a forged token");
        Assert.That(CodeOf(Say(5, new Hello(PeerId: "fresh-2", ResumeToken: _room.Door.HostToken)), 5), Is.EqualTo(ErrorCodes.PasswordNeeded), "a public hash");
    }

    [Test]
    public void An_invite_admits_without_the_password_as_often_as_it_says()
    {
        Open();
        var invite = Invited(new Invite(Uses: 2));
        Assert.That(CodeOf(Say(2, new Hello { Invite = invite.Token }), 2), Is.Null);
        Assert.That(CodeOf(Say(3, new Hello { Invite = invite.Token }), 3), Is.Null);
        Assert.That(CodeOf(Say(4, new Hello { Invite = invite.Token }), 4), Is.EqualTo(ErrorCodes.BadInvite));
    }

    [Test]
    public void An_invite_stands_until_its_time_is_over()
    {
        Open();
        var invite = Invited(new Invite(Seconds: 60));
        _unixUs += 59_000_000;
        Assert.That(CodeOf(Say(2, new Hello { Invite = invite.Token }), 2), Is.Null);
        _unixUs += 1_000_000;
        Assert.That(CodeOf(Say(3, new Hello { Invite = invite.Token }), 3), Is.EqualTo(ErrorCodes.BadInvite));
    }

    [Test]
    public void An_invite_that_was_taken_back_admits_nobody_and_who_came_by_it_stays()
    {
        Open();
        var invite = Invited(new Invite());
        Say(2, new Hello { Invite = invite.Token });
        Say(1, new Invite(InviteActions.Revoke, invite.Id));
        Assert.That(CodeOf(Say(3, new Hello { Invite = invite.Token }), 3), Is.EqualTo(ErrorCodes.BadInvite));
        Assert.That(_room.Seats.Keys, Is.EquivalentTo(new[] { 1L, 2L }));
    }

    [Test]
    public void A_made_up_invite_admits_nobody([Values("x", "secret-9", "0000000000000000000000000000000000000000")] string token)
    {
        Open();
        Invited(new Invite());
        Assert.That(CodeOf(Say(2, new Hello { Invite = token }), 2), Is.EqualTo(ErrorCodes.BadInvite));
    }

    [Test]
    public void Only_the_host_locks_and_invites()
    {
        Open();
        Say(2, new Hello { Password = "right" }, proven: Seal);
        Assert.That(CodeOf(Say(2, new SetDoor(IsLocked: false)), 2), Is.EqualTo(ErrorCodes.NotHost));
        Assert.That(CodeOf(Say(2, new Invite()), 2), Is.EqualTo(ErrorCodes.NotHost));
        Assert.That(_room.Door.IsLocked, Is.True);
    }

    [Test]
    public void Only_members_that_may_take_the_room_over_are_told_the_hashes()
    {
        Open();
        Say(2, new Hello(Name: "page") { Password = "right" }, proven: Seal);
        Say(3, new Hello(Name: "peer", ListenPort: 9003) { Password = "right" }, proven: Seal);
        var told = Say(1, new SetDoor("new", true), sealedAs: "another seal");
        var seals = told.Where(t => t.Message is DoorState).ToDictionary(t => t.To, t => ((DoorState)t.Message).Seal?.Password);
        Assert.That(seals, Is.EqualTo(new Dictionary<long, string?> { [1] = "another seal", [2] = null, [3] = "another seal" }));
    }

    [Test]
    public void Unlocked_again_the_room_lets_everyone_in()
    {
        Open();
        Say(1, new SetDoor(IsLocked: false));
        Assert.That(CodeOf(Say(2, new Hello()), 2), Is.Null);
        Assert.That(_room.Door.Password, Is.Null, "the password is forgotten with it");
    }

    [Test]
    public void The_door_outlives_the_server()
    {
        Open();
        Invited(new Invite());
        var restored = RoomMemory.Restore(RoomMemory.Store(_room, Now), Guid.NewGuid(), Now);
        Assert.That(restored.Door, Is.EqualTo(_room.Door));
    }

    [Test]
    public void A_member_that_takes_the_room_over_keeps_it_locked()
    {
        Open();
        var seal = ((DoorState)Say(1, new SetDoor(IsLocked: true)).Single(t => t.To == 1).Message).Seal;
        _room = Inheriting.Open(new Inheritance("jam", "c2VjcmV0", 5, null, [], null, 0, [], [], seal), Guid.NewGuid(), Now);
        Assert.That(CodeOf(Say(2, new Hello()), 2), Is.EqualTo(ErrorCodes.PasswordNeeded));
        Assert.That(CodeOf(Say(3, new Hello { Password = "right" }, proven: Seal), 3), Is.Null);
    }

    [Test]
    public void The_host_token_takes_the_place_back_from_whoever_has_it()
    {
        var token = Open().HostToken!;
        Say(2, new Hello(Name: "bo") { Password = "right" }, proven: Seal);
        Say(1, new Bye());
        Assert.That(RoleOf(2), Is.EqualTo(Role.Host), "promoted");
        var told = Say(3, new Hello(Role.Host, "ana") { HostToken = token });
        Assert.That((RoleOf(2), RoleOf(3), _room.HostConnection), Is.EqualTo((Role.Viewer, Role.Host, 3)));
        Assert.That(told.First(t => t.To == 3).Message, Is.InstanceOf<State>(), "STATE is the first answer");
        Assert.That(told.Any(t => t.To == 2 && t.Message is PeerJoined { Member: { PeerId: "fresh-2", Role: Role.Viewer } }));
    }

    [Test]
    public void Another_token_takes_nothing([Values("wrong-token-wrong-token", "secret-2")] string token)
    {
        Open();
        Say(2, new Hello(Role.Host) { Password = "right", HostToken = token }, proven: Seal);
        Assert.That(CodeOf(Say(2, new SetRole(Role.Host) { HostToken = token }), 2), Is.EqualTo(ErrorCodes.HostTaken));
        Assert.That(_room.HostConnection, Is.EqualTo(1));
    }

    [Test]
    public void A_kept_place_is_for_the_one_with_the_token_alone()
    {
        var token = Open().HostToken!;
        Say(2, new Hello { Password = "right" }, proven: Seal);
        Say(1, new SetPolicy(OnHostLoss: HostLoss.Keep));
        Say(1, new Bye());
        Assert.That(_room.HostConnection, Is.Null);
        Assert.That(CodeOf(Say(2, new SetRole(Role.Host)), 2), Is.EqualTo(ErrorCodes.HostTaken));
        Assert.That(CodeOf(Say(2, new SetRole(Role.Host) { HostToken = token }), 2), Is.Null);
        Assert.That(_room.HostConnection, Is.EqualTo(2));
    }

    [Test]
    public void The_second_host_of_a_room_is_told_no_token()
    {
        Open();
        Say(2, new Hello { Password = "right" }, proven: Seal);
        Say(1, new SetRole(Role.Host, "fresh-2"));
        var told = Say(3, new Hello(Role.Host) { Password = "right" }, proven: Seal);
        Assert.That(told.Select(t => t.Message).OfType<Welcome>().Single().HostToken, Is.Null);
    }

    [Test]
    public void A_past_that_a_stranger_makes_up_takes_no_host_token_away()
    {
        var token = Open(isLocked: false).HostToken!;
        var past = new Resume(new Timeline(9, 4, RoomHarness.OldClockId, PlaybackStatus.Pause, null, 0, 0), null, 0, 10, Door: new DoorSeal(true, "mine", Tokens.HashOf("my-token"), null, 7));
        Say(2, new Hello(Role.Host, Resume: past) { HostToken = "my-token" });
        Assert.That(Tokens.IsSame(Tokens.Seal(_room.Door.HostToken!), token));
        Assert.That(RoleOf(2), Is.EqualTo(Role.Viewer));
    }

    [Test]
    public void A_past_that_a_stranger_makes_up_gives_it_no_control_of_a_room_that_goes_on()
    {
        Open(isLocked: false);
        _nowUs += 61_000_000;
        var past = new Resume(
            new Timeline(9, 4, RoomHarness.OldClockId, PlaybackStatus.Pause, null, 0, 0), null, 0, 10, Policy: new RoomPolicy(Control.Everyone),
            Queue: [RoomHarness.Track], PolicyRevision: 3, QueueRevision: 3);
        Say(2, new Hello(Resume: past));
        Assert.That((_room.Policy, _room.Queue.Count), Is.EqualTo((new RoomPolicy(), 0)));
    }

    private Moment Now => new(_nowUs, _unixUs);

    private Welcome Open(bool isLocked = true) => Say(1, new Hello(Role.Host, "ana") { Password = isLocked ? "right" : null }, sealedAs: isLocked ? Seal : null)
        .Select(t => t.Message).OfType<Welcome>().Single();

    private Invited Invited(Invite wanted) => Say(1, wanted).Select(t => t.Message).OfType<Invited>().Single();

    private Role RoleOf(long connection) => _room.Seats[connection].Member.Role;

    private static string? CodeOf(IEnumerable<(long To, ServerMessage Message)> told, long connection) =>
        told.Where(t => t.To == connection).Select(t => t.Message).OfType<Error>().SingleOrDefault()?.Code;

    private void Lose(long connection) => _room = RoomMachine.Lose(_room, connection, "lost", Now).Room;

    private List<(long To, ServerMessage Message)> Say(long connection, ClientMessage message, string? proven = null, string? sealedAs = null)
    {
        var sender = new Sender(connection, "192.0.2.7", $"fresh-{connection}", $"token-{connection}")
        {
            FreshSecret = $"secret-{connection}", Proven = proven, Sealed = sealedAs,
        };
        var step = RoomMachine.Receive(_room, message, sender, Now);
        _room = step.Room;
        return [.. step.Outgoing.SelectMany(o => o switch
        {
            ToOne one => [(one.Connection, one.Message)],
            ToSome some => some.Connections.Select(c => (c, some.Message)),
            ToAll all => step.Room.Seats.Keys.Where(c => c != all.Except).Select(c => (c, all.Message)),
            _ => Enumerable.Empty<(long, ServerMessage)>(),
        })];
    }
}
