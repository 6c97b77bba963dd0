using System.Text.Json;
using System.Text.Json.Serialization;
using Jam.Peer.Cli.Demo;
using Jam.Peer.Session;

namespace Jam.Peer.Cli;

/// <summary>The JSON that other programs read: snake_case, one line, names that stay.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true, RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(PeerReport))]
[JsonSerializable(typeof(DemoReport))]
[JsonSerializable(typeof(SoundDeviceList))]
[JsonSerializable(typeof(MicrophoneResult))]
internal sealed partial class CliJson : JsonSerializerContext
{
    /// <summary>A report as one line. JSON knows neither NaN nor infinity: what is not known yet is null, or 0 where null cannot be.</summary>
    public static string Line(PeerReport report) => JsonSerializer.Serialize(Finite(report), Default.PeerReport);

    /// <summary>The report of a line; null where it is none, since other text may stand between.</summary>
    public static PeerReport? Read(string line)
    {
        if (!line.StartsWith('{'))
            return null;
        try
        {
            return JsonSerializer.Deserialize(line, Default.PeerReport);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static PeerReport Finite(PeerReport report) => report with
    {
        Playback = report.Playback with
        {
            SyncErrorUs = Finite(report.Playback.SyncErrorUs),
            SyncUncertaintyUs = Finite(report.Playback.SyncUncertaintyUs),
            Volume = Finite(report.Playback.Volume) ?? 0,
        },
        Clock = report.Clock with { ErrorUs = Finite(report.Clock.ErrorUs), DriftPpm = Finite(report.Clock.DriftPpm) ?? 0 },
        Links = [.. report.Links.Select(link => link with
        {
            DownBytesPerSecond = Finite(link.DownBytesPerSecond) ?? 0,
            UpBytesPerSecond = Finite(link.UpBytesPerSecond) ?? 0,
        })],
    };

    private static double? Finite(double? value) => value is { } number && double.IsFinite(number) ? number : null;
}
