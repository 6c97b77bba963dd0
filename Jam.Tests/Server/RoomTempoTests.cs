using Jam.Server.Contracts;
using NUnit.Framework;

namespace Jam.Tests.Server;

/// <summary>SET_TEMPO, TAP, METRONOME and the count-in.</summary>
[TestFixture]
internal sealed class RoomTempoTests
{
    private static double PhaseAt(Tempo tempo, long us) => tempo.Grid.BeatsAt(us);

    [Test]
    public void A_change_of_tempo_keeps_the_phase_for_everyone_from_one_lead_ahead()
    {
        var room = RoomHarness.WithHostAndViewers();
        var before = room.Room.Tempo.Current;
        room.Advance(12_345_678);
        room.Say(1, new SetTempo(97.3, 3));
        var after = room.Received<TempoState>(2).Single();
        Assert.That(after.Tempo, Is.EqualTo(room.Room.Tempo.Current));
        Assert.That(after.Tempo.AtUs, Is.EqualTo(room.NowUs + 50_000));
        Assert.That((after.Tempo.Bpm, after.Tempo.BeatsPerBar, after.Tempo.Revision), Is.EqualTo((97.3, 3, before.Revision + 1)));
        Assert.That(PhaseAt(after.Tempo, after.Tempo.AtUs), Is.EqualTo(PhaseAt(before, after.Tempo.AtUs)).Within(1e-5));
        Assert.That(room.Room.Tempo.At(after.Tempo.AtUs - 1).Bpm, Is.EqualTo(120.0), "until then the old beat holds");
    }

    [Test]
    public void A_downbeat_can_be_laid_on_a_room_time_and_beats_do_not_count_backwards()
    {
        foreach (var originUs in new[] { 1_234_567, -5_000_000, 99_000_000L })
        {
            var room = RoomHarness.WithHostAndViewers();
            room.Advance(60_000_000);
            var counted = room.Room.Tempo.Current.Grid.LastBeatAt(room.NowUs + 50_000);
            room.Say(1, new SetTempo(90, 4, originUs));
            var tempo = room.Room.Tempo.Current;
            var beat = tempo.Grid.FirstBeatFrom(originUs - 2);
            Assert.That(tempo.IsDownbeat(beat), originUs.ToString(System.Globalization.CultureInfo.InvariantCulture));
            Assert.That(tempo.Grid.TimeOfUs(beat), Is.EqualTo(originUs).Within(1));
            Assert.That(tempo.Grid.LastBeatAt(tempo.AtUs), Is.InRange(counted, counted + 4));
        }
    }

    [Test]
    public void A_beat_that_follows_the_track_falls_on_its_downbeat_after_every_start_and_seek()
    {
        var room = RoomHarness.WithHostAndViewers();
        room.Say(1, new SetTempo(90, 4, null, 700_000));
        foreach (var position in new[] { 0, 700_000, 33_333_333L })
        {
            room.Say(1, new Play(position));
            var (tempo, timeline) = (room.Room.Tempo.Current, room.Timeline);
            var downbeatUs = timeline.AtUs + 700_000 - timeline.PositionUs;
            var beat = tempo.Grid.FirstBeatFrom(downbeatUs - 2);
            Assert.That(tempo.Grid.TimeOfUs(beat), Is.EqualTo(downbeatUs).Within(1));
            Assert.That(tempo.IsDownbeat(beat));
            Assert.That(tempo.AtUs, Is.EqualTo(timeline.AtUs));
            room.Advance(5_123_456);
        }

        room.Say(1, new SetTrack(RoomHarness.OtherTrackId));
        Assert.That(room.Room.Tempo.Current.TrackOriginUs, Is.Null, "another track has other downbeats");
    }

    [Test]
    public void A_faster_tempo_on_a_track_keeps_the_phase_and_follows_on_from_there()
    {
        var room = RoomHarness.WithHostAndViewers();
        room.Say(1, new SetTempo(90, 4, null, 0));
        room.Say(1, new Play(0));
        room.Advance(10_000_000);
        var before = room.Room.Tempo.Current;
        room.Say(1, new SetTempo(180));
        var after = room.Room.Tempo.Current;
        Assert.That(PhaseAt(after, after.AtUs), Is.EqualTo(PhaseAt(before, after.AtUs)).Within(1e-5));
        var downbeat = room.Timeline.AtUs + after.TrackOriginUs!.Value - room.Timeline.PositionUs;
        Assert.That(after.Grid.TimeOfUs(after.Grid.FirstBeatFrom(downbeat - 2)), Is.EqualTo(downbeat).Within(1));
    }

    [TestCase(500_000, 120.0)]
    [TestCase(150_000, 400.0)]
    [TestCase(3_000_000, 20.0)]
    public void Four_taps_set_the_tempo_and_the_first_is_a_downbeat(int periodUs, double bpm)
    {
        var room = RoomHarness.WithHostAndViewers();
        var firstUs = room.NowUs;
        for (var i = 0; i < 4; i++)
        {
            Assert.That(room.Room.Tempo.Current.Revision, Is.Zero);
            room.Say(1, new Tap());
            room.Advance(periodUs);
        }

        var tempo = room.Room.Tempo.Current;
        Assert.That(tempo.Bpm, Is.EqualTo(bpm).Within(0.01));
        var beat = tempo.Grid.FirstBeatFrom(firstUs - 100);
        Assert.That(tempo.Grid.TimeOfUs(beat), Is.EqualTo(firstUs).Within(100));
        Assert.That(tempo.IsDownbeat(beat));
    }

    [Test]
    public void Taps_that_come_unevenly_even_out_and_a_pause_begins_anew()
    {
        var room = RoomHarness.WithHostAndViewers();
        foreach (var wobble in new[] { 0, 20_000, -20_000, 10_000, -10_000, 20_000, -20_000, 0 })
        {
            room.Say(1, new Tap(room.NowUs + wobble - 40_000));
            room.Advance(500_000);
        }

        Assert.That(room.Room.Tempo.Current.Bpm, Is.EqualTo(120).Within(1.5));
        var revision = room.Room.Tempo.Current.Revision;
        room.Advance(4_000_000);
        for (var i = 0; i < 3; i++)
        {
            room.Say(1, new Tap());
            room.Advance(300_000);
        }

        Assert.That(room.Room.Tempo.Current.Revision, Is.EqualTo(revision));
    }

    [Test]
    public void The_metronome_goes_on_and_off_without_touching_the_beat()
    {
        var room = RoomHarness.WithHostAndViewers();
        var grid = room.Room.Tempo.Current.Grid;
        room.Say(1, new Metronome(true));
        Assert.That(room.Received<TempoState>(2).Last().Tempo.IsClicking);
        room.Say(1, new Metronome(CountInBars: 2));
        Assert.That(room.Room.Tempo.Current, Has.Property("IsClicking").True.And.Property("CountInBars").EqualTo(2));
        room.Say(1, new Metronome(false));
        Assert.That(room.Room.Tempo.Current, Has.Property("IsClicking").False.And.Property("Grid").EqualTo(grid));
    }

    [TestCase(120, 4, 2, 4_000_000)]
    [TestCase(60, 3, 1, 3_000_000)]
    [TestCase(20, 32, 4, 0)]
    public void Play_counts_in_whole_bars_on_the_beat_but_not_while_the_music_plays(double bpm, int beats, int bars, long lengthUs)
    {
        var room = RoomHarness.WithHostAndViewers();
        room.Say(1, new SetTempo(bpm, beats));
        room.Say(1, new Metronome(null, bars));
        room.Advance(3_333_333);
        room.Say(1, new Play(0));
        var state = room.Received<State>(2).Last();
        Assert.That(state.CountInUs ?? 0, Is.EqualTo(lengthUs));
        Assert.That(state.AtUs, Is.GreaterThanOrEqualTo(room.NowUs + 50_000 + lengthUs));
        if (lengthUs > 0)
        {
            var tempo = room.Room.Tempo.Current;
            Assert.That(tempo.IsDownbeat(tempo.Grid.FirstBeatFrom(state.AtUs - 2)));
            Assert.That(tempo.Grid.TimeOfUs(tempo.Grid.FirstBeatFrom(state.AtUs - 2)), Is.EqualTo(state.AtUs).Within(1));
        }

        room.Advance(20_000_000);
        room.Say(1, new Seek(5));
        Assert.That(room.Received<State>(2).Last().CountInUs, Is.Null);
        Assert.That(room.Timeline.AtUs, Is.EqualTo(room.NowUs + 50_000));
    }

    [Test]
    public void A_pause_during_the_count_in_stands_where_the_room_was()
    {
        var room = RoomHarness.WithHostAndViewers();
        room.Say(1, new Seek(5_000_000));
        room.Say(1, new Metronome(null, 2));
        room.Advance(1_000_000);
        room.Say(1, new Play());
        room.Advance(1_000_000);
        room.Say(1, new Pause());
        Assert.That((room.Timeline.Status, room.Timeline.PositionUs), Is.EqualTo((PlaybackStatus.Pause, 5_000_000)));
    }

    [Test]
    public void A_viewer_changes_no_beat()
    {
        var room = RoomHarness.WithHostAndViewers();
        var before = room.Room;
        foreach (var message in new ClientMessage[] { new SetTempo(90), new Tap(), new Metronome(true), new SetLoop(true) })
            Assert.That(room.Say(2, message).OfType<Error>().Single().Code, Is.EqualTo(ErrorCodes.NotHost));
        Assert.That(room.Room, Is.EqualTo(before));
    }

    [Test]
    public void The_beat_goes_on_under_another_authority_where_its_clock_stands()
    {
        var room = new RoomHarness(500_000_000);
        var old = new Timeline(4, 9, RoomHarness.OldClockId, PlaybackStatus.Play, RoomHarness.TrackId, 1_000_000, 0);
        var tempo = new Tempo(4, 30, RoomHarness.OldClockId, 2_000_000, 97, 3, 1_900_000, 12, true);
        room.Say(2, new Hello(Resume: new Resume(old, RoomHarness.Track, 10_000_000, 5, room.NowUs, tempo, new RoomPolicy(Control.Everyone),
            [RoomHarness.Track], Repeat.All, new LoopShape(4, 8, true, 8, 2, 3))));
        Assert.That(room.Room.Tempo.Current, Is.EqualTo(tempo with
        {
            Epoch = 5, Revision = 1, ClockId = RoomHarness.ClockId, AtUs = 492_000_000, OriginUs = 491_900_000,
        }));
        Assert.That((room.Room.Policy.Control, room.Room.Repeat), Is.EqualTo((Control.Everyone, Repeat.All)));
        Assert.That(room.Room.Queue, Is.EqualTo(new[] { RoomHarness.Track }));
        Assert.That(room.Room.Loop, Is.EqualTo(new LoopShape(5, 1, true, 8, 2, 3)));
        room.Say(3, new Hello(Resume: new Resume(old, RoomHarness.Track, 10_000_000, 5, room.NowUs, tempo with { Bpm = 200 }, new RoomPolicy())));
        Assert.That((room.Room.Tempo.Current.Bpm, room.Room.Policy.Control), Is.EqualTo((97.0, Control.Everyone)), "the first who brings it");
    }
}
