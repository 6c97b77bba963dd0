using System.Globalization;
using Jam.Peer.Cli.Options;
using Jam.Server.Contracts;

namespace Jam.Peer.Cli.Commands;

/// <summary>The words behind the commands that lock the room and let people in. Pure.</summary>
internal static class DoorCommandParser
{
    public static Parsed Parse(string word, string rest) => (word, rest.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)) switch
    {
        ("lock", []) => Ask(new SetDoor(IsLocked: true)),
        // A password may hold spaces.
        ("lock", _) when rest.Length <= DoorSeal.MaxPasswordLength => Ask(new SetDoor(rest, true)),
        ("unlock", []) => Ask(new SetDoor(IsLocked: false)),
        ("invite", []) => Ask(new Invite()),
        ("invite", [var uses]) when Uses(uses) is { } n => Ask(new Invite(Uses: n)),
        ("invite", ["for", var time]) when Seconds(time) is { } seconds => Ask(new Invite(Seconds: seconds)),
        ("invite", [var uses, "for", var time]) when Uses(uses) is { } n && Seconds(time) is { } seconds => Ask(new Invite(Uses: n, Seconds: seconds)),
        ("invites", []) => Ask(new Invite(InviteActions.List)),
        ("uninvite", [var id]) when Names.IsId(id) => Ask(new Invite(InviteActions.Revoke, id)),
        ("encrypt", ["on"]) => Ask(new SetPolicy(Links: LinkSecurity.Tls)),
        ("encrypt", ["off"]) => Ask(new SetPolicy(Links: LinkSecurity.Plain)),
        _ => new(null, $"usage: {CommandHelp.Find(word)!.Usage}"),
    };

    private static Parsed Ask(ClientMessage message) => new(new Command.Ask(message), null);

    private static int? Uses(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n is >= 1 and <= DoorSeal.MaxUses ? n : null;

    private static long? Seconds(string text) =>
        Units.Duration(text) is { TotalSeconds: >= 1 and <= DoorSeal.MaxSeconds } time ? (long)time.TotalSeconds : null;
}
