namespace Jam.Peer.Playback;

/// <summary>What an engine says of itself; each field is of its own moment.</summary>
/// <param name="IsSounding">Whether sound of the track is heard now.</param>
/// <param name="SyncErrorUs">What is heard minus what is due, median of the last blocks; NaN while silent.</param>
/// <param name="OutputUncertaintyUs">How far off the output's own timing may be.</param>
/// <param name="LeadUs">From writing a frame to hearing it.</param>
/// <param name="Underruns">How often decoded frames ran out while playing.</param>
/// <param name="Snaps">How often it jumped to close an error.</param>
/// <param name="HasGivenUpSnapping">Errors come back faster than they can be closed: the clock or the device's latency is bad.</param>
internal readonly record struct PlayoutStatus(
    bool IsSounding, double SyncErrorUs, double OutputUncertaintyUs, double LeadUs, int Underruns, int Snaps, bool HasGivenUpSnapping)
{
    /// <summary>Of an engine that has not begun.</summary>
    public static PlayoutStatus Silent => new(false, double.NaN, double.PositiveInfinity, 0, 0, 0, false);
}
