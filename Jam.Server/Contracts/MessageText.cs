using System.Text;

namespace Jam.Server.Contracts;

/// <summary>Messages as lines of a log: what they say, but no secret, and nothing of what members tell each other in private.</summary>
public static class MessageText
{
    private const int Longest = 600;

    /// <summary>What a client says.</summary>
    public static string Of(ClientMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return message switch
        {
            Hello hello => Form(ControlCodec.Serialize(hello with { ResumeToken = null, Resume = null, LinkKey = null, Password = null, Invite = null, HostToken = null, RetryToken = null }))
                + (hello.Password is null ? "" : ", with a password") + (hello.Invite is null ? "" : ", with an invite") + (hello.HostToken is null ? "" : ", with the host's token")
                + (hello.ResumeToken is null ? "" : ", comes back") + (hello.Resume is null ? "" : ", remembers the room"),
            SetRole { HostToken: not null } role => Form(ControlCodec.Serialize(role with { HostToken = null })) + ", with the host's token",
            SetDoor { Password: not null } door => Form(ControlCodec.Serialize(door with { Password = door.Password.Length == 0 ? "" : "(secret)" })),
            Blob blob => $"BLOB to {blob.To ?? "all"}, {blob.Data.Length} characters",
            _ => Form(ControlCodec.Serialize(message)),
        };
    }

    /// <summary>What a server says.</summary>
    public static string Of(ServerMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return message switch
        {
            Welcome welcome => Form(ControlCodec.Serialize(welcome with
            {
                ResumeToken = "(secret)", RoomSecret = "(secret)", HostToken = welcome.HostToken is null ? null : "(secret)",
                Door = welcome.Door is null ? null : welcome.Door with { Seal = null, Pass = null },
            })),
            PeerJoined joined => Form(ControlCodec.Serialize(new PeerJoined(joined.Member with { LinkKey = null }))),
            Snapshot page => Form(ControlCodec.Serialize(page with { Members = Keyless(page.Members) })),
            Peers page => Form(ControlCodec.Serialize(page with { Members = Keyless(page.Members) })),
            DoorState door => Form(ControlCodec.Serialize(door with { Seal = null, Pass = null })),
            Invited invited => Form(ControlCodec.Serialize(invited with { Token = "(secret)" })),
            ClockPort { Key: not null } port => Form(ControlCodec.Serialize(port with { Key = "(secret)" })),
            BlobRelay blob => $"BLOB from {blob.From}, {blob.Data.Length} characters",
            _ => Form(ControlCodec.Serialize(message)),
        };
    }

    /// <summary>Whether a client says it by itself, again and again: no command.</summary>
    public static bool IsRoutine(ClientMessage message) => message is Stats or Ready or SyncRequest or ClockPortRequest or Ping or PeersRequest or SnapshotRequest;

    /// <summary>Whether a server says it by itself, again and again, or only on request: no command and no answer to one.</summary>
    public static bool IsRoutine(ServerMessage message) =>
        message is RoomStats or ScrollTick or SyncResponse or ClockAnswer or ClockPort or Pong or Peers or Snapshot;

    // No secret, but as long as one, and of no use to who reads.
    private static Member[] Keyless(IReadOnlyList<Member> members) => [.. members.Select(member => member with { LinkKey = null })];

    /// <summary><c>TYPE {payload}</c>, from the wire form <c>{"type":"TYPE","payload":{...}}</c>.</summary>
    private static string Form(byte[] utf8)
    {
        var type = Encoding.UTF8.GetString(utf8.AsSpan(9, utf8.AsSpan(9).IndexOf((byte)'"')));
        var payload = Encoding.UTF8.GetString(utf8.AsSpan()[(utf8.AsSpan().IndexOf("\"payload\":"u8) + 10)..^1]);
        return payload.Length <= Longest ? $"{type} {payload}" : $"{type} {payload[..Longest]}... ({payload.Length} characters)";
    }
}
