using Jam.Server.Contracts;

namespace Jam.Peer.Session;

/// <summary>What opens the room's door for this peer, and what it locks it with where it is the host.</summary>
/// <param name="options">What was asked for.</param>
/// <param name="keptHostToken">The host's token from an earlier run; null: none.</param>
internal sealed class RoomKeys(SessionOptions options, string? keptHostToken)
{
    private bool _hasEncrypted, _hasLocked;

    /// <summary>What takes the host's place back; null: nothing does.</summary>
    public string? HostToken { get; private set; } = options.Door.HostToken ?? keptHostToken;

    /// <summary>Adds what opens the door, where that is due.</summary>
    /// <param name="hello">The message so far.</param>
    /// <param name="isKnownAddress">Whether the address is one that the user has named, or the host that the user has named.
    /// Hearsay is told no password: whoever has been here comes back by its token.</param>
    /// <param name="isAnew">Whether this peer was not in the room yet.</param>
    public Hello Open(Hello hello, bool isKnownAddress, bool isAnew)
    {
        if (!isKnownAddress)
            return hello;
        var door = options.Door;
        var isHost = hello.Role == Role.Host;
        return hello with
        {
            Password = door.Password, Invite = door.Invite, HostToken = isHost ? HostToken : null,
            IsLocked = isHost && isAnew && door.IsInviteOnly ? true : null, IsEncrypted = isHost && isAnew && door.IsEncrypted ? true : null,
        };
    }

    /// <summary>Adds what takes the host's place back.</summary>
    public SetRole Open(SetRole role) => role is { Role: Role.Host, PeerId: null } ? role with { HostToken = HostToken } : role;

    /// <summary>The room has said who this peer is.</summary>
    public void Take(Welcome welcome) => HostToken = welcome.HostToken ?? HostToken;

    /// <summary>
    /// What locks a room that somebody else was in before its host came with a password, or that was opened anew; null: it is as it
    /// should be. Once: what the host's people unlock later stays so.
    /// </summary>
    public ClientMessage? Lock(RoomState room)
    {
        var door = options.Door;
        // Who was made the host later has not asked for a lock.
        if (_hasLocked || options.Role != Role.Host || room is not { Role: Role.Host, PeerId: not null })
            return null;
        if (!_hasEncrypted)
        {
            _hasEncrypted = true;
            if (door.IsEncrypted && room.Policy.Links == LinkSecurity.Plain)
                return new SetPolicy(Links: LinkSecurity.Tls);
        }

        _hasLocked = true;
        return room.Door?.IsLocked == true || (door.Password is null && !door.IsInviteOnly) ? null
            : new SetDoor(door.Password, IsLocked: true);
    }
}
