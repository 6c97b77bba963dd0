using System.Text.Json.Serialization;

namespace Jam.Server.Contracts;

/// <summary>One step of a lane.</summary>
/// <param name="Pitch">MIDI note, 0 to 127; null where a sample is named.</param>
/// <param name="Sample">Name of a percussive voice; null where a pitch is given.</param>
/// <param name="Velocity">1 to 127.</param>
public sealed record LoopStep(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? Pitch = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Sample = null, int Velocity = 100);

/// <summary>One member's part of the loop.</summary>
/// <param name="PeerId">Whose.</param>
/// <param name="Steps">One entry for each step; null: silence.</param>
/// <param name="EffectiveCycle">The cycle from which it sounds.</param>
public sealed record LoopLane(string PeerId, IReadOnlyList<LoopStep?> Steps, long EffectiveCycle);

/// <summary>The loop without its lanes. Cycle k begins at beat <c>k x Beats</c> of the room's beat.</summary>
/// <param name="Epoch">Which authority.</param>
/// <param name="Revision">Which change of the shape or of any lane; goes up by one with each.</param>
/// <param name="IsOn">Whether it sounds.</param>
/// <param name="Steps">Steps of a lane.</param>
/// <param name="Beats">Beats of a cycle.</param>
/// <param name="EffectiveCycle">The cycle (of <paramref name="Beats"/> beats) from which this shape holds.</param>
public sealed record LoopShape(
    long Epoch, long Revision, bool IsOn = false, int Steps = 16, int Beats = 4, long EffectiveCycle = 0)
{
    /// <summary>The cycle that runs at a room time.</summary>
    public long CycleAt(BeatGrid grid, long roomUs) => FloorDivide(grid.LastBeatAt(roomUs), Beats);

    /// <summary>The cycle that a beat belongs to.</summary>
    public long CycleOf(long beat) => FloorDivide(beat, Beats);

    /// <summary>The first cycle that begins at or after a room time.</summary>
    public long FirstCycleFrom(BeatGrid grid, long roomUs) => -FloorDivide(-grid.FirstBeatFrom(roomUs), Beats);

    private static long FloorDivide(long a, long b) => a >= 0 ? a / b : -((-a + b - 1) / b);
}
