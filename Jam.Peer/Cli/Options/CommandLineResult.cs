using Jam.Peer.Session;

namespace Jam.Peer.Cli.Options;

/// <summary>What the arguments ask for.</summary>
internal abstract record CommandLineResult
{
    private CommandLineResult()
    {
    }

    /// <summary>A peer, ready to start.</summary>
    public sealed record Run(PeerRun Peer) : CommandLineResult;

    /// <summary>The sound devices of this machine, for people or as JSON.</summary>
    public sealed record ListDevices(bool Json) : CommandLineResult;

    /// <summary>A text for standard output, exit code 0.</summary>
    public sealed record Show(string Text) : CommandLineResult;

    /// <summary>A text for standard error that says what to do, exit code 2.</summary>
    public sealed record Wrong(string Text) : CommandLineResult;
}

/// <summary>A peer and how its process behaves.</summary>
/// <param name="Session">What the peer does.</param>
/// <param name="Headless">Whether standard input is left alone.</param>
/// <param name="Duration">When to leave; null: when told.</param>
/// <param name="Json">Whether standard output carries one JSON object at the end and nothing else.</param>
/// <param name="StatusEvery">How often a report goes to standard output as one line of JSON; null: never.</param>
/// <param name="EndWithStdin">Whether the end of standard input ends the peer.</param>
internal sealed record PeerRun(
    SessionOptions Session, bool Headless, TimeSpan? Duration, bool Json, TimeSpan? StatusEvery, bool EndWithStdin)
{
    /// <summary>Whether it clicks from the start, for its user to find the device's latency.</summary>
    public bool Calibrate { get; init; }
}
