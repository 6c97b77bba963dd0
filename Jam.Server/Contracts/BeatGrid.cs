namespace Jam.Server.Contracts;

/// <summary>
/// Where the beats fall, exactly: beat n is at <c>OriginUs + (n - OriginBeat) x 60 s / tempo</c>, rounded once to a microsecond.
/// Nothing accumulates, so whoever knows the same grid computes the same instants, whenever it began.
/// </summary>
/// <param name="OriginUs">Room time of a beat, microseconds.</param>
/// <param name="OriginBeat">That beat's number.</param>
/// <param name="MilliBpm">Beats in a thousand minutes, 20,000 to 400,000.</param>
public readonly record struct BeatGrid(long OriginUs, long OriginBeat, long MilliBpm)
{
    /// <summary>Microseconds in a thousand minutes.</summary>
    private const long ThousandMinutesUs = 60_000_000_000;

    /// <summary>Length of a beat in microseconds.</summary>
    public double PeriodUs => (double)ThousandMinutesUs / MilliBpm;

    /// <summary>A tempo in whole thousandths, in range.</summary>
    public static long ToMilli(double bpm) =>
        (long)Math.Round(Math.Clamp(bpm, Limits.MinBpm, Limits.MaxBpm) * 1000);

    /// <summary>Room time of a beat, microseconds.</summary>
    public long TimeOfUs(long beat) => OriginUs + Divide((Int128)(beat - OriginBeat) * ThousandMinutesUs, MilliBpm);

    /// <summary>Beats passed at a room time, with a fraction.</summary>
    public double BeatsAt(double roomUs) => OriginBeat + (roomUs - OriginUs) * MilliBpm / ThousandMinutesUs;

    /// <summary>The last beat at or before a room time.</summary>
    public long LastBeatAt(long roomUs)
    {
        var beat = OriginBeat + (long)Floor((Int128)(roomUs - OriginUs) * MilliBpm, ThousandMinutesUs);
        // Rounding to a microsecond may put the next beat on this very one.
        return TimeOfUs(beat + 1) <= roomUs ? beat + 1 : beat;
    }

    /// <summary>The first beat at or after a room time.</summary>
    public long FirstBeatFrom(long roomUs)
    {
        var beat = LastBeatAt(roomUs);
        return TimeOfUs(beat) == roomUs ? beat : beat + 1;
    }

    /// <summary>
    /// The grid after a change of tempo at a room time: that moment lies as far into its beat as before, and the beats keep their
    /// numbers. Off by half a microsecond at most.
    /// </summary>
    public BeatGrid WithTempo(long milliBpm, long atUs)
    {
        var passed = (Int128)(atUs - OriginUs) * MilliBpm;
        var beats = Floor(passed, ThousandMinutesUs);
        var intoBeatUs = Divide(passed - beats * ThousandMinutesUs, milliBpm);
        return new BeatGrid(atUs - intoBeatUs, OriginBeat + (long)beats, milliBpm);
    }

    private static Int128 Floor(Int128 a, long b) => a >= 0 ? a / b : -((-a + b - 1) / b);

    /// <summary>Rounded to the nearest.</summary>
    private static long Divide(Int128 a, long b) => (long)Floor(2 * a + b, 2 * b);
}
