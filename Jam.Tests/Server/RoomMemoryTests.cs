using System.Text.Json;
using Jam.Server.Contracts;
using Jam.Server.Hosting;
using Jam.Server.Rooms;
using NUnit.Framework;

namespace Jam.Tests.Server;

/// <summary>What of a room outlives its server, and how it goes on under another clock.</summary>
[TestFixture]
internal sealed class RoomMemoryTests
{
    private static readonly Guid NewClock = new("33333333-3333-3333-3333-333333333333");

    private static RoomHarness Full()
    {
        var room = RoomHarness.WithHostAndViewers(2);
        room.Say(1, new Queue("add", RoomHarness.Track));
        room.Say(1, new Queue("repeat", Repeat: Repeat.All));
        room.Say(1, new SetTempo(97.3, 3));
        room.Say(1, new SetLoop(true, 4));
        room.Say(2, new LoopUpdate([new LoopStep(60), null, new LoopStep(null, "kick", 9), null]));
        room.Say(1, new SetPolicy(Control.Everyone, OnHostLoss: HostLoss.Pause));
        room.Say(1, new Kick(room.MemberOf(3).PeerId));
        room.Say(1, new Play(1_000_000));
        room.Advance(10_000_000);
        return room;
    }

    /// <summary>Through the very bytes that are stored.</summary>
    private static StoredRoom Stored(RoomHarness room) => JsonSerializer.Deserialize(
        JsonSerializer.Serialize(RoomMemory.Store(room.Room, room.Now), StoreJsonContext.Default.StoredRoom), StoreJsonContext.Default.StoredRoom)!;

    private static Moment Later(RoomHarness room, long us, long clockUs) => new(clockUs, room.Now.UnixUs + us);

    [Test]
    public void Everything_comes_back_under_a_clean_clock_and_a_higher_epoch()
    {
        var room = Full();
        var back = RoomMemory.Restore(Stored(room), NewClock, Later(room, 5_000_000, 77_000_000));
        var old = room.Room;
        Assert.That((back.ClockId, back.Timeline.ClockId, back.Tempo.Current.ClockId), Is.EqualTo((NewClock, NewClock, NewClock)));
        Assert.That((back.Timeline.Epoch, back.Tempo.Current.Epoch, back.Loop.Epoch), Is.EqualTo((2L, 2L, 2L)));
        Assert.That(back.Timeline.PositionAtUs(77_000_000), Is.EqualTo(old.Timeline.PositionAtUs(room.NowUs) + 5_000_000), "the music did not stop");
        Assert.That((back.Track, back.Repeat, back.Policy, back.Secret), Is.EqualTo((old.Track, old.Repeat, old.Policy, old.Secret)));
        Assert.That(back.Queue, Is.EqualTo(old.Queue));
        Assert.That(back.Tempo.Current.Grid.BeatsAt(77_000_000), Is.EqualTo(old.Tempo.Current.Grid.BeatsAt(room.NowUs + 5_000_000)).Within(1e-9));
        Assert.That(back.Lanes.Values.Single().Steps, Is.EqualTo(old.Lanes.Values.Single().Steps));
        Assert.That(back.Kicked, Is.EqualTo(old.Kicked));
        Assert.That(back.Absentees.Keys, Is.EquivalentTo(old.Connections.Keys));
    }

    [Test]
    public void The_host_gets_its_place_back_with_its_token_and_others_their_ids()
    {
        var room = Full();
        var (hostId, hostToken) = (room.MemberOf(1).PeerId, room.TokenOf(1));
        var again = new RoomHarness(RoomMemory.Restore(Stored(room), NewClock, room.Now), room.NowUs);
        Assert.That(again.Say(5, new Hello(Role.Host, "thief")).OfType<Error>().Single().Code, Is.EqualTo(ErrorCodes.HostTaken));
        again.Say(6, new Hello(Role.Host, "host", hostId, ResumeToken: hostToken));
        Assert.That(again.Room.HostConnection, Is.EqualTo(6));
        Assert.That(again.MemberOf(6).JoinSeq, Is.EqualTo(1));
    }

    [Test]
    public void Where_the_wall_clock_says_where_the_music_is_the_state_says_so_until_the_next_command()
    {
        var room = Full();
        var again = new RoomHarness(RoomMemory.Restore(Stored(room), NewClock, room.Now), room.NowUs);
        Assert.That(((State)again.Say(5, new Hello())[0]).Note, Is.EqualTo("restored"));
        again.Say(5, new Pause());
        Assert.That(((State)again.Say(6, new Hello())[0]).Note, Is.Null);
    }

    [Test]
    public void A_member_that_never_stopped_listening_knows_better_than_the_wall_clock_and_one_that_lags_does_not()
    {
        var room = Full();
        var last = room.Room.Timeline;
        var stored = Stored(room);
        var again = new RoomHarness(RoomMemory.Restore(stored, NewClock, room.Now), room.NowUs);
        again.Advance(6_000_000);
        again.Say(4, new Hello(Resume: new Resume(last with { Revision = last.Revision - 1, Status = PlaybackStatus.Pause }, RoomHarness.Track, 1, 1)));
        Assert.That(again.Timeline.Status, Is.EqualTo(PlaybackStatus.Play), "an older record");
        var answer = again.Say(5, new Hello(Resume: new Resume(last, RoomHarness.Track, last.AtUs + 30_000_000, 40, again.NowUs)));
        Assert.That(again.Timeline.PositionAtUs(again.NowUs), Is.EqualTo(last.PositionUs + 30_000_000));
        Assert.That(((State)answer[0]).Note, Is.EqualTo("resumed"));
    }

    [Test]
    public void What_a_member_saw_change_after_the_last_write_is_taken_over_and_what_it_saw_before_is_not()
    {
        var room = Full();
        var stored = Stored(room);
        var early = new RoomHarness(RoomMemory.Restore(stored, NewClock, room.Now), room.NowUs);
        early.Say(9, new Hello(Resume: Known(room) with { Policy = new RoomPolicy(), PolicyRevision = 0, Queue = [], QueueRevision = 0, Tempo = room.Room.Tempo.Current with { Bpm = 50, Revision = 0 } }));
        Assert.That((early.Room.Policy, early.Room.Queue.Count, early.Room.Tempo.Current.Bpm), Is.EqualTo((stored.Policy, 1, 97.3)));
        room.Say(1, new SetPolicy(OnHostLoss: HostLoss.Free));
        room.Say(1, new Queue("remove", RoomHarness.Track));
        room.Say(1, new SetTempo(88));
        var late = new RoomHarness(RoomMemory.Restore(stored, NewClock, room.Now), room.NowUs);
        late.Say(9, new Hello(Resume: Known(room)));
        Assert.That((late.Room.Policy, late.Room.Queue.Count, late.Room.Tempo.Current.Bpm), Is.EqualTo((room.Room.Policy, 0, 88)));
    }

    /// <summary>What a member knows that saw everything.</summary>
    private static Resume Known(RoomHarness room) => new(
        room.Timeline, room.Room.Track, room.NowUs, 20, room.NowUs, room.Room.Tempo.Current, room.Room.Policy, room.Room.Queue, room.Room.Repeat,
        room.Room.Loop, room.Room.PolicyRevision, room.Room.QueueRevision);

    [Test]
    public void An_end_that_was_announced_is_announced_anew()
    {
        var room = RoomHarness.WithHostAndViewers();
        var second = RoomHarness.Track with { TrackId = RoomHarness.OtherTrackId };
        room.Say(1, new Queue("add", RoomHarness.Track));
        room.Say(1, new Queue("add", second));
        room.Say(1, new SetTempo(90, 4, null, 700_000));
        room.Say(1, new Play(230_000_000));
        room.Advance(9_000_000);
        Assert.That(room.Room.Track, Is.EqualTo(second), "announced");
        var again = new RoomHarness(RoomMemory.Restore(Stored(room), NewClock, room.Now), room.NowUs);
        Assert.That(again.Room.Track, Is.EqualTo(RoomHarness.Track));
        Assert.That(again.Room.Tempo.Current.TrackOriginUs, Is.EqualTo(700_000), "it plays still");
        again.Advance(500_000);
        Assert.That((again.Room.Track, again.Timeline.AtUs), Is.EqualTo((second, room.Timeline.AtUs)));
    }

    [Test]
    public void What_members_report_of_themselves_is_not_worth_a_write()
    {
        var room = RoomHarness.WithHostAndViewers();
        var before = room.Room;
        room.Say(2, new Stats(new MemberStats(5)));
        room.Say(2, new Ready(RoomHarness.TrackId, true));
        Assert.That(RoomMemory.Differs(before, room.Room), Is.False);
        foreach (var message in new ClientMessage[] { new Play(), new SetTempo(90), new SetLoop(true), new SetPolicy(Control.Everyone), new Mute("fresh-2") })
        {
            before = room.Room;
            room.Say(1, message);
            Assert.That(RoomMemory.Differs(before, room.Room), message.ToString());
        }
    }
}
