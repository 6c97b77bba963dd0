using System.Net;
using Jam.Server.Doors;
using Jam.Server.Observing;
using Microsoft.AspNetCore.Http;

namespace Jam.Server.Hosting;

/// <summary>How a rendezvous listens and what it bears.</summary>
public sealed record JamServerOptions
{
    /// <summary>Port to listen on; 0 takes any free one.</summary>
    public int Port { get; init; } = 8000;

    /// <summary>Address to listen on; null: every one, IPv4 and IPv6.</summary>
    public IPAddress? Address { get; init; }

    /// <summary>What listens for WebSockets; one of <see cref="JamServer.Listeners"/>.</summary>
    public ListenerKind Listener { get; init; }

    /// <summary>
    /// Port of the page and <c>/healthz</c> beside a listener that knows no pages; 0 takes any free one. Kestrel has them on <see cref="Port"/>.
    /// </summary>
    public int WebPort { get; init; }

    /// <summary>Folder in which rooms outlive the server; null: they do not.</summary>
    public string? DataFolder { get; init; }

    /// <summary>Set where the server is one of several; null: it stands alone.</summary>
    public FleetOptions? Fleet { get; init; }

    /// <summary>Whether the page's lobby lists rooms; one that is not listed can be entered by its name all the same.</summary>
    public bool ListsRooms { get; init; } = true;

    /// <summary>What whoever embeds the server answers beside the rooms.</summary>
    public IReadOnlyList<HttpRoute> Routes { get; init; } = [];

    /// <summary>
    /// Whether a page that another server served may join a room here, by its origin: the room may have been there before. Null: none may.
    /// </summary>
    public Func<string, bool>? AllowsOrigin { get; init; }

    /// <summary>Tells people of what the log says, too, and they should know: that a file of kept rooms is damaged. Null: nobody reads it.</summary>
    public Action<string>? Tell { get; init; }

    /// <summary>Whether peers may probe the clock by datagrams, on the UDP port of the same number.</summary>
    public bool HasClockPort { get; init; } = true;

    /// <summary>Who may read <c>/metrics</c>.</summary>
    public MetricsAccess Metrics { get; init; }

    /// <summary>What this server's metrics belong to; null: they are on their own.</summary>
    internal MetricsScope? Scope { get; init; }

    /// <summary>Whether Kestrel lets anyone in at the moment; until then whoever asks gets HTTP 503. Null: always.</summary>
    internal Func<bool>? IsOpen { get; init; }

    /// <summary>Opens what keeps rooms, in place of the folder.</summary>
    internal Func<IRoomStore>? OpenStore { get; init; }

    /// <summary>What it bears of one address.</summary>
    public AddressLimits PerAddress { get; init; } = new();

    /// <summary>The certificate that it shows, PEM, with those of its issuers after it; null: no TLS.</summary>
    public string? TlsCertFile { get; init; }

    /// <summary>That certificate's key, PEM; null: it is in the same file.</summary>
    public string? TlsKeyFile { get; init; }

    /// <summary>Rounds of the hash that a room's password is kept under.</summary>
    internal int PasswordRounds { get; init; } = PasswordSeal.DefaultRounds;

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

/// <summary>
/// HTTP that whoever embeds the server answers. The server has checked that no page of another site asks; the rest (methods, caps,
/// who may) is the handler's. Bodies are refused unless it raises the request's cap.
/// </summary>
/// <param name="Prefix">Paths that begin so, with a slash at either end: <c>/beside/</c>.</param>
/// <param name="HandleAsync">Answers one request; the path is still whole.</param>
/// <param name="Name">By which a page finds out that it is there: <c>beside</c>.</param>
/// <param name="AllowsOtherOrigins">Whether pages that came from another server may ask, too; the handler then sends what CORS wants.</param>
public sealed record HttpRoute(string Prefix, Func<HttpContext, Task> HandleAsync, string Name, bool AllowsOtherOrigins = false);
