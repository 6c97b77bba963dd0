using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Jam.Server.Contracts;

/// <summary>Writes a number so that every language reads it as a float: at most six decimals, at least one (<c>0.0</c>).</summary>
internal sealed class FloatConverter : JsonConverter<double>
{
    public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDouble();

    public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options)
    {
        var text = Math.Round(value, 6).ToString("R", CultureInfo.InvariantCulture);
        writer.WriteRawValue(text.AsSpan().ContainsAny('.', 'E') ? text : text + ".0");
    }
}
