using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Jam.Server.Hosting;

/// <summary>
/// One event as one line of JSON: <c>ts</c>, <c>level</c>, <c>category</c>, <c>event</c> (its name, which stays), <c>event_id</c>,
/// <c>message</c> (for people), <c>fields</c> (what the message was made of, snake_case), <c>exception</c>. What is a field is also in the
/// message, so there is nothing here that a log for people would keep back.
/// </summary>
public static class JsonLogLine
{
    // Names stay readable; whatever could end a line is escaped.
    private static readonly JsonWriterOptions s_writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The line, without its end.</summary>
    /// <param name="at">When.</param>
    /// <param name="level">How bad.</param>
    /// <param name="category">Where from.</param>
    /// <param name="eventId">Which event; an event without a name is <c>Said</c>.</param>
    /// <param name="message">For people.</param>
    /// <param name="fields">What the message was made of.</param>
    /// <param name="problem">What was caught.</param>
    public static string Of(
        DateTimeOffset at, LogLevel level, string category, EventId eventId, string message,
        IEnumerable<KeyValuePair<string, object?>>? fields = null, Exception? problem = null)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer, s_writing))
        {
            json.WriteStartObject();
            json.WriteString("ts"u8, at.ToUniversalTime().ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture));
            json.WriteString("level"u8, FileLog.Word(level));
            json.WriteString("category"u8, category);
            json.WriteString("event"u8, eventId.Name ?? "Said");
            json.WriteNumber("event_id"u8, eventId.Id);
            json.WriteString("message"u8, message);
            WriteFields(json, fields);
            if (problem is not null)
                json.WriteString("exception"u8, problem.ToString());
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void WriteFields(Utf8JsonWriter json, IEnumerable<KeyValuePair<string, object?>>? fields)
    {
        var isOpen = false;
        foreach (var (name, value) in fields ?? [])
        {
            if (name == "{OriginalFormat}")
                continue;
            if (!isOpen)
                json.WriteStartObject("fields"u8);
            isOpen = true;
            json.WritePropertyName(JsonNamingPolicy.SnakeCaseLower.ConvertName(name));
            Write(json, value);
        }

        if (isOpen)
            json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, object? value)
    {
        switch (value)
        {
            case null:
                json.WriteNullValue();
                break;
            case bool yes:
                json.WriteBooleanValue(yes);
                break;
            case sbyte or byte or short or ushort or int or uint or long:
                json.WriteNumberValue(Convert.ToInt64(value, CultureInfo.InvariantCulture));
                break;
            case double number when double.IsFinite(number):
                json.WriteNumberValue(number);
                break;
            default:
                json.WriteStringValue(Convert.ToString(value, CultureInfo.InvariantCulture));
                break;
        }
    }
}
