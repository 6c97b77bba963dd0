using Jam.Peer.Audio;
using Jam.Peer.Audio.Microphone;

namespace Jam.Peer.Session;

/// <summary>A device that sound can go to.</summary>
/// <param name="System">PulseAudio or ALSA.</param>
/// <param name="Name">What <c>--device</c> takes.</param>
/// <param name="Description">For people.</param>
/// <param name="IsDefault">Whether it is taken where none is named.</param>
/// <param name="LatencyMs">How much later than it reports it sounds, as saved; null where nothing is.</param>
internal sealed record SoundDevice(string System, string Name, string Description, bool IsDefault, double? LatencyMs);

/// <summary>What there is, and what is missing.</summary>
internal sealed record SoundDeviceList(IReadOnlyList<SoundDevice> Devices, IReadOnlyList<string> Problems);

/// <summary>What to measure, with what.</summary>
/// <param name="Device">The sound device; null: the default one.</param>
/// <param name="Source">The microphone; null: the default one.</param>
/// <param name="Save">Whether to save the result for the device.</param>
internal sealed record MicrophoneRequest(string? Device, string? Source, bool Save);

/// <summary>How much later than it reports a device sounds.</summary>
/// <param name="Device">The device.</param>
/// <param name="Source">What listened.</param>
/// <param name="LatencyMs">Median over the sweeps that were heard, milliseconds.</param>
/// <param name="SpreadMs">How far the furthest of those lies from it.</param>
/// <param name="Heard">Sweeps that were heard clearly.</param>
/// <param name="Played">Sweeps that were played.</param>
/// <param name="IsSaved">Whether it was saved for the device.</param>
internal sealed record MicrophoneResult(
    string Device, string Source, double LatencyMs, double SpreadMs, int Heard, int Played, bool IsSaved);

/// <summary>What can be done with a machine's sound devices outside of a session.</summary>
internal static class SoundTools
{
    /// <summary>Which devices there are.</summary>
    public static Task<SoundDeviceList> ListAsync(TimeProvider time, CancellationToken cancellationToken) =>
        SoundDevices.ReadAsync(time, cancellationToken);

    /// <summary>How much later than it reports a device sounds, by a microphone.</summary>
    /// <exception cref="JamException">It cannot be measured; the line says why.</exception>
    public static Task<MicrophoneResult> MeasureAsync(MicrophoneRequest request, TimeProvider time, CancellationToken cancellationToken) =>
        MicrophoneTest.RunAsync(request, time, cancellationToken);
}
