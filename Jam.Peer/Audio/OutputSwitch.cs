using Jam.Peer.Clock;
using Jam.Peer.Playback;
using Jam.Peer.Session;
using Jam.Server.Contracts;

namespace Jam.Peer.Audio;

/// <summary>
/// Keeps an output running: the wanted one, or silence on a real-time clock where that is missing or lost, until it is back. Each output
/// has an engine of its own; timeline, tracks, volume and latency are handed to whichever plays.
/// </summary>
internal sealed class OutputSwitch : IAsyncDisposable
{
    private static readonly TimeSpan s_retryEvery = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_lookEvery = TimeSpan.FromSeconds(1);

    private readonly PlayerOptions _options;
    private readonly ISoundOpener _opener;
    private readonly LatencyStore _latencies;
    private readonly TimeProvider _time;
    private readonly Func<RoomClockSnapshot> _clock;
    private readonly Action<string> _notice;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private Task _loop = Task.CompletedTask;
    private RunningOutput? _running;
    private TimelinePair? _timeline;
    private RoomScore? _score;
    private PlayoutTrack? _track;
    private PlayoutTrack? _previousTrack;
    private double _volume;
    private ClickPattern? _clicks;
    private int _pastUnderruns;

    private OutputSwitch(
        PlayerOptions options, ISoundOpener opener, TimeProvider time, Func<RoomClockSnapshot> clock, Action<string> notice)
    {
        (_options, _opener, _time, _clock, _notice) = (options, opener, time, clock, notice);
        _latencies = new LatencyStore(options.ConfigFolder, notice);
        _volume = double.IsNaN(options.Volume) ? 0 : Math.Clamp(options.Volume, 0, 1);
    }

    /// <summary>How soon a change can be heard; 0 before an output runs.</summary>
    public long LeadUs => Volatile.Read(ref _running) is { } running ? Math.Max(0, (long)running.Engine.Status.LeadUs) : 0;

    public double Volume
    {
        get => Volatile.Read(ref _volume);
        set
        {
            lock (_gate)
            {
                _volume = double.IsNaN(value) ? 0 : Math.Clamp(value, 0, 1);
                Change(engine => engine.Volume = _volume);
            }
        }
    }

    /// <exception cref="JamException">The file of a WAV output cannot be written.</exception>
    public static OutputSwitch Start(
        PlayerOptions options, TimeProvider time, Func<RoomClockSnapshot> clock, Action<string> notice, ISoundOpener? opener = null)
    {
        var result = new OutputSwitch(options, opener ?? new SoundOpener(options.Output, options.Device, time, options.Trace), time, clock, notice);
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
            Change(engine => engine.SetTimeline(timeline));
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
            Change(engine => engine.SetTracks(_track, _previousTrack));
        }
    }

    /// <summary>More of the track is decoded: where it was missing, what is queued without it can be mended.</summary>
    public void OnDecoded()
    {
        lock (_gate)
        {
            if (_running is { Engine.IsStarved: true } running)
                running.Output.Refresh();
        }
    }

    /// <summary>The device in use sounds so much later than it reports; to save it for that device is one's choice.</summary>
    /// <returns>What was done, for people.</returns>
    /// <exception cref="JamException">It cannot be saved; it holds all the same.</exception>
    public string SetLatency(double ms, bool save)
    {
        string? device;
        lock (_gate)
        {
            device = _running?.DeviceId;
            if (_running is not null)
                _running.LatencyMs = ms;
            Change(engine => engine.LatencyUs = ms * 1000);
        }
        return _latencies.Keep(device, ms, save);
    }

    /// <summary>The pattern that is clicked in the place of the music; null: none.</summary>
    public ClickPattern? Clicks
    {
        get => Volatile.Read(ref _clicks);
        set
        {
            lock (_gate)
            {
                Volatile.Write(ref _clicks, value);
                Change(engine => engine.Clicks = value);
            }
        }
    }

    public OutputReport Report()
    {
        lock (_gate)
        {
            if (_running is not { } running)
                return new OutputReport("opening", false, _pastUnderruns, PlayoutStatus.Silent, 0);
            return new OutputReport(
                running.Output.Name, running.Output.IsAudible, _pastUnderruns + running.Underruns, running.Engine.Status, running.LatencyMs);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(false);
        RunningOutput? last;
        lock (_gate)
        {
            // Who still changes something finds nothing to tell it.
            last = _running;
            Volatile.Write(ref _running, null);
        }
        if (last is not null)
            await last.Output.DisposeAsync().ConfigureAwait(false);
        _stop.Dispose();
    }

    private void Change(Action<PlayoutEngine> change)
    {
        if (_running is not { } running)
            return;
        change(running.Engine);
        running.Output.Refresh();
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
        var (output, error) = await _opener.OpenAsync(_stop.Token).ConfigureAwait(false);
        Use(output ?? new NullOutput(_time));
        if (output is null)
        {
            _notice(_opener.Insists ? $"no sound: {error}; silent until it is there" : $"no sound device: {error}; playing silently, in time");
        }
        else
        {
            _notice($"sound: {output.Name}");
        }
    }

    private async Task WatchAsync()
    {
        var gaveUp = false;
        var isWanted = _options.Output is not (OutputKind.Wav or OutputKind.Null);
        var retryAt = isWanted && _opener.Insists && !_running!.Output.IsAudible ? NextTry() : long.MaxValue;
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
                retryAt = await TryAgainAsync().ConfigureAwait(false) ? long.MaxValue : NextTry();
            }
            FollowDevice();
            gaveUp = WatchSnaps(gaveUp);
        }
    }

    private async Task<bool> TryAgainAsync()
    {
        var (output, _) = await _opener.OpenAsync(_stop.Token).ConfigureAwait(false);
        if (output is null)
            return false;
        await SwapAsync(output).ConfigureAwait(false);
        _notice($"sound: {output.Name}");
        return true;
    }

    /// <summary>A sound server may move what plays to another device, which has a latency of its own.</summary>
    private void FollowDevice()
    {
        lock (_gate)
        {
            if (_running is not { } running || running.Output.DeviceId == running.DeviceId)
                return;
            running.DeviceId = running.Output.DeviceId;
            running.LatencyMs = LatencyFor(running.DeviceId);
            Change(engine => engine.LatencyUs = running.LatencyMs * 1000);
            _notice($"sound: {running.Output.Name}");
        }
    }

    private double LatencyFor(string? device) => _options.LatencyMs ?? _latencies.Find(device) ?? 0;

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
            var latencyMs = LatencyFor(output.DeviceId);
            var engine = new PlayoutEngine(output.SampleRate, latencyMs * 1000, _volume, _options.Channel);
            engine.SetTimeline(_timeline);
            engine.Score = _score;
            engine.SetTracks(_track, _previousTrack);
            engine.Clicks = _clicks;
            Volatile.Write(ref _running, new RunningOutput(output, engine) { DeviceId = output.DeviceId, LatencyMs = latencyMs });
            output.Start(new EngineRenderer(engine, _clock, _options.Trace));
        }
    }
}
