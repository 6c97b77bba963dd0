using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Jam.Peer.Playback;
using Jam.Peer.Session;
using Jam.Server.Contracts;
using NAudio.CoreAudioApi;
using NAudio.Wave;
using NAudio.Wave.Alsa;
using Role = NAudio.CoreAudioApi.Role;

namespace Jam.Peer.Audio;

/// <summary>
/// Plays through NAudio, whose own thread asks for what it writes next: WASAPI on Windows, timed by the device's position; ALSA on Linux,
/// timed by what is queued. What is queued, a tenth of a second at most, cannot be taken back.
/// </summary>
internal sealed class NAudioOutput : IAudioOutput
{
    private const int Rate = 48_000;

    /// <summary>What WASAPI queues. It is also how soon a change can be heard, so it is as little as a busy machine bears.</summary>
    private const int QueueMs = 100;

    private readonly TimeProvider _time;
    private readonly IWavePlayer _player;
    private readonly WriteClock _clock = new(Rate);
    private readonly TaskCompletionSource<string> _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IFrameRenderer? _renderer;
    private long _written;
    private double _emptyUs = double.MaxValue;
    private int _underruns;
    private volatile bool _isClosing;

    /// <summary>Takes a player over and starts it.</summary>
    internal NAudioOutput(TimeProvider time, IWavePlayer player, string name, string deviceId)
    {
        (_time, _player, Name, DeviceId) = (time, player, name, deviceId);
        player.PlaybackStopped += (_, stopped) => OnStopped(stopped.Exception);
        player.Init(new Source(this));
        player.Play();
    }

    public string Name { get; }

    public bool IsAudible => true;

    public string? DeviceId { get; }

    public int SampleRate => Rate;

    public int Underruns => Volatile.Read(ref _underruns);

    public Task<string> Lost => _lost.Task;

    /// <summary>Opens a device.</summary>
    /// <param name="time">The local clock.</param>
    /// <param name="device">Its name, as <c>--list-devices</c> shows it; null: the default one.</param>
    /// <returns>The running output, or null and why not.</returns>
    public static (IAudioOutput? Output, string? Error) Open(TimeProvider time, string? device)
    {
        IWavePlayer? player = null;
        try
        {
            (player, var name, var id) = OperatingSystem.IsWindows() ? Wasapi(device)
                : OperatingSystem.IsLinux() ? Alsa(device)
                : throw new PlatformNotSupportedException("it plays on Windows and Linux alone");
            return (new NAudioOutput(time, player, name, id), null);
        }
#pragma warning disable CA1031 // A sound system says in many ways that it cannot; whichever it is, it is one line.
        catch (Exception e)
        {
            player?.Dispose();
            return (null, $"NAudio cannot open {device ?? "the default device"} ({e.Message.ReplaceLineEndings(" ").TrimEnd('.')})");
        }
#pragma warning restore CA1031
    }

    /// <summary>The devices that can be named.</summary>
    [SupportedOSPlatform("windows")]
    public static IReadOnlyList<SoundDevice> Devices(LatencyStore latencies)
    {
        using var all = new MMDeviceEnumerator();
        var first = all.TryGetDefaultAudioEndpoint(DataFlow.Render, Role.Console, out var standard) ? standard.ID : null;
        return [.. all.EnumerateAudioEndPoints(DataFlow.Render, DeviceState.Active).Select(device =>
            new SoundDevice("WASAPI", device.FriendlyName, device.ID, device.ID == first, latencies.Find(IdOf(device))))];
    }

    public void Start(IFrameRenderer renderer) => Volatile.Write(ref _renderer, renderer);

    public void Refresh()
    {
        // What is queued cannot be taken back; what comes next is rendered when it is asked for.
    }

    public async ValueTask DisposeAsync()
    {
        _isClosing = true;
        // It waits for its thread.
        await Task.Run(_player.Dispose).ConfigureAwait(false);
    }

    [SupportedOSPlatform("windows")]
    private static (IWavePlayer Player, string Name, string DeviceId) Wasapi(string? device)
    {
        using var all = new MMDeviceEnumerator();
        var endpoint = device is null
            ? all.GetDefaultAudioEndpoint(DataFlow.Render, Role.Console)
            : all.EnumerateAudioEndPoints(DataFlow.Render, DeviceState.Active).FirstOrDefault(one => one.FriendlyName == device || one.ID == device)
                ?? throw new IOException("there is no such device");
        var player = new WasapiPlayerBuilder().WithDevice(endpoint).WithSharedMode().WithEventSync().WithLatency(QueueMs)
            .WithMmcssThreadPriority().Build();
        return (player, $"NAudio, {endpoint.FriendlyName}", IdOf(endpoint));
    }

    [SupportedOSPlatform("windows")]
    private static string IdOf(MMDevice device) => $"wasapi:{device.ID}";

    [SupportedOSPlatform("linux")]
    private static (IWavePlayer Player, string Name, string DeviceId) Alsa(string? device)
    {
        AlsaOutput.Hush();
        var name = AlsaOutput.NameOf(device);
        return (new AlsaOut(name), $"NAudio, {name}", $"alsa:{name}");
    }

    private void OnStopped(Exception? exception)
    {
        if (!_isClosing)
            _lost.TrySetResult($"NAudio says: {exception?.Message ?? "it has stopped"}");
    }

    /// <summary>On NAudio's thread.</summary>
    private int Fill(Span<float> stereo)
    {
        var nowUs = _time.NowUs();
        var frames = stereo.Length / 2;
        var queuedUs = ReadTiming(nowUs);
        if (Volatile.Read(ref _renderer) is { } renderer)
            renderer.Render(stereo, _written, nowUs, _clock);
        else
            stereo.Clear();
        _written += frames;
        _emptyUs = queuedUs is { } queued ? nowUs + queued + frames * 1e6 / Rate : double.MaxValue;
        return 2 * frames;
    }

    /// <summary>Asks what is queued. Whoever asks for more only when all of that must have sounded has run dry.</summary>
    /// <returns>Microseconds until what is written next is heard; null where that cannot be told.</returns>
    private double? ReadTiming(long nowUs)
    {
        if (nowUs > _emptyUs)
        {
            Interlocked.Increment(ref _underruns);
            _clock.OnUnderrun();
        }

        switch (_player)
        {
            case IWavePosition position:
                var sounding = position.GetPosition() / position.OutputWaveFormat.BlockAlign;
                // Before it runs it says anything; and where all has sounded, it guesses on.
                if (sounding <= 0 || sounding >= _written)
                    return null;
                _clock.Add(sounding, nowUs, nowUs);
                return (_written - sounding) * 1e6 / Rate;
            case IWaveLatency latency:
                var queuedUs = latency.CurrentLatency.TotalMicroseconds;
                if (queuedUs <= 0 || _written == 0)
                    return null;
                _clock.Add(_written, nowUs + queuedUs, nowUs);
                return queuedUs;
            default:
                return null;
        }
    }

    private sealed class Source(NAudioOutput output) : IWaveProvider
    {
        public WaveFormat WaveFormat { get; } = WaveFormat.CreateIeeeFloatWaveFormat(Rate, 2);

        public int Read(Span<byte> buffer) => sizeof(float) * output.Fill(MemoryMarshal.Cast<byte, float>(buffer));
    }
}
