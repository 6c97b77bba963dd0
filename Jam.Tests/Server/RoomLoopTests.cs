using Jam.Server.Contracts;
using NUnit.Framework;

namespace Jam.Tests.Server;

/// <summary>The shared loop: one lane a member, one revision, one cycle for all.</summary>
[TestFixture]
internal sealed class RoomLoopTests
{
    private static LoopStep?[] Lane(int pitch, int steps = 16)
    {
        var lane = new LoopStep?[steps];
        lane[0] = new LoopStep(pitch);
        return lane;
    }

    private static RoomHarness WithLoop(int viewers = 2)
    {
        var room = RoomHarness.WithHostAndViewers(viewers);
        room.Say(1, new SetLoop(true));
        room.Advance(10_000_000);
        room.ClearInboxes();
        return room;
    }

    [Test]
    public void An_edit_is_acknowledged_to_its_sender_and_told_to_everyone_else_with_the_cycle_from_which_it_sounds()
    {
        var room = WithLoop();
        var answer = room.Say(2, new LoopUpdate(Lane(60)));
        var told = room.Received<LoopState>(3).Single();
        Assert.That(answer.Single(), Is.EqualTo(new LoopAck(told.Loop.Revision, told.Lane!.EffectiveCycle, told.Lane)));
        Assert.That(room.Received<LoopState>(1).Single(), Is.EqualTo(told));
        Assert.That(told.Lane.PeerId, Is.EqualTo(room.MemberOf(2).PeerId));
        var startUs = room.Room.Tempo.Current.Grid.TimeOfUs(told.Lane.EffectiveCycle * told.Loop.Beats);
        Assert.That(startUs, Is.InRange(room.NowUs + 50_000, room.NowUs + 50_000 + 2_000_000), "the first cycle that everyone can make");
    }

    [Test]
    public void The_slower_a_member_the_further_ahead_is_the_cycle()
    {
        var room = WithLoop();
        room.Say(2, new LoopUpdate(Lane(60)));
        var near = room.Received<LoopAck>(2).Last().EffectiveCycle;
        room.Say(3, new Stats(new MemberStats(RttUs: 2_000_000)));
        room.Say(2, new LoopUpdate(Lane(61)));
        Assert.That(room.Received<LoopAck>(2).Last().EffectiveCycle, Is.GreaterThan(near));
        Assert.That(room.Received<LoopAck>(2).Select(a => a.Revision), Is.Ordered.And.Unique);
    }

    [Test]
    public void Nobody_edits_the_lane_of_another_not_even_the_host()
    {
        var room = WithLoop();
        room.Say(2, new LoopUpdate(Lane(60)));
        var before = room.Room;
        Assert.That(room.Say(1, new LoopUpdate(Lane(61), room.MemberOf(2).PeerId)).OfType<Error>().Single().Code, Is.EqualTo(ErrorCodes.NotYourLane));
        Assert.That(room.Room, Is.EqualTo(before));
        room.Say(1, new LoopUpdate(Lane(62), room.MemberOf(1).PeerId));
        Assert.That(room.Room.Lanes, Has.Count.EqualTo(2));
        Assert.That(room.Room.Lanes[room.MemberOf(2).PeerId].Steps[0]!.Pitch, Is.EqualTo(60));
    }

    [Test]
    public void A_lane_has_as_many_steps_as_the_loop()
    {
        var room = WithLoop();
        Assert.That(room.Say(2, new LoopUpdate(Lane(60, 8))).OfType<Error>().Single().Code, Is.EqualTo(ErrorCodes.BadField));
        room.Say(1, new SetLoop(Steps: 8));
        Assert.That(room.Say(2, new LoopUpdate(Lane(60, 8))).OfType<LoopAck>(), Has.Exactly(1).Items);
    }

    [Test]
    public void The_shape_changes_at_the_start_of_a_cycle()
    {
        var room = WithLoop();
        room.Say(2, new LoopUpdate(Lane(60)));
        room.Say(1, new SetLoop(Beats: 3, Steps: 12));
        var shape = room.Received<LoopState>(2).Last();
        Assert.That(shape.Lane, Is.Null);
        Assert.That((shape.Loop.Beats, shape.Loop.Steps, shape.Loop.IsOn), Is.EqualTo((3, 12, true)));
        Assert.That(room.Room.Tempo.Current.Grid.TimeOfUs(shape.Loop.EffectiveCycle * 3), Is.GreaterThanOrEqualTo(room.NowUs + 50_000));
    }

    [Test]
    public void A_lane_falls_silent_when_its_owner_leaves_for_good_or_is_muted()
    {
        foreach (var how in new Action<RoomHarness>[]
        {
            r => r.Say(2, new Bye()), r => r.Say(1, new Kick(r.MemberOf(2).PeerId)), r => r.Say(1, new Mute(r.MemberOf(2).PeerId)),
        })
        {
            var room = WithLoop();
            room.Say(2, new LoopUpdate(Lane(60)));
            var id = room.MemberOf(2).PeerId;
            how(room);
            Assert.That(room.Received<LoopState>(3).Last().Lane, Has.Property("PeerId").EqualTo(id).And.Property("Steps").Empty);
            Assert.That(room.Room.Lanes, Is.Empty);
        }
    }

    [Test]
    public void A_lane_waits_for_an_owner_that_was_lost_and_may_return_but_not_for_ever()
    {
        var room = WithLoop();
        room.Say(2, new LoopUpdate(Lane(60)));
        room.Lose(2);
        room.Advance(50_000_000);
        room.Say(3, new Stats(new MemberStats(1)));
        Assert.That(room.Room.Lanes, Has.Count.EqualTo(1));
        room.Advance(20_000_000);
        room.Say(3, new Stats(new MemberStats(2)));
        room.Advance(5_000_000);
        Assert.That(room.Room.Lanes, Is.Empty);
    }

    [Test]
    public void There_are_so_many_lanes_and_no_more_and_they_fit_into_a_snapshot()
    {
        var room = WithLoop(70);
        room.Say(1, new SetLoop(Steps: 64));
        var full = Enumerable.Repeat<LoopStep?>(new LoopStep(null, new string('x', 16), 127), 64).ToArray();
        for (var i = 2; i < 72; i++)
            room.Say(i, new LoopUpdate(full));
        Assert.That(room.Room.Lanes, Has.Count.EqualTo(Limits.MaxLanes));
        Assert.That(room.Received<Error>(71).Last().Code, Is.EqualTo(ErrorCodes.LoopFull));
        var answer = room.Say(99, new Hello());
        Assert.That(answer.Max(m => ControlCodec.Serialize(m).Length), Is.LessThanOrEqualTo(Limits.MaxMessageBytes));
        Assert.That(answer.OfType<Snapshot>().Sum(s => s.Lanes?.Count ?? 0), Is.EqualTo(Limits.MaxLanes));
    }

    [Test]
    public void A_change_of_tempo_keeps_the_cycle_that_runs()
    {
        var room = WithLoop();
        var shape = room.Room.Loop;
        var atUs = room.NowUs + 50_000;
        var before = shape.CycleAt(room.Room.Tempo.Current.Grid, atUs);
        room.Say(1, new SetTempo(333));
        Assert.That(shape.CycleAt(room.Room.Tempo.Current.Grid, atUs), Is.EqualTo(before));
    }
}
