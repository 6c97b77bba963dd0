namespace Jam.Tests.Simulation;

/// <summary>What the links of a simulation do to packets.</summary>
internal sealed record SimTcpSettings
{
    /// <summary>How much waits before an uplink that is full; what comes on top is lost.</summary>
    public long QueueUs { get; init; } = 100_000;

    /// <summary>As <see cref="QueueUs"/>, in bytes, where that is more: no router holds less than some packets.</summary>
    public int LeastQueueBytes { get; init; } = 8_000;

    /// <summary>The part of all packets that is lost on the way.</summary>
    public double Loss { get; init; }

    /// <summary>Whether every acknowledgement takes its place in the queue before an uplink; else all of a connection that wait there are one.</summary>
    public bool EveryAck { get; init; }

    /// <summary>How much a socket takes beyond what is on its way.</summary>
    public int UnsentBytes { get; init; } = 32 * 1024;

    /// <summary>How long a peer takes on average to turn to what has come: its machine has other things to do.</summary>
    public long ReactionUs { get; init; }
}
