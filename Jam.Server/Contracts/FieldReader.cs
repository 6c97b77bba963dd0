using System.Text.Json;

namespace Jam.Server.Contracts;

/// <summary>
/// Reads the fields of one message: from its payload, else from beside its type. Remembers the first thing that is wrong
/// and returns harmless values from then on, so that a message can be built in one expression and judged afterwards.
/// </summary>
internal sealed class FieldReader(JsonElement first, JsonElement second)
{
    /// <summary>The first thing that was wrong; null where nothing is.</summary>
    public string? Problem { get; private set; }

    public void Fail(string problem) => Problem ??= problem;

    /// <summary>The field's value; false where it is missing or null.</summary>
    public bool TryFind(string name, out JsonElement value)
    {
        foreach (var from in (ReadOnlySpan<JsonElement>)[first, second])
        {
            if (from.ValueKind == JsonValueKind.Object && from.TryGetProperty(name, out value))
                return value.ValueKind != JsonValueKind.Null;
        }

        value = default;
        return false;
    }

    public string? Text(string name, int maxLength)
    {
        if (!TryFind(name, out var value))
            return null;
        if (value.ValueKind == JsonValueKind.String && value.GetString() is { } text && text.Length <= maxLength)
            return text;
        Fail($"{name} must be a string of at most {maxLength} characters");
        return null;
    }

    /// <summary>A secret that people choose; what is wrong with one is told without it.</summary>
    public string? Secret(string name, int maxLength) => Text(name, maxLength);

    /// <summary>A name for people: cleaned and cut rather than refused; null where nothing is left of it.</summary>
    public string? Name(string name, int maxLength)
    {
        var text = Text(name, 4 * 1024);
        return text is null ? null : Names.Clean(text, maxLength);
    }

    public string? Id(string name)
    {
        var text = Text(name, Limits.MaxIdLength);
        if (text is null || Names.IsId(text))
            return text;
        Fail($"{name} must be letters, digits, - and _");
        return null;
    }

    public string? TrackId(string name)
    {
        var text = Text(name, 64);
        if (text is null)
            return null;
        if (Names.IsTrackId(text))
            return text.ToLowerInvariant();
        Fail($"{name} must be 64 hexadecimal digits");
        return null;
    }

    public long? Whole(string name, long min, long max)
    {
        if (!TryFind(name, out var value))
            return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) && number >= min && number <= max)
            return number;
        Fail($"{name} must be a whole number from {min} to {max}");
        return null;
    }

    public double? Number(string name, double min, double max)
    {
        if (!TryFind(name, out var value))
            return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && number >= min && number <= max)
            return number;
        Fail($"{name} must be a number from {min} to {max}");
        return null;
    }

    public bool? Flag(string name)
    {
        if (!TryFind(name, out var value))
            return null;
        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False)
            return value.GetBoolean();
        Fail($"{name} must be true or false");
        return null;
    }

    /// <summary>One of a few words, compared exactly.</summary>
    public T? Word<T>(string name, params ReadOnlySpan<(string Word, T Meaning)> words)
        where T : struct
    {
        if (!TryFind(name, out var value))
            return null;
        var text = value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        var known = "";
        foreach (var (word, meaning) in words)
        {
            if (text == word)
                return meaning;
            known += known.Length == 0 ? $"\"{word}\"" : $" or \"{word}\"";
        }

        Fail($"{name} must be {known}");
        return null;
    }

    public IReadOnlyList<string>? Addresses(string name)
    {
        if (!TryFind(name, out var value))
            return null;
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() > Limits.MaxAddresses)
        {
            Fail($"{name} must be a list of at most {Limits.MaxAddresses} addresses");
            return null;
        }

        var addresses = new List<string>(value.GetArrayLength());
        foreach (var item in value.EnumerateArray())
        {
            var text = item.ValueKind == JsonValueKind.String ? item.GetString() : null;
            if (!Names.TryParseAddress(text, out var address))
            {
                Fail($"{name} must hold addresses such as 192.0.2.1:9003 or [2001:db8::1]:9003");
                return null;
            }

            addresses.Add(address.ToString());
        }

        return addresses;
    }

    public Guid Guid(string name)
    {
        if (TryFind(name, out var value) && value.ValueKind == JsonValueKind.String && value.TryGetGuid(out var guid))
            return guid;
        Fail($"{name} must be a GUID");
        return default;
    }

    /// <summary>Where a room may be; a missing list is an empty one.</summary>
    public IReadOnlyList<string> RoomUrls(string name)
    {
        if (!TryFind(name, out var value))
            return [];
        if (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() <= Limits.MaxUrls
            && value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String && Names.IsRoomUrl(item.GetString())))
            return [.. value.EnumerateArray().Select(item => item.GetString()!)];
        Fail($"{name} must be a list of at most {Limits.MaxUrls} addresses such as ws://192.0.2.1:8000/ws/jam");
        return [];
    }

    public T Required<T>(T? value, string name, T instead)
        where T : struct
    {
        if (value is null)
            Fail($"{name} is missing");
        return value ?? instead;
    }

    public string Required(string? value, string name)
    {
        if (value is null)
            Fail($"{name} is missing");
        return value ?? "";
    }
}
