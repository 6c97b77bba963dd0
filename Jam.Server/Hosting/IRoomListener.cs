namespace Jam.Server.Hosting;

/// <summary>
/// Accepts WebSockets on a port and gives each, with its room's name and its client's address, to the <see cref="Reception"/>, which asks
/// who may come in and joins it to the rooms. What is on the wire is the listener's; what is said is not.
/// </summary>
internal interface IRoomListener : IAsyncDisposable
{
    /// <summary>The port that it listens on.</summary>
    int Port { get; }
}

/// <summary>What listens for WebSockets.</summary>
public enum ListenerKind
{
    /// <summary>Kestrel, which is part of .NET.</summary>
    Kestrel,

    /// <summary>Fleck; the page and <c>/healthz</c> then stand on a port of their own.</summary>
    Fleck,
}
