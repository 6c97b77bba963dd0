namespace Jam.Peer.Gateway;

/// <summary>What a gateway bears.</summary>
internal sealed record GatewayOptions
{
    /// <summary>How many may listen through it at a time.</summary>
    public int Listeners { get; init; } = 8;

    /// <summary>What all of them together may take, bytes per second; null: any amount.</summary>
    public long? BytesPerSecond { get; init; }

    /// <summary>How long a request waits for a chunk.</summary>
    public TimeSpan ChunkPatience { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>How long a piece of an answer waits for other peers that are about to run dry.</summary>
    public TimeSpan PressedPatience { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>A reader that takes less, bytes per second, is cut off.</summary>
    public double SlowestReader { get; init; } = 4_000;

    /// <summary>How long a reader may be slow.</summary>
    public TimeSpan SlowGrace { get; init; } = TimeSpan.FromSeconds(10);
}
