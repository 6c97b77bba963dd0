using System.Runtime.InteropServices;

namespace Jam.Peer.Audio;

/// <summary>Plays through PulseAudio, or PipeWire in its place.</summary>
internal sealed class PulseOutput : IAudioOutput
{
    private readonly PulseStream _stream;

    private PulseOutput(PulseStream stream) => _stream = stream;

    public string Name => $"PulseAudio, {_stream.DeviceName}";

    public bool IsAudible => true;

    public string? DeviceId => _stream.DeviceName;

    public int SampleRate => _stream.SampleRate;

    public int Underruns => _stream.Underruns;

    public Task<string> Lost => _stream.Lost;

    /// <summary>Connects to the user's sound server.</summary>
    /// <param name="time">The local clock.</param>
    /// <param name="device">Name of a sink; null: the default one.</param>
    /// <param name="mayStartServer">Whether a server may be started where the system is set up for that.</param>
    /// <param name="timeout">How long to wait.</param>
    /// <param name="trace">Takes a line for every reading of its timing; null: nobody asks.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The running output, or null and why not.</returns>
    public static async Task<(PulseOutput? Output, string? Error)> OpenAsync(
        TimeProvider time, string? device, bool mayStartServer, TimeSpan timeout, Action<string>? trace, CancellationToken cancellationToken)
    {
        if (!NativeLibrary.TryLoad(PulseNative.Library, out _))
            return (null, "libpulse0 is missing (apt-get install libpulse0)");
        var stream = new PulseStream(time, device, trace);
        var opened = false;
        try
        {
            stream.Connect(mayStartServer);
            var error = await stream.Opened.WaitAsync(timeout, time, cancellationToken).ConfigureAwait(false);
            opened = error is null;
            return opened ? (new PulseOutput(stream), null) : (null, error);
        }
        catch (TimeoutException)
        {
            return (null, "the sound server does not answer");
        }
        finally
        {
            if (!opened)
                stream.Dispose();
        }
    }

    public void Start(IFrameRenderer renderer) => _stream.Renderer = renderer;

    public void Refresh() => _stream.Refresh();

    public ValueTask DisposeAsync()
    {
        _stream.Dispose();
        return ValueTask.CompletedTask;
    }
}
