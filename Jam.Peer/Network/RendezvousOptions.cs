using Jam.Server.Contracts;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Jam.Peer.Network;

/// <summary>Where a room's rendezvous may be, and what to say there.</summary>
public sealed record RendezvousOptions
{
    /// <summary>Addresses of the room, such as <c>ws://192.0.2.1:8000/ws/jam</c>; tried in turn. At least one.</summary>
    public required IReadOnlyList<Uri> Candidates { get; init; }

    /// <summary>
    /// Builds HELLO; called right before each is sent, so that what it remembers of the room is fresh. Runs on the client's
    /// own loop and must not block.
    /// </summary>
    public required Func<Hello> BuildHello { get; init; }

    /// <summary>Swarm addresses to announce at one address of the room; null: those of <see cref="BuildHello"/>. As that, it must not block.</summary>
    public Func<Uri, IReadOnlyList<string>>? Listen { get; init; }

    /// <summary>Adds to HELLO what is for one address of the room alone, such as its password; null: nothing. As <see cref="BuildHello"/>, it must not block.</summary>
    public Func<Uri, Hello, Hello>? Personalize { get; init; }

    /// <summary>Which servers are believed; null: those that the system believes.</summary>
    public TlsTrust? Trust { get; init; }

    /// <summary>
    /// Asks somebody who is in the room where it is by now; null: nobody is known. Called between attempts as long as none has ever led
    /// into the room: what was said of it before may be of a server that is gone since. Its result may be empty.
    /// </summary>
    public Func<CancellationToken, ValueTask<IReadOnlyList<Uri>>>? AskWhere { get; init; }

    /// <summary>
    /// How long one attempt may take, from the connection to the first STATE; less where there are several addresses, so that each has
    /// its turn before a room is given up.
    /// </summary>
    public TimeSpan AttemptTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>About how long to wait after the first attempt that failed; doubles, with jitter, up to <see cref="MaxDelay"/>.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromSeconds(0.25);

    /// <summary>Longest wait between attempts.</summary>
    public TimeSpan MaxDelay { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Where attempts and messages are logged; nowhere unless it is set.</summary>
    public ILogger Log { get; init; } = NullLogger.Instance;

    /// <summary>Whether the first estimate of the room clock is kept for good: the control run of a measurement.</summary>
    public bool KeepsFirstClock { get; init; }

    /// <summary>Whether the clock is probed by datagrams where the server answers those.</summary>
    public bool AsksForClockPort { get; init; }

    /// <summary>Takes a line for every answered probe; null: nobody asks. Any thread.</summary>
    public Action<string>? Trace { get; init; }
}

/// <summary>What happens on the way to the room's authority, in order.</summary>
public abstract record RendezvousEvent
{
    private protected RendezvousEvent()
    {
    }
}

/// <summary>The room has taken HELLO; its STATE follows as the next event.</summary>
/// <param name="Url">Where.</param>
/// <param name="ComesHome">Whether what was known of the room counts no more, since it was only this peer's own.</param>
public sealed record Connected(Uri Url, bool ComesHome = false) : RendezvousEvent;

/// <summary>The connection is gone, or the first attempt to get one has failed; attempts to get another have begun.</summary>
/// <param name="Why">For people.</param>
public sealed record Disconnected(string Why) : RendezvousEvent;

/// <summary>The authority said something. Answers to clock probes are not among it.</summary>
public sealed record Received(ServerMessage Message) : RendezvousEvent;
