using System.Runtime.InteropServices;

namespace Jam.Peer.Audio;

/// <summary>A device that sound can go to.</summary>
/// <param name="System">PulseAudio or ALSA.</param>
/// <param name="Name">What <c>--device</c> takes.</param>
/// <param name="Description">For people.</param>
/// <param name="IsDefault">Whether it is taken where none is named.</param>
/// <param name="LatencyMs">How much later than it reports it sounds, as saved; null where nothing is.</param>
internal sealed record SoundDevice(string System, string Name, string Description, bool IsDefault, double? LatencyMs);

/// <summary>What there is, and what is missing.</summary>
internal sealed record SoundDeviceList(IReadOnlyList<SoundDevice> Devices, IReadOnlyList<string> Problems)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    /// <summary>Looks at this machine.</summary>
    public static async Task<SoundDeviceList> ReadAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        var problems = new List<string>();
        var latencies = new LatencyStore(null, problems.Add);
        var devices = new List<SoundDevice>();
        var (sinks, error) = await PulseQuery.SinksAsync(time, s_patience, cancellationToken).ConfigureAwait(false);
        foreach (var (name, description, isDefault) in sinks)
            devices.Add(new SoundDevice("PulseAudio", name, description, isDefault, latencies.Find(name)));
        if (error is not null)
            problems.Add($"PulseAudio: {error}");
        if (NativeLibrary.TryLoad(AlsaNative.Library, out _))
            devices.AddRange(AlsaDevices(latencies));
        else
            problems.Add("ALSA: libasound2 is missing (apt-get install libasound2)");
        return new SoundDeviceList(devices, problems);
    }

    private static unsafe List<SoundDevice> AlsaDevices(LatencyStore latencies)
    {
        var devices = new List<SoundDevice>();
        AlsaOutput.Hush();
        if (AlsaNative.Hints(-1, "pcm", out var hints) < 0)
            return devices;
        for (var hint = hints; *hint != 0; hint++)
        {
            var (name, description, direction) = (Take(*hint, "NAME"), Take(*hint, "DESC"), Take(*hint, "IOID"));
            if (name is not null && direction is null or "Output")
                devices.Add(new SoundDevice("ALSA", name, (description ?? "").Replace('\n', ','), name == "default", latencies.Find($"alsa:{name}")));
        }
        _ = AlsaNative.HintsFree(hints);
        return devices;
    }

    /// <summary>The text is ours to free.</summary>
    private static unsafe string? Take(nint hint, string id)
    {
        var text = AlsaNative.Hint(hint, id);
        if (text == 0)
            return null;
        var result = Marshal.PtrToStringUTF8(text);
        NativeMemory.Free((void*)text);
        return result;
    }
}
