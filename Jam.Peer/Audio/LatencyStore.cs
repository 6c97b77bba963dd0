using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Jam.Peer.Session;

namespace Jam.Peer.Audio;

/// <summary>
/// How much later than they report the devices of this machine sound, as their user found out: one small file, by device. It is read
/// when a device is opened, so that several peers of one user agree.
/// </summary>
internal sealed class LatencyStore
{
    private const double MaxMs = 5_000;

    private readonly string _path;
    private readonly Action<string> _notice;

    /// <param name="folder">Folder of the user's settings; null: the user's own.</param>
    /// <param name="notice">Takes a line where the file cannot be read.</param>
    public LatencyStore(string? folder, Action<string> notice) =>
        (_path, _notice) = (Path.Combine(folder ?? DefaultFolder(), "latency.json"), notice);

    /// <summary><c>$XDG_CONFIG_HOME/swarmjam</c>, or <c>~/.config/swarmjam</c>.</summary>
    public static string DefaultFolder() =>
        Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData, Environment.SpecialFolderOption.DoNotVerify), "swarmjam");

    /// <summary>What is saved for a device, milliseconds; null: nothing.</summary>
    public double? Find(string? device) =>
        device is not null && Read().TryGetValue(device, out var ms) && double.IsFinite(ms) && Math.Abs(ms) <= MaxMs ? ms : null;

    /// <summary>Saves, in the place of what was.</summary>
    /// <exception cref="JamException">The file cannot be written.</exception>
    public void Save(string device, double ms)
    {
        var all = Read();
        all[device] = ms;
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
            // Whole or not at all: another peer may read it now.
            var fresh = $"{_path}.{Environment.ProcessId}";
            File.WriteAllText(fresh, JsonSerializer.Serialize(all, LatencyJson.Default.SortedDictionaryStringDouble));
            File.Move(fresh, _path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new JamException($"cannot save the latency in {_path}: {e.Message}", e);
        }
    }

    private SortedDictionary<string, double> Read()
    {
        try
        {
            if (File.Exists(_path))
                return JsonSerializer.Deserialize(File.ReadAllText(_path), LatencyJson.Default.SortedDictionaryStringDouble) ?? [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            _notice($"the saved latencies cannot be read ({_path}: {e.Message}); going on without");
        }
        return [];
    }

    /// <summary>Saves a latency for a device where that is wanted and there is one.</summary>
    /// <returns>What was done, for people.</returns>
    /// <exception cref="JamException">It cannot be saved.</exception>
    public string Keep(string? device, double ms, bool save)
    {
        var words = string.Create(CultureInfo.InvariantCulture, $"latency {ms:0.#} ms");
        if (!save)
            return words;
        if (device is null)
            return $"{words}, until this peer ends (this output is no device that it could be saved for)";
        Save(device, ms);
        return $"{words}, saved for {device}";
    }
}

[JsonSourceGenerationOptions(WriteIndented = true)]
[JsonSerializable(typeof(SortedDictionary<string, double>))]
internal sealed partial class LatencyJson : JsonSerializerContext;
