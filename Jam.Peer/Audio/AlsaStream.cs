using System.Runtime.InteropServices;
using Jam.Peer.Playback;
using Jam.Server.Contracts;

namespace Jam.Peer.Audio;

/// <summary>
/// One stream to ALSA, used by one thread: what is queued, what may be taken back, and the readings of when it is heard. Throws
/// <see cref="IOException"/> where the device is lost.
/// </summary>
internal sealed unsafe class AlsaStream : IDisposable
{
    /// <summary>From writing to hearing. Less does not survive a garbage collection.</summary>
    private const uint BufferUs = 250_000;

    private const uint PeriodUs = 20_000;
    private const uint WantedRate = 48_000;

    /// <summary>A stamp further off than this is of another clock.</summary>
    private const double SameClockUs = 10_000_000;

    /// <summary>So much right before the device's own place is left alone when frames are taken back.</summary>
    private const int UntouchedFrames = 256;

    private readonly TimeProvider _time;
    private readonly nint _pcm;
    private nint _status;
    private readonly DryWatch _dry = new();
    private double _lastStampUs;
    private bool _isCard;

    private AlsaStream(TimeProvider time, nint pcm) => (_time, _pcm) = (time, pcm);

    /// <summary>Frames per second, the device's own where it has one.</summary>
    public int SampleRate { get; private set; } = (int)WantedRate;

    /// <summary>What fits in the queue.</summary>
    public int BufferFrames { get; private set; }

    /// <summary>Frames written so far.</summary>
    public long Written { get; private set; }

    /// <summary>How often it ran dry.</summary>
    public int Underruns { get; private set; }

    /// <summary>Opens a device; the error is for people.</summary>
    public static AlsaStream? Open(TimeProvider time, string device, out string? error)
    {
        var result = AlsaNative.Open(out var pcm, device, AlsaNative.Playback, AlsaNative.NonBlock);
        if (result < 0)
        {
            error = $"ALSA cannot open {device} ({Text(result)})";
            return null;
        }
        var stream = new AlsaStream(time, pcm);
        result = stream.Configure();
        error = result < 0 ? $"ALSA's {device} cannot play stereo ({Text(result)})" : null;
        if (result >= 0)
            return stream;
        stream.Dispose();
        return null;
    }

    public void Dispose()
    {
        if (_status != 0)
            AlsaNative.StatusFree(_status);
        _ = AlsaNative.Close(_pcm);
    }

    /// <summary>How many frames fit now.</summary>
    public int Space(WriteClock clock) => (int)Math.Clamp(Checked(AlsaNative.Available(_pcm), clock), 0, BufferFrames);

    /// <summary>Writes as many frames as fit.</summary>
    /// <returns>How many were written.</returns>
    public int Write(ReadOnlySpan<float> stereo, WriteClock clock)
    {
        fixed (float* data = stereo)
        {
            var written = (int)Checked(AlsaNative.Write(_pcm, data, (nuint)(stereo.Length / 2)), clock);
            Written += written;
            return written;
        }
    }

    /// <summary>How many of the frames that were written last can be taken back.</summary>
    /// <remarks>A plugin that is no card (that of a sound server) says it can, and then plays what comes behind what is queued.</remarks>
    public long Rewindable() => _isCard ? Math.Max(0, AlsaNative.Rewindable(_pcm) - UntouchedFrames) : 0;

    /// <summary>Takes back what was written last.</summary>
    /// <returns>How many frames really.</returns>
    public long TakeBack(long frames)
    {
        var taken = Math.Max(0, (long)AlsaNative.Rewind(_pcm, (nuint)frames));
        Written -= taken;
        return taken;
    }

    /// <summary>Reads when the frame that sounds now was due.</summary>
    public void ReadTiming(WriteClock clock)
    {
        // What stands in a queue that does not move yet is heard nobody knows when.
        if (AlsaNative.Status(_pcm, _status) < 0 || AlsaNative.StatusState(_status) != AlsaNative.Running)
            return;
        var nowUs = _time.NowUs();
        var delay = AlsaNative.StatusDelay(_status);
        if (_dry.IsDry(delay))
        {
            // Before it ever locked nothing sounded.
            Underruns += clock.IsBeginning ? 0 : 1;
            clock.OnUnderrun();
        }
        if (delay <= 0)
            return;
        AlsaNative.StatusStamp(_status, out var stamp);
        var heardUs = stamp.Seconds * 1e6 + stamp.Nanoseconds / 1e3;
        if (heardUs == _lastStampUs && heardUs != 0)
            return;
        _lastStampUs = heardUs;
        // Drivers stamp by the monotonic clock; plugins by the wall's, or not at all.
        if (Math.Abs(heardUs - nowUs) > SameClockUs)
            heardUs += WallClock.LocalMinusUnixUs(_time);
        if (Math.Abs(heardUs - nowUs) > SameClockUs)
            heardUs = nowUs;
        clock.Add(Written - delay, heardUs, nowUs);
    }

    private static string Text(long error) => Marshal.PtrToStringUTF8(AlsaNative.ErrorText((int)error)) ?? $"error {-error}";

    private int Configure()
    {
        if (AlsaNative.StatusNew(out _status) < 0 || AlsaNative.HardwareNew(out var hardware) < 0)
            return -1;
        try
        {
            uint rate = WantedRate, buffer = BufferUs, period = PeriodUs;
            var steps = new Func<int>[]
            {
                () => AlsaNative.HardwareAny(_pcm, hardware),
                () => AlsaNative.HardwareResample(_pcm, hardware, 0),
                () => AlsaNative.HardwareAccess(_pcm, hardware, AlsaNative.Interleaved),
                () => AlsaNative.HardwareFormat(_pcm, hardware, AlsaNative.FloatLittleEndian),
                () => AlsaNative.HardwareChannels(_pcm, hardware, 2),
                () => AlsaNative.HardwareRate(_pcm, hardware, ref rate, 0),
                () => AlsaNative.HardwareBuffer(_pcm, hardware, ref buffer, 0),
                () => AlsaNative.HardwarePeriod(_pcm, hardware, ref period, 0),
                () => AlsaNative.HardwareApply(_pcm, hardware),
            };
            var failed = steps.Select(step => step()).FirstOrDefault(result => result < 0);
            if (failed < 0)
                return failed;
            _ = AlsaNative.HardwareBufferSize(hardware, out var frames);
            (SampleRate, BufferFrames) = ((int)rate, (int)frames);
        }
        finally
        {
            AlsaNative.HardwareFree(hardware);
        }
        return ConfigureSoftware();
    }

    private int ConfigureSoftware()
    {
        if (AlsaNative.SoftwareNew(out var software) < 0)
            return -1;
        _ = AlsaNative.SoftwareCurrent(_pcm, software);
        _ = AlsaNative.SoftwareStamps(_pcm, software, AlsaNative.StampsOn);
        // Not every plugin can choose; ReadTiming sees which clock it is.
        _ = AlsaNative.SoftwareStampType(_pcm, software, AlsaNative.MonotonicStamps);
        _ = AlsaNative.SoftwareStart(_pcm, software, (nuint)(BufferFrames / 2));
        var result = AlsaNative.SoftwareApply(_pcm, software);
        if (AlsaNative.InfoNew(out var info) >= 0)
        {
            _isCard = AlsaNative.Info(_pcm, info) >= 0 && AlsaNative.InfoCard(info) >= 0;
            AlsaNative.InfoFree(info);
        }
        AlsaNative.SoftwareFree(software);
        return result;
    }

    private nint Checked(nint result, WriteClock clock)
    {
        if (result >= 0)
            return result;
        if (result == AlsaNative.NoRoom)
            return 0;
        if (result is not (AlsaNative.RanDry or AlsaNative.Slept) || AlsaNative.Recover(_pcm, (int)result, 1) < 0)
            throw new IOException(Text(result));
        Underruns++;
        clock.OnUnderrun();
        return 0;
    }
}
