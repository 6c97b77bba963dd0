namespace Jam.Tests.Simulation;

/// <summary>A packet of <see cref="SimTcp"/>.</summary>
internal sealed class SimPacket(long start, int bytes)
{
    public long Start { get; } = start;

    public int Bytes { get; } = bytes;

    public long Order { get; set; }

    public long SentUs { get; set; }

    public bool IsAcked { get; set; }
}
