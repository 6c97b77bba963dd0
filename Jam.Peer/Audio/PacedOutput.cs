using Jam.Peer.Playback;
using Jam.Server.Contracts;

namespace Jam.Peer.Audio;

/// <summary>
/// An output that is its own clock: frame n is heard at <see cref="StartUs"/> + n / rate by definition, and is rendered
/// <see cref="LeadUs"/> before that by an absolute schedule, so that no timer's lateness adds up. Runs on a thread of its own.
/// </summary>
internal abstract class PacedOutput : IAudioOutput
{
    /// <summary>Rate of outputs without a device.</summary>
    public const int Rate = 48_000;

    /// <summary>From rendering a frame to the instant at which it counts as heard.</summary>
    public const long LeadUs = 40_000;

    // Twenty milliseconds: most of what a silent output costs is waking up for a block.
    private const int BlockFrames = Rate / 50;
    private const int IdleMs = 200;

    private readonly TimeProvider _time;
    private readonly Thread _thread;
    private readonly AutoResetEvent _wake = new(false);
    private volatile bool _isStopped;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<string> _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ExactOutputClock _clock;
    private IFrameRenderer? _renderer;

    protected PacedOutput(TimeProvider time, string threadName)
    {
        _time = time;
        StartUs = time.NowUs() + LeadUs;
        _clock = new ExactOutputClock(Rate, StartUs);
        _thread = new Thread(Run) { IsBackground = true, Name = threadName, Priority = ThreadPriority.AboveNormal };
    }

    public abstract string Name { get; }

    public bool IsAudible => false;

    public string? DeviceId => null;

    public int SampleRate => Rate;

    public int Underruns => 0;

    public Task<string> Lost => _lost.Task;

    /// <summary>Local monotonic microseconds at which frame 0 is heard.</summary>
    public long StartUs { get; }

    public void Start(IFrameRenderer renderer) => Volatile.Write(ref _renderer, renderer);

    public void Refresh() => _wake.Set();

    public async ValueTask DisposeAsync()
    {
        _isStopped = true;
        _wake.Set();
        await _ended.Task.ConfigureAwait(false);
        _wake.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>To be called last by the constructor of whoever inherits.</summary>
    protected void Begin() => _thread.Start();

    /// <summary>Takes one block. On the output's thread.</summary>
    /// <exception cref="IOException">The output is lost.</exception>
    protected abstract void Write(ReadOnlySpan<float> stereo);

    /// <summary>Closes what was written to. On the output's thread.</summary>
    protected abstract void Close();

    private void Run()
    {
        try
        {
            Pace();
            Close();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _lost.TrySetResult(e.Message);
        }
        finally
        {
            _ended.TrySetResult();
        }
    }

    // In whole milliseconds, as waits are counted; what one is early or late by is corrected by the next one.
    private int DueInMs(long frame) => (int)(((long)_clock.HeardAtUs(frame) - LeadUs - _time.NowUs() + 999) / 1000);

    private void Pace()
    {
        var block = new float[2 * BlockFrames];
        for (var frame = 0L; ; frame += BlockFrames)
        {
            var renderer = Volatile.Read(ref _renderer);
            // Nobody hears it: while nothing plays, what is due is rendered some hundred milliseconds at a time.
            if (renderer?.IsIdle == true && DueInMs(frame) > 0)
                _wake.WaitOne(IdleMs);
            while (!_isStopped && DueInMs(frame) is > 0 and var waitMs)
                _wake.WaitOne(waitMs);
            if (_isStopped)
                return;
            renderer?.Render(block, frame, _time.NowUs(), _clock);
            Write(block);
        }
    }
}

/// <summary>Silence, in real time.</summary>
internal sealed class NullOutput : PacedOutput
{
    public NullOutput(TimeProvider time)
        : base(time, "null output") => Begin();

    public override string Name => "no sound device (silent)";

    protected override void Write(ReadOnlySpan<float> stereo)
    {
    }

    protected override void Close()
    {
    }
}
