using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;

namespace Jam.Server.Contracts;

/// <summary>
/// What a room's door is kept with: hashes alone. Members that may become the room's next authority know it, so that the door stays
/// locked when the room moves.
/// </summary>
/// <param name="IsLocked">Whether only a password, an invite or a known member gets in.</param>
/// <param name="Password">The salted hash of the password; null: there is none.</param>
/// <param name="HostToken"><see cref="Tokens.HashOf"/> of the token that takes the host's place back; null: nobody has one.</param>
/// <param name="Invites">Invites that stand.</param>
/// <param name="Revision">Goes up with each change that somebody asked for.</param>
public sealed record DoorSeal(
    bool IsLocked = false, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Password = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? HostToken = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<InviteSeal>? Invites = null, long Revision = 0)
{
    /// <summary>Longest password in characters.</summary>
    public const int MaxPasswordLength = 128;

    /// <summary>Most invites that stand at a time.</summary>
    public const int MaxInvites = 50;

    /// <summary>Most that one invite may admit.</summary>
    public const int MaxUses = 10_000;

    /// <summary>Longest time that an invite may stand, seconds: a year.</summary>
    public const long MaxSeconds = 366L * 24 * 3600;

    /// <summary>A door that stands open.</summary>
    public static DoorSeal Open { get; } = new();

    /// <summary>What is wrong with it; null where nothing is.</summary>
    internal string? Problem() =>
        (Password is null || Password.Length is > 0 and <= 256) && (HostToken is null || Tokens.IsHash(HostToken))
        && Revision is >= 0 and <= Limits.MaxEpoch && (Invites is null || (Invites.Count <= MaxInvites && Invites.All(i => i is not null && i.IsWell)))
            ? null : "door";
}

/// <summary>An invite as the door knows it.</summary>
/// <param name="Id">By which it is taken back.</param>
/// <param name="TokenHash"><see cref="Tokens.HashOf"/> of what it says.</param>
/// <param name="UntilUnixSec">Until when it admits, Unix time in seconds; null: as long as the room lasts.</param>
/// <param name="UsesLeft">How many more it admits; null: any number.</param>
public sealed record InviteSeal(
    string Id, string TokenHash, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? UntilUnixSec = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? UsesLeft = null)
{
    internal bool IsWell => Names.IsId(Id) && Tokens.IsHash(TokenHash) && UntilUnixSec is null or (>= 0 and <= 1L << 40) && UsesLeft is null or (>= 0 and <= DoorSeal.MaxUses);
}

/// <summary>Locks the room's door, or opens it. The host's alone; what is null stays.</summary>
/// <param name="Password">The room's password; empty: none.</param>
/// <param name="IsLocked">Whether it is locked; locked without a password, only invites admit.</param>
public sealed record SetDoor(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Password = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] bool? IsLocked = null) : ClientMessage;

/// <summary>Makes an invite, takes one back, or asks which stand. The host's alone.</summary>
/// <param name="Action">One of <see cref="InviteActions"/>.</param>
/// <param name="Id">For <c>revoke</c>.</param>
/// <param name="Uses">How many it admits; null: any number.</param>
/// <param name="Seconds">How long it stands; null: as long as the room.</param>
public sealed record Invite(
    string Action = InviteActions.Add, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Id = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? Uses = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? Seconds = null) : ClientMessage;

/// <summary>The words of INVITE.</summary>
public static class InviteActions
{
    /// <summary>Makes one.</summary>
    public const string Add = "add";

    /// <summary>Takes one back; who came in by it stays.</summary>
    public const string Revoke = "revoke";

    /// <summary>Asks which stand.</summary>
    public const string List = "list";
}

/// <summary>Whether the door is locked.</summary>
/// <param name="IsLocked">As in <see cref="DoorSeal"/>.</param>
/// <param name="HasPassword">Whether a password admits.</param>
/// <param name="Seal">What it is kept with: to the host, and to members that may take the room over; null to others.</param>
/// <param name="Pass">What the gateways of a locked room want to see. Secret; null where it stands open.</param>
public sealed record DoorState(
    bool IsLocked, bool HasPassword, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DoorSeal? Seal = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Pass = null) : ServerMessage
{
    /// <summary>What a member is told of a door.</summary>
    public static DoorState Of(DoorSeal door, bool isWhole, string roomSecret)
    {
        ArgumentNullException.ThrowIfNull(door);
        return new DoorState(door.IsLocked, door.Password is not null, isWhole ? door : null, door.IsLocked ? PassOf(roomSecret) : null);
    }

    /// <summary>What members show to gateways of a locked room: it follows from the room's secret, which each member knows, and tells nothing of it.</summary>
    /// <param name="roomSecret">As WELCOME has it, base64.</param>
    public static string PassOf(string roomSecret) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(roomSecret), "gateway"u8))[..32];
}

/// <summary>To the host that asked for it: an invite. The only time that its token is said.</summary>
/// <param name="Id">By which it is taken back.</param>
/// <param name="Token">What HELLO says. Secret.</param>
/// <param name="UntilUnixSec">Until when it admits, Unix time in seconds; null: as long as the room lasts.</param>
/// <param name="Uses">How many it admits; null: any number.</param>
public sealed record Invited(
    string Id, string Token, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? UntilUnixSec = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? Uses = null) : ServerMessage;
