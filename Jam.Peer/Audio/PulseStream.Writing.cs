using System.Runtime.InteropServices;
using Jam.Server.Contracts;

namespace Jam.Peer.Audio;

/// <content>
/// What goes into the queue, and what is written over in it. The server takes frames at any place of the stream, and asks its device
/// to play anew what that has already.
/// </content>
internal sealed unsafe partial class PulseStream
{
    /// <summary>
    /// What is heard within this time is not touched any more: so long may it take until what is written over reaches the device,
    /// on a busy machine.
    /// </summary>
    private const double SafetyUs = 40_000;

    /// <summary>The same beyond the device's own queue, where that cannot be written over.</summary>
    private const double SafetyBehindDeviceUs = 20_000;

    /// <summary>Weight of the past in what the device holds: readings come fifty times a second, and the fullest of late counts.</summary>
    private const double DeviceQueueDecay = 0.996;

    /// <summary>Rendered in one go.</summary>
    private const int BlockFrames = 4096;

    private readonly float[] _block = GC.AllocateArray<float>(2 * BlockFrames, pinned: true);
    private bool _mayRewindDevice;
    private bool _isPipeWire;
    private double _deviceUs;

    /// <summary>Asks the renderer soon what to render again. Not after <see cref="Dispose"/>.</summary>
    public void Refresh()
    {
        PulseNative.MainloopLock(_mainloop);
        if (_wakeup != 0)
            PulseNative.ContextTimerRestart(_context, _wakeup, PulseNative.RtClockNow());
        PulseNative.MainloopUnlock(_mainloop);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(System.Runtime.CompilerServices.CallConvCdecl)])]
    private static void OnWakeup(nint api, nint timer, nint due, nint userdata) => From(userdata).Guarded(0);

    private void AskAboutDevice(nint userdata)
    {
        _mayRewindDevice = false;
        if (Marshal.PtrToStringUTF8(PulseNative.StreamDeviceName(_stream)) is not { } name)
            return;
        Volatile.Write(ref _deviceName, name);
        var operation = PulseNative.ContextSinkInfo(_context, name, &OnDevice, userdata);
        if (operation != 0)
            PulseNative.OperationUnref(operation);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(System.Runtime.CompilerServices.CallConvCdecl)])]
    private static void OnDevice(nint context, PulseNative.SinkInfo* info, int end, nint userdata)
    {
        if (end != 0 || info == null)
            return;
        // What lies in the device's own queue is rendered again only by devices of a dynamic latency; PipeWire's, which say that they
        // are, and those across a network do not.
        var self = From(userdata);
        self._isPipeWire = Marshal.PtrToStringUTF8(info->Driver)?.StartsWith("PipeWire", StringComparison.OrdinalIgnoreCase) == true;
        self._mayRewindDevice =
            !self._isPipeWire && (info->Flags & (PulseNative.SinkDynamicLatency | PulseNative.SinkNetwork)) == PulseNative.SinkDynamicLatency;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(System.Runtime.CompilerServices.CallConvCdecl)])]
    private static void OnWrite(nint stream, nuint bytes, nint userdata)
    {
        var self = From(userdata);
        // It wants more right behind each of its cycles.
        if (self._isPipeWire)
            self.AskTiming(userdata);
        self.Guarded(bytes);
    }

    private void Guarded(nuint bytes)
    {
#pragma warning disable CA1031 // The root of the audio thread: above it is native code, where an exception would end the process.
        try
        {
            Rewrite();
            WriteMore((long)bytes / BytesPerFrame);
        }
        catch (Exception e)
        {
            Fail(e.Message);
        }
#pragma warning restore CA1031
    }

    /// <summary>Writes over what is queued, from where it no longer holds.</summary>
    private void Rewrite()
    {
        if (Renderer is not { } renderer || !_clock.IsLocked)
            return;
        var nowUs = _time.NowUs();
        var safeUs = nowUs + (_mayRewindDevice ? SafetyUs : Math.Max(SafetyUs, _deviceUs + SafetyBehindDeviceUs));
        var earliest = _written - (long)Math.Floor((_clock.HeardAtUs(_written) - safeUs) / _clock.PeriodUs);
        var from = renderer.Rewind(Math.Min(earliest, _written), nowUs, _clock);
        if (from >= 0)
            Write(from, _written - from, PulseNative.SeekAbsolute);
    }

    private void WriteMore(long count)
    {
        if (count > 0 && Write(_written, count, PulseNative.SeekRelative))
            _written += count;
    }

    private bool Write(long first, long count, int seek)
    {
        var renderer = Renderer;
        for (var done = 0L; done < count;)
        {
            var frames = (int)Math.Min(count - done, BlockFrames);
            var block = _block.AsSpan(0, 2 * frames);
            if (renderer is null)
                block.Clear();
            else
                renderer.Render(block, first + done, _time.NowUs(), _clock);
            var offset = seek == PulseNative.SeekAbsolute ? (first + done) * BytesPerFrame : 0;
            fixed (float* data = block)
            {
                if (PulseNative.StreamWrite(_stream, data, (nuint)(frames * BytesPerFrame), 0, offset, seek) < 0)
                {
                    Fail(LastError());
                    return false;
                }
            }
            done += frames;
        }
        return true;
    }
}
