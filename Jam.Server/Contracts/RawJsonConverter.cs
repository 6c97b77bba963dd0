using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Jam.Server.Contracts;

/// <summary>A value that only its receiver understands: kept as the JSON text that it came as.</summary>
internal sealed class RawJsonConverter : JsonConverter<string>
{
    private static readonly JsonWriterOptions _writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public override bool HandleNull => true;

    /// <summary>The text without blanks; null where it is larger or deeper than a BLOB may be.</summary>
    public static string? TextOf(JsonElement value)
    {
        if (DepthOf(value) > Limits.MaxBlobDepth)
            return null;
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer, _writing))
            value.WriteTo(writer);
        return buffer.WrittenCount <= Limits.MaxBlobBytes ? Encoding.UTF8.GetString(buffer.WrittenSpan) : null;
    }

    public override string Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        return TextOf(document.RootElement) ?? throw new JsonException("too large a value");
    }

    public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WriteRawValue(value);

    private static int DepthOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => 1 + value.EnumerateArray().Select(DepthOf).DefaultIfEmpty().Max(),
        JsonValueKind.Object => 1 + value.EnumerateObject().Select(p => DepthOf(p.Value)).DefaultIfEmpty().Max(),
        _ => 0,
    };
}
