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
        // The longest of them have 24 characters.
        Span<byte> text = stackalloc byte[32];
        Math.Round(value, 6).TryFormat(text, out var length, "R", CultureInfo.InvariantCulture);
        if (!text[..length].ContainsAny((byte)'.', (byte)'E'))
        {
            ".0"u8.CopyTo(text[length..]);
            length += 2;
        }

        writer.WriteRawValue(text[..length]);
    }
}
