using System.Runtime.InteropServices;

namespace Jam.Peer.Audio;

/// <summary>The part of libpulse that is used (the protocol that PipeWire serves, too).</summary>
internal static unsafe partial class PulseNative
{
    public const string Library = "libpulse.so.0";

    public const int ContextReady = 4;
    public const int ContextFailed = 5;
    public const int ContextTerminated = 6;
    public const int ContextNoAutospawn = 1;

    public const int StreamReady = 2;
    public const int StreamFailed = 3;
    public const int StreamTerminated = 4;

    /// <summary>AUTO_TIMING_UPDATE, ADJUST_LATENCY, and FIX_RATE: the stream takes the device's own rate.</summary>
    public const int StreamFlags = 0x8 | 0x2000 | 0x80;

    /// <summary>PA_STREAM_DONT_MOVE.</summary>
    public const int StreamDontMove = 0x200;

    /// <summary>PA_SEEK_RELATIVE: behind what was written last.</summary>
    public const int SeekRelative = 0;

    /// <summary>PA_SEEK_ABSOLUTE: at a place of the stream, over what stands there.</summary>
    public const int SeekAbsolute = 1;

    /// <summary>PA_SINK_NETWORK.</summary>
    public const int SinkNetwork = 0x10;

    /// <summary>PA_SINK_DYNAMIC_LATENCY.</summary>
    public const int SinkDynamicLatency = 0x80;

    /// <summary>PA_SAMPLE_FLOAT32LE.</summary>
    public const int Float32LittleEndian = 5;

    [LibraryImport(Library, EntryPoint = "pa_threaded_mainloop_new")]
    public static partial nint MainloopNew();

    [LibraryImport(Library, EntryPoint = "pa_threaded_mainloop_free")]
    public static partial void MainloopFree(nint mainloop);

    [LibraryImport(Library, EntryPoint = "pa_threaded_mainloop_start")]
    public static partial int MainloopStart(nint mainloop);

    [LibraryImport(Library, EntryPoint = "pa_threaded_mainloop_stop")]
    public static partial void MainloopStop(nint mainloop);

    [LibraryImport(Library, EntryPoint = "pa_threaded_mainloop_lock")]
    public static partial void MainloopLock(nint mainloop);

    [LibraryImport(Library, EntryPoint = "pa_threaded_mainloop_unlock")]
    public static partial void MainloopUnlock(nint mainloop);

    [LibraryImport(Library, EntryPoint = "pa_threaded_mainloop_get_api")]
    public static partial nint MainloopApi(nint mainloop);

    [LibraryImport(Library, EntryPoint = "pa_context_new", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint ContextNew(nint api, string name);

    [LibraryImport(Library, EntryPoint = "pa_context_unref")]
    public static partial void ContextUnref(nint context);

    [LibraryImport(Library, EntryPoint = "pa_context_connect", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int ContextConnect(nint context, string? server, int flags, nint spawnApi);

    [LibraryImport(Library, EntryPoint = "pa_context_disconnect")]
    public static partial void ContextDisconnect(nint context);

    [LibraryImport(Library, EntryPoint = "pa_context_get_state")]
    public static partial int ContextState(nint context);

    [LibraryImport(Library, EntryPoint = "pa_context_errno")]
    public static partial int ContextErrno(nint context);

    [LibraryImport(Library, EntryPoint = "pa_strerror")]
    public static partial nint StrError(int error);

    [LibraryImport(Library, EntryPoint = "pa_context_set_state_callback")]
    public static partial void ContextSetStateCallback(nint context, delegate* unmanaged[Cdecl]<nint, nint, void> callback, nint userdata);

    [LibraryImport(Library, EntryPoint = "pa_context_get_sink_info_by_name", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint ContextSinkInfo(
        nint context, string name, delegate* unmanaged[Cdecl]<nint, SinkInfo*, int, nint, void> callback, nint userdata);

    [LibraryImport(Library, EntryPoint = "pa_context_get_sink_info_list")]
    public static partial nint ContextSinks(
        nint context, delegate* unmanaged[Cdecl]<nint, SinkInfo*, int, nint, void> callback, nint userdata);

    [LibraryImport(Library, EntryPoint = "pa_context_get_server_info")]
    public static partial nint ContextServerInfo(
        nint context, delegate* unmanaged[Cdecl]<nint, ServerInfo*, nint, void> callback, nint userdata);

    [LibraryImport(Library, EntryPoint = "pa_rtclock_now")]
    public static partial ulong RtClockNow();

    [LibraryImport(Library, EntryPoint = "pa_context_rttime_new")]
    public static partial nint ContextTimerNew(
        nint context, ulong usec, delegate* unmanaged[Cdecl]<nint, nint, nint, nint, void> callback, nint userdata);

    [LibraryImport(Library, EntryPoint = "pa_context_rttime_restart")]
    public static partial void ContextTimerRestart(nint context, nint timer, ulong usec);

    [LibraryImport(Library, EntryPoint = "pa_stream_new", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint StreamNew(nint context, string name, in SampleSpec spec, nint channelMap);

    [LibraryImport(Library, EntryPoint = "pa_stream_unref")]
    public static partial void StreamUnref(nint stream);

    [LibraryImport(Library, EntryPoint = "pa_stream_connect_playback", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int StreamConnectPlayback(
        nint stream, string? device, in BufferAttributes attributes, int flags, nint volume, nint syncStream);

    [LibraryImport(Library, EntryPoint = "pa_stream_connect_record", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int StreamConnectRecord(nint stream, string? device, in BufferAttributes attributes, int flags);

    [LibraryImport(Library, EntryPoint = "pa_stream_peek")]
    public static partial int StreamPeek(nint stream, out nint data, out nuint bytes);

    [LibraryImport(Library, EntryPoint = "pa_stream_drop")]
    public static partial int StreamDrop(nint stream);

    [LibraryImport(Library, EntryPoint = "pa_stream_set_read_callback")]
    public static partial void StreamSetReadCallback(
        nint stream, delegate* unmanaged[Cdecl]<nint, nuint, nint, void> callback, nint userdata);

    [LibraryImport(Library, EntryPoint = "pa_stream_disconnect")]
    public static partial int StreamDisconnect(nint stream);

    [LibraryImport(Library, EntryPoint = "pa_stream_get_state")]
    public static partial int StreamState(nint stream);

    [LibraryImport(Library, EntryPoint = "pa_stream_get_sample_spec")]
    public static partial SampleSpec* StreamSampleSpec(nint stream);

    [LibraryImport(Library, EntryPoint = "pa_stream_get_device_name")]
    public static partial nint StreamDeviceName(nint stream);

    [LibraryImport(Library, EntryPoint = "pa_stream_write")]
    public static partial int StreamWrite(nint stream, void* data, nuint bytes, nint freeCallback, long offset, int seek);

    [LibraryImport(Library, EntryPoint = "pa_stream_update_timing_info")]
    public static partial nint StreamUpdateTiming(nint stream, delegate* unmanaged[Cdecl]<nint, int, nint, void> callback, nint userdata);

    [LibraryImport(Library, EntryPoint = "pa_stream_get_timing_info")]
    public static partial TimingInfo* StreamTiming(nint stream);

    [LibraryImport(Library, EntryPoint = "pa_operation_unref")]
    public static partial void OperationUnref(nint operation);

    [LibraryImport(Library, EntryPoint = "pa_stream_set_state_callback")]
    public static partial void StreamSetStateCallback(nint stream, delegate* unmanaged[Cdecl]<nint, nint, void> callback, nint userdata);

    [LibraryImport(Library, EntryPoint = "pa_stream_set_write_callback")]
    public static partial void StreamSetWriteCallback(
        nint stream, delegate* unmanaged[Cdecl]<nint, nuint, nint, void> callback, nint userdata);

    [LibraryImport(Library, EntryPoint = "pa_stream_set_underflow_callback")]
    public static partial void StreamSetUnderflowCallback(
        nint stream, delegate* unmanaged[Cdecl]<nint, nint, void> callback, nint userdata);

    [LibraryImport(Library, EntryPoint = "pa_stream_set_moved_callback")]
    public static partial void StreamSetMovedCallback(nint stream, delegate* unmanaged[Cdecl]<nint, nint, void> callback, nint userdata);

    [LibraryImport(Library, EntryPoint = "pa_stream_set_suspended_callback")]
    public static partial void StreamSetSuspendedCallback(
        nint stream, delegate* unmanaged[Cdecl]<nint, nint, void> callback, nint userdata);

    /// <summary>pa_sample_spec.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct SampleSpec
    {
        public int Format;
        public uint Rate;
        public byte Channels;
    }

    /// <summary>pa_buffer_attr, in bytes; -1 leaves it to the server.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct BufferAttributes
    {
        public uint MaxLength;
        public uint TargetLength;
        public uint Prebuffer;
        public uint MinimumRequest;
        public uint FragmentSize;
    }

    /// <summary>pa_sink_info as far as it is used.</summary>
    [StructLayout(LayoutKind.Explicit)]
    public struct SinkInfo
    {
        [FieldOffset(0)]
        public nint Name;

        [FieldOffset(16)]
        public nint Description;

        [FieldOffset(328)]
        public nint Driver;

        [FieldOffset(336)]
        public int Flags;
    }

    /// <summary>pa_server_info as far as it is used.</summary>
    [StructLayout(LayoutKind.Explicit)]
    public struct ServerInfo
    {
        [FieldOffset(48)]
        public nint DefaultSink;
    }

    /// <summary>pa_timing_info as far as it is used.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct TimingInfo
    {
        public nint Seconds;
        public nint Microseconds;
        public int SynchronizedClocks;
        public ulong SinkUs;
        public ulong SourceUs;
        public ulong TransportUs;
        public int Playing;
        public int WriteIndexCorrupt;
        public long WriteIndex;
        public int ReadIndexCorrupt;
        public long ReadIndex;
    }
}
