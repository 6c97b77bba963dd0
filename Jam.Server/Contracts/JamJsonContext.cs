using System.Text.Json.Serialization;

namespace Jam.Server.Contracts;

/// <summary>Source-generated JSON of every payload: snake_case, nothing missing, nothing null that may not be.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true, RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true, MaxDepth = ControlCodec.MaxDepth)]
[JsonSerializable(typeof(Hello))]
[JsonSerializable(typeof(SetRole))]
[JsonSerializable(typeof(Play))]
[JsonSerializable(typeof(Seek))]
[JsonSerializable(typeof(SetTrack))]
[JsonSerializable(typeof(Queue))]
[JsonSerializable(typeof(SyncRequest))]
[JsonSerializable(typeof(Ready))]
[JsonSerializable(typeof(MemberStats))]
[JsonSerializable(typeof(Ping))]
[JsonSerializable(typeof(Resume))]
[JsonSerializable(typeof(State))]
[JsonSerializable(typeof(Welcome))]
[JsonSerializable(typeof(Snapshot))]
[JsonSerializable(typeof(QueueState))]
[JsonSerializable(typeof(RoomStats))]
[JsonSerializable(typeof(Peers))]
[JsonSerializable(typeof(PeerJoined))]
[JsonSerializable(typeof(PeerLeft))]
[JsonSerializable(typeof(SyncResponse))]
[JsonSerializable(typeof(Pong))]
[JsonSerializable(typeof(Error))]
internal sealed partial class JamJsonContext : JsonSerializerContext;
