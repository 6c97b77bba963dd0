using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Jam.Peer.Playback;
using Jam.Peer.Session;

namespace Jam.Peer.Audio.Microphone;

/// <summary>Records from the sound server, and knows when each frame was captured, as <see cref="PulseStream"/> knows when one is heard.</summary>
internal sealed class PulseCapture : IDisposable
{
    private const int AssumedRate = 48_000;
    private const int KeptS = 15;
    private const ulong TimingUs = 50_000;
    private const uint Unspecified = uint.MaxValue;

    private readonly TimeProvider _time;
    private readonly string? _source;
    private readonly TaskCompletionSource<string?> _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<string> _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private float[] _frames = [];
    private long _count;
    private WriteClock _clock = new(AssumedRate);
    private long _lastStampUs;
    private GCHandle _self;
    private readonly nint _mainloop;
    private readonly nint _context;
    private nint _stream;
    private nint _timer;

    private unsafe PulseCapture(TimeProvider time, string? source)
    {
        (_time, _source) = (time, source);
        _self = GCHandle.Alloc(this);
        _mainloop = PulseNative.MainloopNew();
        _context = PulseNative.ContextNew(PulseNative.MainloopApi(_mainloop), "SwarmJam");
        PulseNative.ContextSetStateCallback(_context, &OnContextState, GCHandle.ToIntPtr(_self));
        if (PulseNative.ContextConnect(_context, null, PulseNative.ContextNoAutospawn, 0) < 0 || PulseNative.MainloopStart(_mainloop) < 0)
            Fail("no sound server is running");
    }

    /// <summary>What it records from.</summary>
    public string Source { get; private set; } = "";

    public int SampleRate { get; private set; } = AssumedRate;

    /// <summary>Why it ended.</summary>
    public Task<string> Lost => _lost.Task;

    /// <exception cref="JamException">There is nothing to record from.</exception>
    public static async Task<PulseCapture> OpenAsync(TimeProvider time, string? source, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var capture = new PulseCapture(time, source);
        string? error;
        try
        {
            error = await capture._opened.Task.WaitAsync(timeout, time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            error = "the sound server does not answer";
        }
        catch
        {
            capture.Dispose();
            throw;
        }
        if (error is null)
            return capture;
        capture.Dispose();
        throw new JamException($"no microphone: {error}");
    }

    public void Dispose()
    {
        // After this no callback runs.
        PulseNative.MainloopStop(_mainloop);
        if (_stream != 0)
        {
            _ = PulseNative.StreamDisconnect(_stream);
            PulseNative.StreamUnref(_stream);
        }
        PulseNative.ContextDisconnect(_context);
        PulseNative.ContextUnref(_context);
        PulseNative.MainloopFree(_mainloop);
        _self.Free();
    }

    /// <summary>What was captured from an instant on; shorter where that is not all here.</summary>
    /// <param name="fromUs">Local monotonic microseconds.</param>
    /// <param name="seconds">How much.</param>
    /// <param name="firstUs">When its first frame was captured.</param>
    public float[] Cut(double fromUs, double seconds, out double firstUs)
    {
        lock (_gate)
        {
            firstUs = fromUs;
            if (!_clock.IsLocked)
                return [];
            var first = _count + (long)Math.Floor((fromUs - _clock.HeardAtUs(_count)) / _clock.PeriodUs);
            first = Math.Max(first, Math.Max(0, _count - _frames.Length));
            var length = Math.Clamp(_count - first, 0, (long)(seconds * SampleRate));
            firstUs = _clock.HeardAtUs(first);
            var result = new float[length];
            for (var i = 0; i < length; i++)
                result[i] = _frames[(first + i) % _frames.Length];
            return result;
        }
    }

    private void Fail(string why)
    {
        _opened.TrySetResult(why);
        _lost.TrySetResult(why);
    }

    private unsafe void Open()
    {
        var spec = new PulseNative.SampleSpec { Format = PulseNative.Float32LittleEndian, Rate = AssumedRate, Channels = 1 };
        var attributes = new PulseNative.BufferAttributes
        {
            MaxLength = Unspecified,
            TargetLength = Unspecified,
            Prebuffer = Unspecified,
            MinimumRequest = Unspecified,
            FragmentSize = AssumedRate / 50 * sizeof(float),
        };
        var userdata = GCHandle.ToIntPtr(_self);
        _stream = PulseNative.StreamNew(_context, "calibration", spec, 0);
        PulseNative.StreamSetStateCallback(_stream, &OnStreamState, userdata);
        PulseNative.StreamSetReadCallback(_stream, &OnRead, userdata);
        if (PulseNative.StreamConnectRecord(_stream, _source, attributes, PulseNative.StreamFlags) < 0)
            Fail("the sound server refuses to record");
    }

    private unsafe void Begin(nint userdata)
    {
        lock (_gate)
        {
            SampleRate = (int)PulseNative.StreamSampleSpec(_stream)->Rate;
            Source = Marshal.PtrToStringUTF8(PulseNative.StreamDeviceName(_stream)) ?? "the microphone";
            _frames = new float[KeptS * SampleRate];
            _clock = new WriteClock(SampleRate);
        }
        _timer = PulseNative.ContextTimerNew(_context, PulseNative.RtClockNow() + TimingUs, &OnTimer, userdata);
        _opened.TrySetResult(null);
    }

    private unsafe void Take(float* data, long frames)
    {
        lock (_gate)
        {
            // A hole, where data is null, is silence.
            for (var i = 0L; i < frames && _frames.Length > 0; i++)
                _frames[(_count + i) % _frames.Length] = data == null ? 0 : data[i];
            _count += frames;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static unsafe void OnContextState(nint context, nint userdata)
    {
        switch (PulseNative.ContextState(context))
        {
            case PulseNative.ContextReady:
                From(userdata).Open();
                break;
            case PulseNative.ContextFailed or PulseNative.ContextTerminated:
                From(userdata).Fail("no sound server is running");
                break;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static unsafe void OnStreamState(nint stream, nint userdata)
    {
        var self = From(userdata);
        switch (PulseNative.StreamState(stream))
        {
            case PulseNative.StreamReady:
                self.Begin(userdata);
                break;
            case PulseNative.StreamFailed or PulseNative.StreamTerminated:
                self.Fail(self._source is null ? "the sound server has none" : $"the sound server has no source {self._source}");
                break;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static unsafe void OnRead(nint stream, nuint available, nint userdata)
    {
        while (PulseNative.StreamPeek(stream, out var data, out var bytes) >= 0 && bytes > 0)
        {
            From(userdata).Take((float*)data, (long)bytes / sizeof(float));
            _ = PulseNative.StreamDrop(stream);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static unsafe void OnTimer(nint api, nint timer, nint due, nint userdata)
    {
        var self = From(userdata);
        var operation = PulseNative.StreamUpdateTiming(self._stream, &OnTiming, userdata);
        if (operation != 0)
            PulseNative.OperationUnref(operation);
        PulseNative.ContextTimerRestart(self._context, timer, PulseNative.RtClockNow() + TimingUs);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static unsafe void OnTiming(nint stream, int success, nint userdata)
    {
        var self = From(userdata);
        var info = PulseNative.StreamTiming(stream);
        if (success == 0 || info == null || info->WriteIndexCorrupt != 0)
            return;
        var stampUs = info->Seconds * 1_000_000L + info->Microseconds;
        if (stampUs == self._lastStampUs)
            return;
        self._lastStampUs = stampUs;
        // A monitor records what its sink will play only later.
        var localUs = stampUs + WallClock.LocalMinusUnixUs(self._time);
        lock (self._gate)
            self._clock.Add(info->WriteIndex / sizeof(float), localUs - info->SourceUs + info->SinkUs, (long)localUs);
    }

    private static PulseCapture From(nint userdata) => (PulseCapture)GCHandle.FromIntPtr(userdata).Target!;
}
