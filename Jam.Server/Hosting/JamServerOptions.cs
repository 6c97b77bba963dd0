using System.Net;

namespace Jam.Server.Hosting;

/// <summary>How a rendezvous listens and what it bears.</summary>
public sealed record JamServerOptions
{
    /// <summary>Port to listen on; 0 takes any free one.</summary>
    public int Port { get; init; } = 8000;

    /// <summary>Address to listen on; null: every one, IPv4 and IPv6.</summary>
    public IPAddress? Address { get; init; }

    /// <summary>Folder in which rooms outlive the server; null: they do not.</summary>
    public string? DataFolder { get; init; }

    /// <summary>Opens what keeps rooms, in place of the folder.</summary>
    internal Func<IRoomStore>? OpenStore { get; init; }

    /// <summary>Most connections at a time; beyond it a client gets HTTP 503.</summary>
    public int MaxConnections { get; init; } = 20_000;

    /// <summary>Most rooms at a time; beyond it HELLO gets ERROR <c>server_full</c>.</summary>
    public int MaxRooms { get; init; } = 10_000;

    /// <summary>Messages a second that one connection may send in the long run.</summary>
    public int MessagesPerSecond { get; init; } = 200;

    /// <summary>Messages that one connection may send at once.</summary>
    public int MessageBurst { get; init; } = 400;

    /// <summary>Wrong messages after which a connection is closed.</summary>
    public int MaxErrors { get; init; } = 20;

    /// <summary>Messages that may wait for one connection; beyond it the connection is closed with ERROR <c>slow_reader</c>.</summary>
    public int OutboundCapacity { get; init; } = 256;
}
