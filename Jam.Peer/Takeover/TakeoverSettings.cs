namespace Jam.Peer.Takeover;

/// <summary>How patient a peer is that has lost the room's authority. Microseconds.</summary>
internal static class TakeoverSettings
{
    /// <summary>How long every address of the authority has to fail before the first in order takes the room over.</summary>
    public const long PatienceUs = 8_000_000;

    /// <summary>How much longer each that follows it in the order waits: the bound within which the one before has to act.</summary>
    public const long TurnUs = 2_000_000;

    /// <summary>How often members tell each other what they know, even where nothing has changed.</summary>
    public const long SayEveryUs = 10_000_000;

    /// <summary>How long a member's word that it is connected counts.</summary>
    public const long WordHoldsUs = 25_000_000;

    /// <summary>How often servers of old are asked.</summary>
    public const long AskEveryUs = 10_000_000;

    /// <summary>How long after an attempt at an authority that others named the next one follows; doubles up to <see cref="RetryMostUs"/>.</summary>
    public const long RetryUs = 3_000_000;

    /// <summary>Most of that.</summary>
    public const long RetryMostUs = 60_000_000;

    /// <summary>Authorities that one link may name in vain before its word is heeded no more.</summary>
    public const int MaxVain = 4;

    /// <summary>How long after a server could not be started it is tried again.</summary>
    public const long StartAgainUs = 5_000_000;
}
