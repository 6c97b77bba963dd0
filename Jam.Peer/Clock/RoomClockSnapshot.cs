namespace Jam.Peer.Clock;

/// <summary>
/// An immutable estimate of the room clock, published whole so that the render path reads it without a lock.
/// </summary>
/// <param name="ClockId">The authority's clock that was measured.</param>
/// <param name="ReferenceLocalUs">Local monotonic instant at which <paramref name="OffsetUs"/> holds.</param>
/// <param name="OffsetUs">Room minus local at the reference, microseconds.</param>
/// <param name="Drift">Change of the offset per microsecond of local time (1e-6 is 1 ppm).</param>
/// <param name="ErrorUs">One standard deviation of the offset at the reference, microseconds.</param>
/// <param name="RttUs">Lowest round trip of the last bursts, microseconds; half of it bounds what asymmetry can hide.</param>
/// <param name="IsReady">Whether the estimate is good enough to play by.</param>
public sealed record RoomClockSnapshot(
    Guid ClockId, long ReferenceLocalUs, double OffsetUs, double Drift, double ErrorUs, long RttUs, bool IsReady)
{
    /// <summary>No estimate yet.</summary>
    public static RoomClockSnapshot None { get; } = new(Guid.Empty, 0, 0, 0, double.PositiveInfinity, 0, false);

    /// <summary>Room time in microseconds at a local monotonic instant.</summary>
    public double ToRoomUs(double localUs) => localUs + OffsetUs + Drift * (localUs - ReferenceLocalUs);

    /// <summary>Local monotonic instant in microseconds of a room time.</summary>
    public double ToLocalUs(double roomUs) => ReferenceLocalUs + (roomUs - OffsetUs - ReferenceLocalUs) / (1 + Drift);
}
