using System.Globalization;
using System.Runtime.InteropServices;
using Jam.Peer.Playback;

namespace Jam.Peer.Audio;

/// <summary>
/// One stream to the sound server. When a frame is heard comes from the server's raw timing (which of our frames
/// the device takes next, and how long that takes to the loudspeaker), smoothed by a <see cref="WriteClock"/>; the library's own
/// interpolated latency is off by milliseconds at first. Everything after the connection happens on the library's thread.
/// </summary>
internal sealed unsafe partial class PulseStream : IDisposable
{
    /// <summary>From writing to hearing. Less does not survive a garbage collection.</summary>
    private const int BufferMs = 250;

    private const int BytesPerFrame = 2 * sizeof(float);
    private const int AssumedRate = 48_000;
    private const ulong TimingEveryUs = 20_000;
    private const uint Unspecified = uint.MaxValue;

    private readonly TimeProvider _time;
    private readonly string? _device;
    private readonly Action<string>? _trace;
    private readonly TaskCompletionSource<string?> _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<string> _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private GCHandle _self;
    private nint _mainloop;
    private nint _context;
    private nint _stream;
    private nint _timer;
    private nint _wakeup;
    private long _lastStampUs;
    private long _written;
    private int _underruns;
    private string _deviceName = "no device yet";
    private WriteClock _clock;
    private TimingSieve _sieve;
    private StepSieve _steps;
    private IFrameRenderer? _renderer;

    public PulseStream(TimeProvider time, string? device, Action<string>? trace = null)
    {
        (_time, _device, _trace) = (time, device, trace);
        _clock = new WriteClock(AssumedRate, locksEarly: true);
        _sieve = new TimingSieve(_clock);
        _steps = new StepSieve(_clock);
    }

    /// <summary>The sink that it plays to. Any thread.</summary>
    public string DeviceName => Volatile.Read(ref _deviceName);

    public int SampleRate { get; private set; } = AssumedRate;

    public int Underruns => Volatile.Read(ref _underruns);

    /// <summary>Null when the stream runs, or why it does not.</summary>
    public Task<string?> Opened => _opened.Task;

    /// <summary>Why it ended.</summary>
    public Task<string> Lost => _lost.Task;

    /// <summary>What fills it; silence without.</summary>
    public IFrameRenderer? Renderer
    {
        get => Volatile.Read(ref _renderer);
        set => Volatile.Write(ref _renderer, value);
    }

    /// <summary>Ends the stream; no callback runs after it.</summary>
    public void Dispose()
    {
        if (_mainloop == 0)
            return;
        // After this no callback runs, so nothing below is raced.
        PulseNative.MainloopStop(_mainloop);
        if (_stream != 0)
        {
            _ = PulseNative.StreamDisconnect(_stream);
            PulseNative.StreamUnref(_stream);
        }
        if (_context != 0)
        {
            PulseNative.ContextDisconnect(_context);
            PulseNative.ContextUnref(_context);
        }
        PulseNative.MainloopFree(_mainloop);
        _mainloop = _context = _stream = 0;
        _self.Free();
    }

    /// <summary>Begins to connect; <see cref="Opened"/> tells how that went.</summary>
    public void Connect(bool mayStartServer)
    {
        _self = GCHandle.Alloc(this);
        _mainloop = PulseNative.MainloopNew();
        _context = PulseNative.ContextNew(PulseNative.MainloopApi(_mainloop), "SwarmJam");
        PulseNative.ContextSetStateCallback(_context, &OnContextState, GCHandle.ToIntPtr(_self));
        var flags = mayStartServer ? 0 : PulseNative.ContextNoAutospawn;
        if (PulseNative.ContextConnect(_context, null, flags, 0) < 0 || PulseNative.MainloopStart(_mainloop) < 0)
            Fail(LastError());
    }

    private string LastError() => ErrorText(PulseNative.ContextErrno(_context)) switch
    {
        "connection refused" or null => "no sound server is running",
        "no such entity" => _device is null ? "the sound server has no device" : $"the sound server has no device {_device}",
        var other => $"the sound server says: {other}",
    };

    private static string? ErrorText(int error) => Marshal.PtrToStringUTF8(PulseNative.StrError(error))?.ToLowerInvariant();

    private void Fail(string why)
    {
        _opened.TrySetResult(why);
        _lost.TrySetResult(why);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(System.Runtime.CompilerServices.CallConvCdecl)])]
    private static void OnContextState(nint context, nint userdata)
    {
        var self = From(userdata);
        switch (PulseNative.ContextState(context))
        {
            case PulseNative.ContextReady:
                self.OpenStream();
                break;
            case PulseNative.ContextFailed or PulseNative.ContextTerminated:
                self.Fail(self._opened.Task.IsCompleted ? "the sound server has gone" : self.LastError());
                break;
        }
    }

    private void OpenStream()
    {
        var spec = new PulseNative.SampleSpec { Format = PulseNative.Float32LittleEndian, Rate = AssumedRate, Channels = 2 };
        var attributes = new PulseNative.BufferAttributes
        {
            MaxLength = Unspecified,
            TargetLength = AssumedRate * BufferMs / 1000 * BytesPerFrame,
            Prebuffer = Unspecified,
            MinimumRequest = Unspecified,
            FragmentSize = Unspecified,
        };
        var userdata = GCHandle.ToIntPtr(_self);
        _stream = PulseNative.StreamNew(_context, "music", spec, 0);
        PulseNative.StreamSetStateCallback(_stream, &OnStreamState, userdata);
        PulseNative.StreamSetWriteCallback(_stream, &OnWrite, userdata);
        PulseNative.StreamSetUnderflowCallback(_stream, &OnUnderflow, userdata);
        PulseNative.StreamSetMovedCallback(_stream, &OnOtherDevice, userdata);
        PulseNative.StreamSetSuspendedCallback(_stream, &OnOtherDevice, userdata);
        // Who names a device wants that one: where it goes, silence until it is back is better than another loudspeaker.
        var flags = PulseNative.StreamFlags | (_device is null ? 0 : PulseNative.StreamDontMove);
        if (PulseNative.StreamConnectPlayback(_stream, _device, attributes, flags, 0, 0) < 0)
            Fail(LastError());
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(System.Runtime.CompilerServices.CallConvCdecl)])]
    private static void OnStreamState(nint stream, nint userdata)
    {
        var self = From(userdata);
        switch (PulseNative.StreamState(stream))
        {
            case PulseNative.StreamReady:
                self.Begin(userdata);
                break;
            case PulseNative.StreamFailed or PulseNative.StreamTerminated:
                self.Fail(self._opened.Task.IsCompleted ? "the sound device has gone" : self.LastError());
                break;
        }
    }

    private void Begin(nint userdata)
    {
        SampleRate = (int)PulseNative.StreamSampleSpec(_stream)->Rate;
        _clock = new WriteClock(SampleRate, locksEarly: true);
        _sieve = new TimingSieve(_clock);
        _steps = new StepSieve(_clock);
        _timer = PulseNative.ContextTimerNew(_context, PulseNative.RtClockNow() + TimingEveryUs, &OnTimer, userdata);
        _wakeup = PulseNative.ContextTimerNew(_context, PulseNative.RtClockNow(), &OnWakeup, userdata);
        AskAboutDevice(userdata);
        _opened.TrySetResult(null);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(System.Runtime.CompilerServices.CallConvCdecl)])]
    private static void OnTimer(nint api, nint timer, nint due, nint userdata)
    {
        var self = From(userdata);
        if (self._isPipeWire)
            self.Guarded(0);
        else
            self.AskTiming(userdata);
        PulseNative.ContextTimerRestart(self._context, timer, PulseNative.RtClockNow() + TimingEveryUs);
    }

    private void AskTiming(nint userdata)
    {
        var operation = PulseNative.StreamUpdateTiming(_stream, &OnTiming, userdata);
        if (operation != 0)
            PulseNative.OperationUnref(operation);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(System.Runtime.CompilerServices.CallConvCdecl)])]
    private static void OnTiming(nint stream, int success, nint userdata)
    {
        var self = From(userdata);
        var info = PulseNative.StreamTiming(stream);
        if (success == 0 || info == null || info->Playing == 0 || info->ReadIndexCorrupt != 0)
            return;
        var stampUs = info->Seconds * 1_000_000L + info->Microseconds;
        if (stampUs == self._lastStampUs)
            return;
        self._lastStampUs = stampUs;
        // The device takes the frame at the read index next; what is queued behind it is the model's to extrapolate, at the rate that
        // the device really has. A server on this machine stamps the end of its way, one elsewhere is taken as of halfway by the library.
        var askedUs = stampUs - (long)info->TransportUs + WallClock.LocalMinusUnixUs(self._time);
        if (self._isPipeWire)
        {
            self._steps.Add(info->ReadIndex / BytesPerFrame, askedUs, info->SinkUs);
        }
        else
        {
            self._sieve.Add(
                info->ReadIndex / BytesPerFrame, askedUs, info->TransportUs * (info->SynchronizedClocks != 0 ? 1.0 : 2.0), info->SinkUs);
        }
        self.TraceReading(info, askedUs + info->TransportUs);
        // It fills in bursts: the fullest of late is what to reckon with.
        self._deviceUs = Math.Max(info->SinkUs, self._deviceUs * DeviceQueueDecay);
        self.Guarded(0);
    }

    private void TraceReading(PulseNative.TimingInfo* info, double localUs)
    {
        if (_trace is null)
            return;
        var frame = info->ReadIndex / BytesPerFrame;
        _trace(string.Create(
            CultureInfo.InvariantCulture,
            $"reading {frame} {localUs:F1} {info->SinkUs} {_clock.HeardAtUs(frame):F1} {_clock.PeriodUs:F9} {_clock.UncertaintyUs:F1} {_clock.IsLocked} {info->TransportUs}"));
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(System.Runtime.CompilerServices.CallConvCdecl)])]
    private static void OnUnderflow(nint stream, nint userdata)
    {
        var self = From(userdata);
        Volatile.Write(ref self._underruns, self._underruns + 1);
        self._clock.OnUnderrun();
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(System.Runtime.CompilerServices.CallConvCdecl)])]
    private static void OnOtherDevice(nint stream, nint userdata)
    {
        var self = From(userdata);
        self._clock.Reset();
        self._deviceUs = 0;
        self.AskAboutDevice(userdata);
    }

    private static PulseStream From(nint userdata) => (PulseStream)GCHandle.FromIntPtr(userdata).Target!;
}
