using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Jam.Peer.Playback;
using Jam.Server.Contracts;

namespace Jam.Peer.Audio;

/// <summary>
/// Plays through ALSA: the fallback for machines without a sound server. A thread fills the queue every 20 ms, and takes back and
/// renders again what no longer holds, where the device can do that.
/// </summary>
internal sealed class AlsaOutput : IAudioOutput
{
    /// <summary>What is heard within this time is not taken back.</summary>
    private const double SafetyUs = 40_000;

    private const int BlockFrames = 4096;
    private static readonly TimeSpan s_fillEvery = TimeSpan.FromMilliseconds(20);

    private readonly TimeProvider _time;
    private readonly AlsaStream _stream;
    private readonly WriteClock _clock;
    private readonly float[] _block = new float[2 * BlockFrames];
    private readonly AutoResetEvent _wake = new(false);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<string> _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IFrameRenderer? _renderer;
    private int _underruns;
    private volatile bool _stopped;

    private AlsaOutput(TimeProvider time, AlsaStream stream, string device)
    {
        (_time, _stream, DeviceId) = (time, stream, $"alsa:{device}");
        _clock = new WriteClock(stream.SampleRate);
        new Thread(Run) { IsBackground = true, Name = "alsa output", Priority = ThreadPriority.Highest }.Start();
    }

    public string Name => $"ALSA, {DeviceId![5..]}";

    public bool IsAudible => true;

    public string? DeviceId { get; }

    public int SampleRate => _stream.SampleRate;

    public int Underruns => Volatile.Read(ref _underruns);

    public Task<string> Lost => _lost.Task;

    /// <summary>Opens a device.</summary>
    /// <param name="time">The local clock.</param>
    /// <param name="device">A PCM's name; null: ALSA's default.</param>
    /// <returns>The running output, or null and why not.</returns>
    public static (IAudioOutput? Output, string? Error) Open(TimeProvider time, string? device)
    {
        if (!NativeLibrary.TryLoad(AlsaNative.Library, out _))
            return (null, "libasound2 is missing (apt-get install libasound2)");
        Hush();
        var name = NameOf(device);
        return AlsaStream.Open(time, name, out var error) is { } stream ? (new AlsaOutput(time, stream, name), null) : (null, error);
    }

    /// <summary>The PCM that is meant by a name, or by none.</summary>
    internal static string NameOf(string? device) => device switch
    {
        null => "default",
        // The bare device takes its own formats only.
        _ when device.StartsWith("hw:", StringComparison.Ordinal) => "plug" + device,
        _ => device,
    };

    public void Start(IFrameRenderer renderer) => Volatile.Write(ref _renderer, renderer);

    public void Refresh() => _wake.Set();

    public async ValueTask DisposeAsync()
    {
        _stopped = true;
        _wake.Set();
        await _ended.Task.ConfigureAwait(false);
        _wake.Dispose();
    }

    /// <summary>The library writes to standard error otherwise, where the screen is.</summary>
    internal static unsafe void Hush() => _ = AlsaNative.SetErrorHandler(&Ignore);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static unsafe void Ignore(byte* file, int line, byte* function, int error, byte* format)
    {
    }

    private void Run()
    {
        try
        {
            while (!_stopped)
            {
                _stream.ReadTiming(_clock);
                Rewrite();
                Fill();
                Volatile.Write(ref _underruns, _stream.Underruns);
                _wake.WaitOne(s_fillEvery);
            }
        }
        catch (IOException e)
        {
            _lost.TrySetResult($"ALSA says: {e.Message}");
        }
#pragma warning disable CA1031 // The root of the audio thread.
        catch (Exception e)
        {
            _lost.TrySetResult(e.Message);
        }
#pragma warning restore CA1031
        finally
        {
            _stream.Dispose();
            _ended.TrySetResult();
        }
    }

    private void Fill()
    {
        for (var space = _stream.Space(_clock); space > 0;)
        {
            var frames = Math.Min(space, BlockFrames);
            Render(_stream.Written, frames);
            if (!WriteBlock(0, frames))
                return;
            space -= frames;
        }
    }

    private void Rewrite()
    {
        if (Volatile.Read(ref _renderer) is not { } renderer || !_clock.IsLocked)
            return;
        var nowUs = _time.NowUs();
        var end = _stream.Written;
        var early = end - (long)Math.Floor((_clock.HeardAtUs(end) - nowUs - SafetyUs) / _clock.PeriodUs);
        early = Math.Max(early, end - _stream.Rewindable());
        var from = renderer.Rewind(Math.Min(early, end), nowUs, _clock);
        if (from < 0)
            return;
        // The device may have come nearer meanwhile; what cannot be taken back is rendered all the same, for the engine's sake.
        var keep = _stream.TakeBack(end - from);
        for (var at = from; at < end;)
        {
            var frames = (int)Math.Min(end - at, BlockFrames);
            Render(at, frames);
            var skip = (int)Math.Clamp(end - keep - at, 0, frames);
            if (skip < frames && !WriteBlock(skip, frames - skip))
                return;
            at += frames;
        }
    }

    private void Render(long first, int frames)
    {
        var block = _block.AsSpan(0, 2 * frames);
        if (Volatile.Read(ref _renderer) is { } renderer)
            renderer.Render(block, first, _time.NowUs(), _clock);
        else
            block.Clear();
    }

    /// <summary>
    /// What a device that ran dry did not take is given to it again, so that no frame is asked for twice. False where it takes nothing:
    /// what was rendered is lost, and the next block stands where this one should have.
    /// </summary>
    private bool WriteBlock(int skip, int frames)
    {
        var (ranDry, again) = (_stream.Underruns, true);
        while (frames > 0)
        {
            var written = _stream.Write(_block.AsSpan(2 * skip, 2 * frames), _clock);
            if (written == 0)
            {
                if (!again || _stream.Underruns == ranDry)
                    return false;
                again = false;
            }
            (skip, frames) = (skip + written, frames - written);
        }
        return true;
    }
}
