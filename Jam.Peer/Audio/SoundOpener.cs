using Jam.Peer.Session;

namespace Jam.Peer.Audio;

/// <summary>Opens what plays aloud.</summary>
internal interface ISoundOpener
{
    /// <summary>Whether the user asked for sound, and not just for the best that there is.</summary>
    bool Insists { get; }

    /// <summary>Tries once; may take a second or two.</summary>
    /// <returns>A running output, or null and why not.</returns>
    Task<(IAudioOutput? Output, string? Error)> OpenAsync(CancellationToken cancellationToken);
}

/// <summary>The sound server where there is one, else ALSA; on Windows NAudio; or the one that was asked for.</summary>
internal sealed class SoundOpener(OutputKind kind, string? device, TimeProvider time, Action<string>? trace = null) : ISoundOpener
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1.5);

    private bool _hadServer;

    public bool Insists => kind is OutputKind.Pulse or OutputKind.Alsa or OutputKind.NAudio;

    public async Task<(IAudioOutput? Output, string? Error)> OpenAsync(CancellationToken cancellationToken)
    {
        if (kind == OutputKind.Alsa)
            return AlsaOutput.Open(time, device);
#if USE_NAUDIO
        if (kind == OutputKind.NAudio || OperatingSystem.IsWindows())
            return NAudioOutput.Open(time, device);
#else
        if (kind == OutputKind.NAudio)
            return (null, "this build has no NAudio");
#endif
        var (pulse, noPulse) = await PulseOutput.OpenAsync(time, device, kind == OutputKind.Pulse, s_patience, trace, cancellationToken).ConfigureAwait(false);
        // A server that restarts must find its devices free: who had one waits for it.
        _hadServer |= pulse is not null;
        if (_hadServer || kind == OutputKind.Pulse)
            return (pulse, noPulse);
        var (alsa, noAlsa) = AlsaOutput.Open(time, device);
        return alsa is null ? (null, $"{noPulse}, and {noAlsa}") : (alsa, null);
    }
}
