using Jam.Peer.Session;
using Jam.Server.Contracts;
using NUnit.Framework;

namespace Jam.Tests.Session;

/// <summary>One's own lane: when it goes out, and when it does not. At 120 bpm a cycle of four beats takes two seconds.</summary>
internal sealed class LoopEditsTests
{
    private const long Second = 1_000_000;
    private static readonly string Secret = Convert.ToBase64String(new byte[32]);

    private static LoopStep?[] Lane(int pitch, int steps = 16)
    {
        var lane = new LoopStep?[steps];
        lane[0] = new LoopStep(pitch);
        return lane;
    }

    private static RoomState Room(bool isOn = true, int steps = 16, long worstRttUs = 0) =>
        new RoomState().Apply(new Welcome("me", Role.Viewer, 1, "token", Secret, new RoomPolicy()))
            .Apply(new TempoState(new Tempo(1, 1, Guid.Empty, 0)))
            .Apply(new RoomStats(2, 1, 1, worstRttUs, 0, []))
            .Apply(new LoopState(new LoopShape(1, 1, isOn, steps, 4)));

    private static int? Pitch(LoopUpdate? update) => update?.Steps[0]?.Pitch;

    [Test]
    public void Edits_wait_for_the_last_moment_before_the_loop_begins_anew_and_are_one_message()
    {
        var (room, edits) = (Room(), new LoopEdits());
        edits.Edit(Lane(60));
        Assert.That(edits.TakeDue(room, 10 * Second + 100_000), Is.Null, "nearly two seconds are left");
        edits.Edit(Lane(61));
        edits.Edit(Lane(62));
        Assert.That(edits.TakeDue(room, 11 * Second), Is.Null);
        // 50 ms of lead and 350 ms for looking four times a second: from 11.6 s on.
        Assert.That(edits.TakeDue(room, 11_590_000), Is.Null);
        var sent = edits.TakeDue(room, 11_610_000);
        Assert.That(Pitch(sent), Is.EqualTo(62));
        Assert.That(edits.TakeDue(room, 11_900_000), Is.Null, "it is sent once");
    }

    [Test]
    public void Whoever_looks_four_times_a_second_sends_every_edit_in_time_for_the_start_that_it_could_make()
    {
        foreach (var rttUs in new long[] { 0, 30_000, 300_000 })
        {
            var room = Room(worstRttUs: rttUs);
            var (shape, grid) = (room.Loop.Shape, room.Tempo!.Current.Grid);
            for (var editedUs = 10 * Second; editedUs < 12 * Second; editedUs += 37_000)
            {
                var edits = new LoopEdits();
                edits.Edit(Lane(60));
                var atUs = editedUs;
                while (edits.TakeDue(room, atUs) is null)
                    atUs += 250_000;
                // What the server makes of it, half a round trip later.
                var gotUs = shape.FirstCycleFrom(grid, atUs + (rttUs / 2) + room.LeadUs);
                Assert.That(gotUs, Is.EqualTo(shape.FirstCycleFrom(grid, editedUs + (rttUs / 2) + room.LeadUs)), $"round trip {rttUs}, edited at {editedUs}");
            }
        }
    }

    [Test]
    public void While_the_loop_is_paused_here_nothing_is_sent_and_then_the_last_edit_is()
    {
        var (room, edits) = (Room(), new LoopEdits { IsPaused = true });
        edits.Edit(Lane(60));
        for (var us = 10 * Second; us < 20 * Second; us += 250_000)
            Assert.That(edits.TakeDue(room, us), Is.Null);
        edits.Edit(Lane(61));
        edits.IsPaused = false;
        Assert.That(edits.TakeDue(room, 20_100_000), Is.Null, "no more in the middle than any other");
        Assert.That(Pitch(edits.TakeDue(room, 21_700_000)), Is.EqualTo(61));
    }

    [Test]
    public void A_loop_that_is_off_or_a_clock_that_is_not_known_is_not_waited_for()
    {
        var edits = new LoopEdits();
        edits.Edit(Lane(60));
        Assert.That(Pitch(edits.TakeDue(Room(isOn: false), 10 * Second)), Is.EqualTo(60));
        edits.Edit(Lane(61));
        Assert.That(Pitch(edits.TakeDue(Room(), null)), Is.EqualTo(61));
    }

    [Test]
    public void Before_the_room_has_let_this_peer_in_nothing_is_sent()
    {
        var edits = new LoopEdits();
        edits.Edit(Lane(60));
        Assert.That(edits.TakeDue(new RoomState(), null), Is.Null);
    }

    [Test]
    public void A_lane_goes_out_in_as_many_steps_as_the_loop_has_by_then()
    {
        var edits = new LoopEdits();
        edits.Edit(Lane(60, 4));
        var sent = edits.TakeDue(Room(isOn: false, steps: 8), null)!;
        Assert.That(sent.Steps.Select(s => s?.Pitch), Is.EqualTo(new int?[] { 60, null, null, null, 60, null, null, null }));
    }

    [Test]
    public void What_could_not_be_sent_is_due_again_unless_something_newer_is()
    {
        var (room, edits) = (Room(isOn: false), new LoopEdits());
        edits.Edit(Lane(60));
        edits.PutBack(edits.TakeDue(room, null)!);
        Assert.That(Pitch(edits.TakeDue(room, null)), Is.EqualTo(60));
        edits.Edit(Lane(61));
        edits.PutBack(new LoopUpdate(Lane(59)));
        Assert.That(Pitch(edits.TakeDue(room, null)), Is.EqualTo(61));
    }

    [Test]
    public void An_authority_that_does_not_know_the_lane_is_told_of_it_and_one_that_took_it_away_is_not()
    {
        var (room, edits) = (Room(isOn: false), new LoopEdits());
        edits.Edit(Lane(60));
        Assert.That(edits.TakeDue(room, null), Is.Not.Null);
        var snapshot = new Snapshot(0, 1, [], []);
        edits.Take(room, snapshot);
        Assert.That(Pitch(edits.TakeDue(room, null)), Is.EqualTo(60), "a new authority");
        var known = room.Apply(new LoopState(room.Loop.Shape with { Revision = 2 }, new LoopLane("me", Lane(60), 0)));
        edits.Take(known, snapshot);
        Assert.That(edits.TakeDue(known, null), Is.Null, "it knows");
        edits.Edit(Lane(61));
        Assert.That(edits.TakeDue(known, null), Is.Not.Null);
        edits.Take(known, snapshot);
        Assert.That(Pitch(edits.TakeDue(known, null)), Is.EqualTo(61), "the edit did not arrive");
        edits.Take(known, new LoopState(room.Loop.Shape with { Revision = 3 }, new LoopLane("me", [], 0)));
        edits.Take(room, snapshot);
        Assert.That(edits.TakeDue(room, null), Is.Null, "the host muted this peer");
    }

    [Test]
    public void A_lane_that_only_the_room_knew_is_brought_to_an_authority_that_does_not()
    {
        var (room, edits) = (Room(isOn: false), new LoopEdits());
        var known = room.Apply(new LoopState(room.Loop.Shape with { Revision = 2 }, new LoopLane("me", Lane(60), 0)));
        edits.Take(known, new Snapshot(0, 1, [], []));
        Assert.That(edits.TakeDue(known, null), Is.Null, "this one knows it");
        edits.Take(room, new Snapshot(0, 1, [], []));
        Assert.That(Pitch(edits.TakeDue(room, null)), Is.EqualTo(60));
    }
}
