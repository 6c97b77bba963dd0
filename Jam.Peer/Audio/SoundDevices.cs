using System.Runtime.InteropServices;
using Jam.Peer.Session;

namespace Jam.Peer.Audio;

/// <summary>Finds the sound devices of this machine.</summary>
internal static class SoundDevices
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
#if USE_NAUDIO
        if (OperatingSystem.IsWindows())
            devices.AddRange(NAudioOutput.Devices(latencies));
#endif
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
