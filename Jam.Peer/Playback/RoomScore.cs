using Jam.Peer.Clock;
using Jam.Server.Contracts;

namespace Jam.Peer.Playback;

/// <summary>
/// What sounds beside the track, or without one: clicks and the shared loop. Immutable and without memory: every sample follows from
/// its room time, so whoever renders whichever block, early, late or twice, renders the same.
/// </summary>
/// <param name="Tempo">The beat.</param>
/// <param name="Loop">The loop; null where this peer keeps it silent for itself.</param>
/// <param name="Timeline">For the count-in; null: there is none.</param>
/// <param name="CountInUs">How long before the newest record of the timeline clicks count in, microseconds.</param>
internal sealed record RoomScore(TempoPair Tempo, LoopBook? Loop, Timeline? Timeline, long CountInUs)
{
    /// <summary>The longest that anything rings, microseconds.</summary>
    private const long LongestUs = 600_000;

    /// <summary>The clock that it is on.</summary>
    public Guid ClockId => Tempo.Current.ClockId;

    /// <summary>Audio thread: adds what sounds to a block.</summary>
    /// <param name="block">Interleaved stereo.</param>
    /// <param name="room">The room clock that tempo and loop are on.</param>
    /// <param name="heardAtUs">When the block's first frame is heard, local microseconds.</param>
    /// <param name="periodUs">From one frame to the next, local microseconds.</param>
    /// <param name="gain">0 to 1.</param>
    public void AddTo(Span<float> block, RoomClockSnapshot room, double heardAtUs, double periodUs, double gain)
    {
        if (!room.IsReady || room.ClockId != Tempo.Current.ClockId || gain <= 0)
            return;
        var fromUs = room.ToRoomUs(heardAtUs);
        var stepUs = periodUs * (1 + room.Drift);
        var untilUs = fromUs + (block.Length / 2 * stepUs);
        AddClicks(block, fromUs, untilUs, stepUs, gain);
        if (Loop is { } loop)
            AddLoop(loop, block, fromUs, untilUs, stepUs, gain);
    }

    private void AddClicks(Span<float> block, double fromUs, double untilUs, double stepUs, double gain)
    {
        var last = Tempo.At((long)untilUs).Grid.LastBeatAt((long)untilUs);
        for (var beat = FirstBeat(fromUs); beat <= last; beat++)
        {
            var tempo = Tempo.Of(beat);
            var atUs = tempo.Grid.TimeOfUs(beat);
            if (ReferenceEquals(Tempo.At(atUs), tempo) && (tempo.IsClicking || IsCountIn(atUs)))
                Synth.Click(block, fromUs, stepUs, atUs, tempo.IsDownbeat(beat), (float)gain);
        }
    }

    private bool IsCountIn(long atUs) => CountInUs > 0 && Timeline is { Status: PlaybackStatus.Play } start
        && atUs >= start.AtUs - CountInUs - 1 && atUs < start.AtUs - 1;

    /// <summary>The first beat that anything which still rings may have begun in.</summary>
    private long FirstBeat(double fromUs)
    {
        var us = (long)fromUs - LongestUs;
        return Tempo.At(us).Grid.LastBeatAt(us);
    }

    private void AddLoop(LoopBook loop, Span<float> block, double fromUs, double untilUs, double stepUs, double gain)
    {
        var last = Tempo.At((long)untilUs).Grid.LastBeatAt((long)untilUs);
        for (var beat = FirstBeat(fromUs); beat <= last; beat++)
        {
            var shape = loop.ShapeAt(beat);
            if (!shape.IsOn)
                continue;
            var cycleBeat = shape.CycleOf(beat) * shape.Beats;
            foreach (var part in loop.Sounding)
                AddSteps(part.At(cycleBeat), shape, Tempo.Of(beat).Grid, cycleBeat, beat, block, fromUs, stepUs, gain);
        }
    }

    /// <summary>The steps of a lane that begin within one beat.</summary>
    private static void AddSteps(
        IReadOnlyList<LoopStep?> steps, LoopShape shape, BeatGrid grid, long cycleBeat, long beat, Span<float> block, double fromUs,
        double stepUs, double gain)
    {
        for (var i = 0; i < Math.Min(steps.Count, shape.Steps); i++)
        {
            // In whole numbers: step i is in beat floor(i x beats / steps) of the cycle.
            if ((long)i * shape.Beats / shape.Steps != beat - cycleBeat || steps[i] is not { } step)
                continue;
            var within = (long)i * shape.Beats % shape.Steps;
            var (startUs, nextUs) = (grid.TimeOfUs(beat), grid.TimeOfUs(beat + 1));
            Synth.Note(block, fromUs, stepUs, startUs + ((nextUs - startUs) * within / shape.Steps), step, (float)gain);
        }
    }
}
