using System.Text.Json;

namespace Jam.Server.Contracts;

/// <summary>The server's side of the wire form. A server may be anyone's, so it is read with the same suspicion.</summary>
internal static class ServerMessageReader
{
    private static readonly JsonDocumentOptions _reading = new() { MaxDepth = ControlCodec.MaxDepth };

    public static Parsed<ServerMessage> Parse(ReadOnlyMemory<byte> utf8)
    {
        if (utf8.Length > Limits.MaxMessageBytes)
            return Wrong(ErrorCodes.TooLarge, $"a message may have {Limits.MaxMessageBytes} bytes");
        try
        {
            using var document = JsonDocument.Parse(utf8, _reading);
            return Read(document.RootElement);
        }
        catch (JsonException)
        {
            return Wrong(ErrorCodes.BadJson, "not a message");
        }
        catch (InvalidOperationException)
        {
            return Wrong(ErrorCodes.BadJson, "a string is not valid Unicode");
        }
    }

    private static Parsed<ServerMessage> Read(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("type"u8, out var type)
            || type.ValueKind != JsonValueKind.String)
            return Wrong(ErrorCodes.BadJson, "a message is an object with a type");
        if (!root.TryGetProperty("payload"u8, out var payload) || payload.ValueKind == JsonValueKind.Null)
            payload = root;
        var json = JamJsonContext.Default;
        ServerMessage? message = type.GetString() switch
        {
            "STATE" => payload.Deserialize(json.State),
            "WELCOME" => payload.Deserialize(json.Welcome),
            "SNAPSHOT" => payload.Deserialize(json.Snapshot),
            "QUEUE" => payload.Deserialize(json.QueueState),
            "POLICY" => payload.Deserialize(json.PolicyState),
            "TEMPO" => payload.Deserialize(json.TempoState),
            "LOOP_STATE" => payload.Deserialize(json.LoopState),
            "LOOP_ACK" => payload.Deserialize(json.LoopAck),
            "SCROLL_TICK" => payload.Deserialize(json.ScrollTick),
            "BLOB" => payload.Deserialize(json.BlobRelay),
            "ROOM_STATS" => payload.Deserialize(json.RoomStats),
            "PEERS" => payload.Deserialize(json.Peers),
            "PEER_JOINED" => payload.Deserialize(json.PeerJoined),
            "PEER_LEFT" => payload.Deserialize(json.PeerLeft),
            "SYNC_RESPONSE" => payload.Deserialize(json.SyncResponse),
            "WATCHED" => payload.Deserialize(json.Watched),
            "SWARM" => payload.Deserialize(json.SwarmRelay),
            "CLOCK_PORT" => payload.Deserialize(json.ClockPort),
            "PONG" => payload.Deserialize(json.Pong),
            "RENDEZVOUS" => payload.Deserialize(json.Rendezvous),
            "DOOR" => payload.Deserialize(json.DoorState),
            "INVITED" => payload.Deserialize(json.Invited),
            "ERROR" => payload.Deserialize(json.Error),
            _ => null,
        };
        if (message is null)
            return default;
        return Validity.Of(message) is { } problem
            ? Wrong(ErrorCodes.BadField, problem)
            : new Parsed<ServerMessage>(Clean(message), null);
    }

    /// <summary>Names are for showing and saving: never as the wire gave them.</summary>
    private static ServerMessage Clean(ServerMessage message) => message switch
    {
        State m => m with { Track = Validity.Clean(m.Track) },
        Snapshot m => m with
        {
            Members = Clean(m.Members), Queue = [.. m.Queue.Select(track => Validity.Clean(track)!)],
            Room = m.Room is null ? null : m.Room with { State = (State)Clean(m.Room.State) },
        },
        QueueState m => m with { Tracks = [.. m.Tracks.Select(track => Validity.Clean(track)!)] },
        Peers m => m with { Members = Clean(m.Members) },
        PeerJoined m => m with { Member = Clean(m.Member) },
        PeerLeft m => m with { Name = Clean(m.Name), Reason = Clean(m.Reason) },
        Error m => m with { Code = Clean(m.Code), Message = Clean(m.Message) },
        _ => message,
    };

    private static Member[] Clean(IReadOnlyList<Member> members) => [.. members.Select(Clean)];

    private static Member Clean(Member member) => member with { Name = Clean(member.Name) };

    private static string Clean(string text) => Names.Clean(text, 256) ?? "?";

    private static Parsed<ServerMessage> Wrong(string code, string message) => new(null, new Error(code, message));
}
