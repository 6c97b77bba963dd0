namespace Jam.Server.Contracts;

/// <summary>The room's beat. Like <see cref="Timeline"/>, one record that every click follows from.</summary>
/// <param name="Epoch">Which authority.</param>
/// <param name="Revision">Which change; goes up by one with each.</param>
/// <param name="ClockId">The clock that times are on.</param>
/// <param name="AtUs">Room time from which this record holds; until then its predecessor does.</param>
/// <param name="Bpm">Beats a minute, 20 to 400, in thousandths.</param>
/// <param name="BeatsPerBar">Beats of a bar, 1 to 32; those whose number it divides are downbeats.</param>
/// <param name="OriginUs">Room time of beat <paramref name="OriginBeat"/>.</param>
/// <param name="OriginBeat">Number of that beat.</param>
/// <param name="IsClicking">Whether peers click.</param>
/// <param name="CountInBars">Bars of clicks before PLAY.</param>
/// <param name="TrackOriginUs">Track position of a downbeat, where the beat follows the track; null where it does not.</param>
public sealed record Tempo(
    long Epoch, long Revision, Guid ClockId, long AtUs, double Bpm = 120, int BeatsPerBar = 4, long OriginUs = 0, long OriginBeat = 0,
    bool IsClicking = false, int CountInBars = 0, long? TrackOriginUs = null)
{
    /// <summary>Where the beats fall.</summary>
    public BeatGrid Grid => new(OriginUs, OriginBeat, BeatGrid.ToMilli(Bpm));

    /// <summary>Whether a beat is the first of its bar.</summary>
    public bool IsDownbeat(long beat) => beat % BeatsPerBar == 0;

    /// <summary>Orders records by (epoch, revision): positive where this one is newer.</summary>
    public int CompareTo(Tempo? other) =>
        other is null ? 1 : (Epoch, Revision).CompareTo((other.Epoch, other.Revision));
}

/// <summary>The newest tempo and the one that holds until it begins.</summary>
public sealed record TempoPair(Tempo Current, Tempo? Previous)
{
    /// <summary>The record that holds at a room time.</summary>
    public Tempo At(long roomUs) => roomUs >= Current.AtUs ? Current : Previous ?? Current;

    /// <summary>The record that a beat is on: each beat has one time, also around a change.</summary>
    public Tempo Of(long beat) => Previous is { } previous && previous.Grid.TimeOfUs(beat) < Current.AtUs ? previous : Current;

    /// <summary>The pair after a record arrived, or this one where that is no newer.</summary>
    public TempoPair Accept(Tempo next)
    {
        ArgumentNullException.ThrowIfNull(next);
        if (next.CompareTo(Current) <= 0)
            return this;
        return new TempoPair(next, next.ClockId == Current.ClockId ? At(next.AtUs) : null);
    }
}
