using System.Runtime.InteropServices;

namespace Jam.Peer.Audio;

/// <summary>The part of libasound that is used. Results below 0 are errors; counts are in frames.</summary>
internal static unsafe partial class AlsaNative
{
    public const string Library = "libasound.so.2";

    /// <summary>SND_PCM_STREAM_PLAYBACK.</summary>
    public const int Playback = 0;

    /// <summary>SND_PCM_NONBLOCK.</summary>
    public const int NonBlock = 1;

    /// <summary>SND_PCM_ACCESS_RW_INTERLEAVED.</summary>
    public const int Interleaved = 3;

    /// <summary>SND_PCM_FORMAT_FLOAT_LE.</summary>
    public const int FloatLittleEndian = 14;

    /// <summary>SND_PCM_TSTAMP_ENABLE.</summary>
    public const int StampsOn = 1;

    /// <summary>SND_PCM_TSTAMP_TYPE_MONOTONIC.</summary>
    public const int MonotonicStamps = 1;

    /// <summary>SND_PCM_STATE_RUNNING.</summary>
    public const int Running = 3;

    /// <summary>EPIPE: the device ran dry.</summary>
    public const int RanDry = -32;

    /// <summary>EAGAIN: no room.</summary>
    public const int NoRoom = -11;

    /// <summary>ESTRPIPE: the machine slept.</summary>
    public const int Slept = -86;

    [LibraryImport(Library, EntryPoint = "snd_pcm_open", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(out nint pcm, string name, int stream, int mode);

    [LibraryImport(Library, EntryPoint = "snd_pcm_close")]
    public static partial int Close(nint pcm);

    [LibraryImport(Library, EntryPoint = "snd_strerror")]
    public static partial nint ErrorText(int error);

    [LibraryImport(Library, EntryPoint = "snd_lib_error_set_handler")]
    public static partial int SetErrorHandler(delegate* unmanaged[Cdecl]<byte*, int, byte*, int, byte*, void> handler);

    [LibraryImport(Library, EntryPoint = "snd_pcm_hw_params_malloc")]
    public static partial int HardwareNew(out nint hardware);

    [LibraryImport(Library, EntryPoint = "snd_pcm_hw_params_free")]
    public static partial void HardwareFree(nint hardware);

    [LibraryImport(Library, EntryPoint = "snd_pcm_hw_params_any")]
    public static partial int HardwareAny(nint pcm, nint hardware);

    [LibraryImport(Library, EntryPoint = "snd_pcm_hw_params_set_rate_resample")]
    public static partial int HardwareResample(nint pcm, nint hardware, uint mayResample);

    [LibraryImport(Library, EntryPoint = "snd_pcm_hw_params_set_access")]
    public static partial int HardwareAccess(nint pcm, nint hardware, int access);

    [LibraryImport(Library, EntryPoint = "snd_pcm_hw_params_set_format")]
    public static partial int HardwareFormat(nint pcm, nint hardware, int format);

    [LibraryImport(Library, EntryPoint = "snd_pcm_hw_params_set_channels")]
    public static partial int HardwareChannels(nint pcm, nint hardware, uint channels);

    [LibraryImport(Library, EntryPoint = "snd_pcm_hw_params_set_rate_near")]
    public static partial int HardwareRate(nint pcm, nint hardware, ref uint rate, nint direction);

    [LibraryImport(Library, EntryPoint = "snd_pcm_hw_params_set_buffer_time_near")]
    public static partial int HardwareBuffer(nint pcm, nint hardware, ref uint us, nint direction);

    [LibraryImport(Library, EntryPoint = "snd_pcm_hw_params_set_period_time_near")]
    public static partial int HardwarePeriod(nint pcm, nint hardware, ref uint us, nint direction);

    [LibraryImport(Library, EntryPoint = "snd_pcm_hw_params")]
    public static partial int HardwareApply(nint pcm, nint hardware);

    [LibraryImport(Library, EntryPoint = "snd_pcm_hw_params_get_buffer_size")]
    public static partial int HardwareBufferSize(nint hardware, out nuint frames);

    [LibraryImport(Library, EntryPoint = "snd_pcm_sw_params_malloc")]
    public static partial int SoftwareNew(out nint software);

    [LibraryImport(Library, EntryPoint = "snd_pcm_sw_params_free")]
    public static partial void SoftwareFree(nint software);

    [LibraryImport(Library, EntryPoint = "snd_pcm_sw_params_current")]
    public static partial int SoftwareCurrent(nint pcm, nint software);

    [LibraryImport(Library, EntryPoint = "snd_pcm_sw_params_set_tstamp_mode")]
    public static partial int SoftwareStamps(nint pcm, nint software, int mode);

    [LibraryImport(Library, EntryPoint = "snd_pcm_sw_params_set_tstamp_type")]
    public static partial int SoftwareStampType(nint pcm, nint software, int type);

    [LibraryImport(Library, EntryPoint = "snd_pcm_sw_params_set_start_threshold")]
    public static partial int SoftwareStart(nint pcm, nint software, nuint frames);

    [LibraryImport(Library, EntryPoint = "snd_pcm_sw_params")]
    public static partial int SoftwareApply(nint pcm, nint software);

    [LibraryImport(Library, EntryPoint = "snd_pcm_status_malloc")]
    public static partial int StatusNew(out nint status);

    [LibraryImport(Library, EntryPoint = "snd_pcm_status_free")]
    public static partial void StatusFree(nint status);

    [LibraryImport(Library, EntryPoint = "snd_pcm_status")]
    public static partial int Status(nint pcm, nint status);

    [LibraryImport(Library, EntryPoint = "snd_pcm_status_get_state")]
    public static partial int StatusState(nint status);

    [LibraryImport(Library, EntryPoint = "snd_pcm_status_get_delay")]
    public static partial nint StatusDelay(nint status);

    [LibraryImport(Library, EntryPoint = "snd_pcm_status_get_htstamp")]
    public static partial void StatusStamp(nint status, out TimeSpec stamp);

    [LibraryImport(Library, EntryPoint = "snd_pcm_avail_update")]
    public static partial nint Available(nint pcm);

    [LibraryImport(Library, EntryPoint = "snd_pcm_writei")]
    public static partial nint Write(nint pcm, void* frames, nuint count);

    [LibraryImport(Library, EntryPoint = "snd_pcm_rewindable")]
    public static partial nint Rewindable(nint pcm);

    [LibraryImport(Library, EntryPoint = "snd_pcm_rewind")]
    public static partial nint Rewind(nint pcm, nuint count);

    [LibraryImport(Library, EntryPoint = "snd_pcm_info_malloc")]
    public static partial int InfoNew(out nint info);

    [LibraryImport(Library, EntryPoint = "snd_pcm_info_free")]
    public static partial void InfoFree(nint info);

    [LibraryImport(Library, EntryPoint = "snd_pcm_info")]
    public static partial int Info(nint pcm, nint info);

    [LibraryImport(Library, EntryPoint = "snd_pcm_info_get_card")]
    public static partial int InfoCard(nint info);

    [LibraryImport(Library, EntryPoint = "snd_pcm_recover")]
    public static partial int Recover(nint pcm, int error, int silent);

    [LibraryImport(Library, EntryPoint = "snd_device_name_hint", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Hints(int card, string kind, out nint* hints);

    [LibraryImport(Library, EntryPoint = "snd_device_name_get_hint", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint Hint(nint hint, string id);

    [LibraryImport(Library, EntryPoint = "snd_device_name_free_hint")]
    public static partial int HintsFree(nint* hints);

    /// <summary>struct timespec.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct TimeSpec
    {
        public nint Seconds;
        public nint Nanoseconds;
    }
}
