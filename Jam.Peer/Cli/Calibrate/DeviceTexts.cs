using System.Text.Json;
using Jam.Peer.Cli.Commands;
using Jam.Peer.Session;
using static System.FormattableString;

namespace Jam.Peer.Cli.Calibrate;

/// <summary>The devices of <c>--list-devices</c>.</summary>
internal static class DeviceTexts
{
    /// <summary>Prints them. Exit code 0, or 1 where there are none.</summary>
    public static int Print(SoundDeviceList list, bool json, TextWriter to)
    {
        if (json)
            to.WriteLine(JsonSerializer.Serialize(list, CliJson.Default.SoundDeviceList));
        else
            foreach (var line in Lines(list))
                to.WriteLine(line);
        to.Flush();
        return list.Devices.Count > 0 ? 0 : 1;
    }

    /// <summary>One line per device, those of a system together, its default one marked by a star.</summary>
    public static IEnumerable<string> Lines(SoundDeviceList list)
    {
        foreach (var system in list.Devices.GroupBy(device => device.System))
        {
            var option = system.Key == "ALSA" ? "--output alsa:NAME" : "--device NAME";
            yield return $"{system.Key} ({option}):";
            var width = system.Max(device => device.Name.Length);
            foreach (var device in system)
            {
                var latency = device.LatencyMs is { } ms ? Invariant($" (latency {ms:0.#} ms)") : "";
                yield return Answer.OneLine($"{(device.IsDefault ? "*" : " ")} {device.Name.PadRight(width)}  {device.Description}{latency}").TrimEnd();
            }
        }
        foreach (var problem in list.Problems)
            yield return problem;
    }
}
