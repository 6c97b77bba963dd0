using System.Net;

namespace Jam.Peer.Session;

/// <summary>What opens doors, and what locks this peer's own.</summary>
public sealed record DoorOptions
{
    /// <summary>The room's password; of the host that opens a room, what it is to be. Null: none.</summary>
    public string? Password { get; init; }

    /// <summary>An invite's token; null: none.</summary>
    public string? Invite { get; init; }

    /// <summary>What takes the host's place back; null: what was kept from an earlier run.</summary>
    public string? HostToken { get; init; }

    /// <summary>Whether a room that begins with this host admits only who was invited.</summary>
    public bool IsInviteOnly { get; init; }

    /// <summary>Whether the peers of a room that begins with this host speak TLS to each other.</summary>
    public bool IsEncrypted { get; init; }

    /// <summary>The certificate of a server of this process, PEM; null: it speaks no TLS.</summary>
    public string? TlsCertFile { get; init; }

    /// <summary>Its key, PEM; null: in the same file.</summary>
    public string? TlsKeyFile { get; init; }

    /// <summary>A certificate, PEM, of an authority that this peer believes beside the system's; null: none.</summary>
    public string? TlsCa { get; init; }

    /// <summary>SHA-256 of certificates that this peer believes, 64 hexadecimal digits each.</summary>
    public IReadOnlyList<string> TlsFingerprints { get; init; } = [];

    /// <summary>Address that the swarm port is bound to; null: every one.</summary>
    public IPAddress? Bind { get; init; }

    /// <summary>Address that a server of this process is bound to; null: every one.</summary>
    public IPAddress? ServerBind { get; init; }

    /// <summary>Address that a gateway of its own is bound to; null: every one.</summary>
    public IPAddress? GatewayBind { get; init; }

    /// <summary>Never what is secret.</summary>
    public override string ToString() => $"{nameof(DoorOptions)} {{ password: {Password is not null}, invite: {Invite is not null}, encrypted: {IsEncrypted} }}";
}
