using Jam.Peer.Clock;
using Jam.Peer.Playback;
using Jam.Peer.Session;
using Jam.Server.Contracts;

namespace Jam.Peer.Audio;

/// <summary>What plays at the moment, and where.</summary>
internal readonly record struct OutputReport(string Name, bool IsAudible, int Underruns, PlayoutStatus Status);

/// <summary>
/// Keeps an output running: the wanted one, or silence on a real-time clock where that is missing or lost, until it is back. Each output
/// has an engine of its own; timeline, tracks and volume are handed to whichever plays.
/// </summary>
internal sealed class OutputSwitch : IAsyncDisposable
{
    private static readonly TimeSpan s_firstTry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_laterTry = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_retryEvery = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan s_lookEvery = TimeSpan.FromSeconds(1);

    private readonly PlayerOptions _options;
    private readonly TimeProvider _time;
    private readonly Func<RoomClockSnapshot> _clock;
    private readonly Action<string> _notice;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private Task _loop = Task.CompletedTask;
    private Running? _running;
    private TimelinePair? _timeline;
    private RoomScore? _score;
    private PlayoutTrack? _track;
    private PlayoutTrack? _previousTrack;
    private double _volume;
    private int _pastUnderruns;

    private OutputSwitch(PlayerOptions options, TimeProvider time, Func<RoomClockSnapshot> clock, Action<string> notice)
    {
        (_options, _time, _clock, _notice) = (options, time, clock, notice);
        _volume = double.IsNaN(options.Volume) ? 0 : Math.Clamp(options.Volume, 0, 1);
    }

    /// <summary>From writing a sample to hearing it; 0 before an output runs.</summary>
    public long LeadUs => Volatile.Read(ref _running) is { } running ? Math.Max(0, (long)running.Engine.Status.LeadUs) : 0;

    public double Volume
    {
        get => Volatile.Read(ref _volume);
        set
        {
            lock (_gate)
            {
                _volume = double.IsNaN(value) ? 0 : Math.Clamp(value, 0, 1);
                if (_running is not null)
                    _running.Engine.Volume = _volume;
            }
        }
    }

    /// <exception cref="JamException">The file of a WAV output cannot be written.</exception>
    public static OutputSwitch Start(PlayerOptions options, TimeProvider time, Func<RoomClockSnapshot> clock, Action<string> notice)
    {
        var result = new OutputSwitch(options, time, clock, notice);
        if (options.Output == OutputKind.Wav)
            result.Use(WavOutput.Open(time, options.WavPath ?? throw new JamException("--output wav needs a path: wav:PATH")));
        else if (options.Output == OutputKind.Null)
            result.Use(new NullOutput(time));
        result._loop = Task.Run(result.RunAsync);
        return result;
    }

    public void SetTimeline(TimelinePair? timeline)
    {
        lock (_gate)
        {
            _timeline = timeline;
            _running?.Engine.SetTimeline(timeline);
        }
    }

    public void SetScore(RoomScore? score)
    {
        lock (_gate)
        {
            _score = score;
            if (_running is not null)
                _running.Engine.Score = score;
        }
    }

    public void SetTrack(PlayoutTrack? track)
    {
        lock (_gate)
        {
            _previousTrack = _track ?? _previousTrack;
            _track = track;
            _running?.Engine.SetTracks(_track, _previousTrack);
        }
    }

    public OutputReport Report()
    {
        lock (_gate)
        {
            if (_running is not { } running)
                return new OutputReport("opening", false, _pastUnderruns, PlayoutStatus.Silent);
            return new OutputReport(
                running.Output.Name, running.Output.IsAudible, _pastUnderruns + running.Underruns, running.Engine.Status);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(false);
        if (_running is not null)
            await _running.Output.DisposeAsync().ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            if (_running is null)
                await OpenFirstAsync().ConfigureAwait(false);
            await WatchAsync().ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Disposed.
        }
#pragma warning disable CA1031 // The root of the loop: a sound system that misbehaves must not end the peer.
        catch (Exception e)
        {
            _notice($"sound failed: {e.Message}; playing silently");
            if (_running is null)
                Use(new NullOutput(_time));
        }
#pragma warning restore CA1031
    }

    private async Task OpenFirstAsync()
    {
        var (output, error) = await PulseOutput.OpenAsync(
            _time, _options.Device, _options.Output == OutputKind.Pulse, s_firstTry, _stop.Token).ConfigureAwait(false);
        if (output is null)
        {
            _notice(_options.Output == OutputKind.Pulse
                ? $"no sound: {error}; silent until it is there"
                : $"no sound device: {error}; playing silently, in time");
        }
        else
        {
            _notice($"sound: {output.Name}");
        }
        Use(output is null ? new NullOutput(_time) : output);
    }

    private async Task WatchAsync()
    {
        var gaveUp = false;
        var retryAt = _options.Output == OutputKind.Pulse && !_running!.Output.IsAudible ? NextTry() : long.MaxValue;
        while (true)
        {
            var lost = _running!.Output.Lost;
            await Task.WhenAny(lost, Task.Delay(s_lookEvery, _time, _stop.Token)).ConfigureAwait(false);
            _stop.Token.ThrowIfCancellationRequested();
            if (lost.IsCompleted)
            {
                var wasAudible = _running.Output.IsAudible;
                _notice($"sound lost: {await lost.ConfigureAwait(false)}; {(wasAudible ? "silent until it is back" : "playing silently")}");
                await SwapAsync(new NullOutput(_time)).ConfigureAwait(false);
                retryAt = wasAudible ? NextTry() : long.MaxValue;
            }
            else if (_time.NowUs() >= retryAt)
            {
                retryAt = await TryPulseAsync().ConfigureAwait(false) ? long.MaxValue : NextTry();
            }
            gaveUp = WatchSnaps(gaveUp);
        }
    }

    private async Task<bool> TryPulseAsync()
    {
        var (output, _) = await PulseOutput.OpenAsync(
            _time, _options.Device, _options.Output == OutputKind.Pulse, s_laterTry, _stop.Token).ConfigureAwait(false);
        if (output is null)
            return false;
        await SwapAsync(output).ConfigureAwait(false);
        _notice($"sound: {output.Name}");
        return true;
    }

    private bool WatchSnaps(bool gaveUp)
    {
        var now = _running!.Engine.Status.HasGivenUpSnapping;
        if (now && !gaveUp)
            _notice("the clock or the sound device's latency is unsteady: corrections by jumping are off until it calms down");
        return now;
    }

    private long NextTry() => _time.NowUs() + (long)s_retryEvery.TotalMicroseconds;

    private async Task SwapAsync(IAudioOutput output)
    {
        var old = _running!;
        Use(output);
        await old.Output.DisposeAsync().ConfigureAwait(false);
        lock (_gate)
            _pastUnderruns += old.Underruns;
    }

    private void Use(IAudioOutput output)
    {
        lock (_gate)
        {
            var engine = new PlayoutEngine(output.SampleRate, _options.LatencyMs * 1000, _volume, _options.Channel);
            engine.SetTimeline(_timeline);
            engine.Score = _score;
            engine.SetTracks(_track, _previousTrack);
            Volatile.Write(ref _running, new Running(output, engine));
            output.Start(new Renderer(engine, _clock));
        }
    }

    private sealed class Running(IAudioOutput output, PlayoutEngine engine)
    {
        public IAudioOutput Output => output;

        public PlayoutEngine Engine => engine;

        /// <summary>Times that the device ran dry, and times that the decoder did.</summary>
        public int Underruns => output.Underruns + engine.Status.Underruns;
    }

    private sealed class Renderer(PlayoutEngine engine, Func<RoomClockSnapshot> room) : IFrameRenderer
    {
        public void Render(Span<float> output, long firstFrame, long nowUs, IOutputClock clock) =>
            engine.Render(output, firstFrame, nowUs, clock, room());
    }
}
