using System.Text.Json.Serialization;
using Jam.Server.Rooms;

namespace Jam.Server.Hosting;

/// <summary>Source-generated JSON of what is stored.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true, RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(StoredRoom))]
internal sealed partial class StoreJsonContext : JsonSerializerContext;
