using Jam.Server.Contracts;

namespace Jam.Server.Rooms;

/// <summary>Who comes in through a room's door, and who may lock it.</summary>
internal static class Door
{
    /// <summary>
    /// Whether whoever says HELLO may come in: who was here before comes back by its token, a newcomer by the password or by an invite, of
    /// which one use is gone then. A refusal is sent.
    /// </summary>
    public static bool Admit(RoomTurn turn, Hello hello, Sender sender)
    {
        var door = turn.Room.Door;
        if (!door.IsLocked || IsKnown(turn.Room, hello) || IsOwner(door, hello.HostToken))
            return true;
        if (door.Password is { } password && sender.Proven == password)
            return true;
        if (hello.Invite is { } token)
            return TakeInvite(turn, token) || Refuse(ErrorCodes.BadInvite, "this invite is not known here, was taken back, or is used up");
        if (hello.Password is not null && door.Password is not null)
            return Refuse(ErrorCodes.WrongPassword, "that is not the room's password");
        return Refuse(ErrorCodes.PasswordNeeded, door.Password is null ? "this room is for those who were invited" : "this room has a password");

        bool Refuse(string code, string why)
        {
            turn.Fail(sender.Connection, code, why, close: true);
            return false;
        }
    }

    /// <summary>Whether a HELLO comes from someone who is or was here, by its token.</summary>
    public static bool IsKnown(Room room, Hello hello)
    {
        if (hello.PeerId is not { } peerId)
            return false;
        return room.Connections.TryGetValue(peerId, out var connection)
            ? Retry.IsSelf(room.Seats[connection].Token, room.Seats[connection].Retry, hello)
            : room.Absentees.TryGetValue(peerId, out var absentee) && Retry.IsSelf(absentee.Token, absentee.Retry, hello);
    }

    /// <summary>Whether a token is the one that the room was opened with.</summary>
    public static bool IsOwner(DoorSeal door, string? hostToken) => door.HostToken is { } hash && Tokens.IsSame(Tokens.Seal(hash), hostToken);

    /// <summary>
    /// A host has come: where the room had none and nobody has locked it, it brings the lock along; where nobody has the host's token yet, it gets one.
    /// </summary>
    /// <returns>The token, where it is new to its owner; null else.</returns>
    public static string? TakeFirstHost(RoomTurn turn, Hello hello, Sender sender)
    {
        var door = turn.Room.Door;
        if (IsAwaitingHost(door) && (sender.Sealed is not null || hello.IsLocked == true))
            door = door with { IsLocked = true, Password = sender.Sealed, Revision = 1 };
        string? told = null;
        if (door.HostToken is null && (hello.HostToken ?? sender.FreshSecret) is { Length: > 0 } token)
        {
            door = door with { HostToken = Tokens.HashOf(token) };
            told = hello.HostToken is null ? token : null;
        }

        if (door != turn.Room.Door)
            turn.Room = turn.Room with { Door = door };
        return told;
    }

    /// <summary>Whether the first host is still to come, who says whether the door is locked.</summary>
    public static bool IsAwaitingHost(DoorSeal door) => door is { HostToken: null, Revision: 0 };

    public static void Set(RoomTurn turn, Seat by, SetDoor wanted, Sender sender)
    {
        var door = turn.Room.Door;
        var password = wanted.Password switch { null => door.Password, "" => null, _ => sender.Sealed };
        // A new password locks, no password unlocks, unless it is said otherwise.
        var isLocked = wanted.IsLocked ?? (wanted.Password is null ? door.IsLocked : password is not null);
        Change(turn, door with { IsLocked = isLocked, Password = isLocked ? password : null }, by);
    }

    public static void Ask(RoomTurn turn, Seat by, Invite wanted, Sender sender)
    {
        var nowSec = turn.Now.UnixUs / 1_000_000;
        var standing = (turn.Room.Door.Invites ?? []).Where(i => Stands(i, nowSec)).ToList();
        switch (wanted.Action)
        {
            case InviteActions.List:
                turn.Send(by.Connection, DoorState.Of(turn.Room.Door with { Invites = standing }, isWhole: true, turn.Room.Secret));
                break;
            case InviteActions.Revoke when standing.RemoveAll(i => i.Id == wanted.Id) > 0:
                Change(turn, turn.Room.Door with { Invites = standing }, by);
                break;
            case InviteActions.Revoke:
                turn.Fail(by.Connection, ErrorCodes.BadInvite, "no such invite stands");
                break;
            case var _ when standing.Count >= DoorSeal.MaxInvites:
                turn.Fail(by.Connection, ErrorCodes.BadInvite, $"{DoorSeal.MaxInvites} invites stand already; take one back first");
                break;
            default:
                long? until = wanted.Seconds is { } seconds ? nowSec + seconds : null;
                var invite = new InviteSeal(sender.FreshPeerId[..Math.Min(6, sender.FreshPeerId.Length)], Tokens.HashOf(sender.FreshSecret), until, wanted.Uses);
                Change(turn, turn.Room.Door with { Invites = [.. standing, invite] }, null);
                turn.Send(by.Connection, new Invited(invite.Id, sender.FreshSecret, until, wanted.Uses));
                break;
        }
    }

    /// <summary>Takes over what a member brings along that came from the room's last authority, where nobody has set anything here.</summary>
    public static void Adopt(RoomTurn turn, DoorSeal brought)
    {
        var door = turn.Room.Door;
        if (door.Revision > 0 || brought.Revision == 0)
            return;
        turn.Room = turn.Room with { Door = brought with { HostToken = door.HostToken ?? brought.HostToken } };
    }

    /// <summary>Whether a member may take the room over, and has to know how its door is kept.</summary>
    public static bool IsHeir(Member member) => member.Role == Role.Host || member.Addresses.Count > 0;

    private static bool TakeInvite(RoomTurn turn, string token)
    {
        var door = turn.Room.Door;
        var nowSec = turn.Now.UnixUs / 1_000_000;
        var invites = door.Invites ?? [];
        if (invites.FirstOrDefault(i => Stands(i, nowSec) && Tokens.IsSame(Tokens.Seal(i.TokenHash), token)) is not { } invite)
            return false;
        if (invite.UsesLeft is { } left)
        {
            turn.Room = turn.Room with { Door = door with { Invites = [.. invites.Select(i => i == invite ? i with { UsesLeft = left - 1 } : i)], Revision = door.Revision + 1 } };
            Tell(turn);
        }

        return true;
    }

    private static bool Stands(InviteSeal invite, long nowSec) => invite.UsesLeft is not <= 0 && !(invite.UntilUnixSec <= nowSec);

    private static void Change(RoomTurn turn, DoorSeal door, Seat? by)
    {
        var isNews = door != turn.Room.Door;
        if (isNews)
            turn.Room = turn.Room with { Door = door with { Revision = turn.Room.Door.Revision + 1 } };
        if (isNews)
            Tell(turn);
        else if (by is not null)
            turn.Send(by.Connection, DoorState.Of(door, IsHeir(by.Member), turn.Room.Secret));
    }

    /// <summary>Tells everyone how the door is kept now, each as much as it is to know.</summary>
    public static void Tell(RoomTurn turn, long? except = null)
    {
        foreach (var group in turn.Room.Seats.Values.Where(s => s.Connection != except).GroupBy(s => IsHeir(s.Member)))
            turn.SendSome([.. group.Select(s => s.Connection)], DoorState.Of(turn.Room.Door, group.Key, turn.Room.Secret));
    }
}
