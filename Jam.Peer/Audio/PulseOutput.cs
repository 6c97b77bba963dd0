namespace Jam.Peer.Audio;

internal sealed class PulseOutput : IAudioOutput
{
    public string Name => "PulseAudio";

    public bool IsAudible => true;

    public int SampleRate => 48000;

    public int Underruns => 0;

    public Task<string> Lost => Task.FromResult("");

    public static Task<(PulseOutput? Output, string? Error)> OpenAsync(
        TimeProvider time, string? device, bool mayStartServer, TimeSpan timeout, CancellationToken cancellationToken) =>
        Task.FromResult<(PulseOutput?, string?)>((null, "no sound server answers"));

    public void Start(IFrameRenderer renderer)
    {
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
