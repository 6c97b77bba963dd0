namespace Jam.Server.Observing;

/// <summary>
/// What belongs together on one page of metrics: a server's own, or those of a peer with the server in it. Meters carry it as their scope, so
/// that several servers of one process (tests) do not count each other.
/// </summary>
internal sealed class MetricsScope;

/// <summary>Who may read <c>/metrics</c> on the server's port.</summary>
public enum MetricsAccess
{
    /// <summary>This machine alone.</summary>
    Local,

    /// <summary>Everyone who reaches the port.</summary>
    Any,

    /// <summary>Nobody; nothing is gathered for it.</summary>
    Off,
}
