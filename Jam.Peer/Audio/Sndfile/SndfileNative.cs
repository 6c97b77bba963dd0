using System.Runtime.InteropServices;

namespace Jam.Peer.Audio.Sndfile;

/// <summary>The part of libsndfile that is used: reading, through callbacks instead of a file.</summary>
internal static unsafe partial class SndfileNative
{
    /// <summary>SFM_READ.</summary>
    public const int ModeRead = 0x10;

    public const int SeekSet = 0;

    /// <summary>SFC_GET_CHANNEL_MAP_INFO.</summary>
    public const int GetChannelMap = 0x1100;

    /// <summary>SF_FORMAT_SUBMASK.</summary>
    public const int SubtypeMask = 0xFFFF;

    /// <summary>SF_FORMAT_VORBIS.</summary>
    public const int Vorbis = 0x60;

    /// <summary>SF_FORMAT_OPUS.</summary>
    public const int Opus = 0x64;

    private const string Library = "libsndfile.so.1";

    [LibraryImport(Library, EntryPoint = "sf_open_virtual")]
    public static partial nint OpenVirtual(in VirtualIo io, int mode, ref Info info, nint userdata);

    [LibraryImport(Library, EntryPoint = "sf_close")]
    public static partial int Close(nint file);

    [LibraryImport(Library, EntryPoint = "sf_readf_float")]
    public static partial long ReadFloat(nint file, float* frames, long count);

    [LibraryImport(Library, EntryPoint = "sf_seek")]
    public static partial long Seek(nint file, long frames, int whence);

    [LibraryImport(Library, EntryPoint = "sf_error")]
    public static partial int Error(nint file);

    [LibraryImport(Library, EntryPoint = "sf_strerror")]
    public static partial nint ErrorText(nint file);

    [LibraryImport(Library, EntryPoint = "sf_command")]
    public static partial int Command(nint file, int command, void* data, int bytes);

    /// <summary>SF_INFO.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Info
    {
        public long Frames;
        public int SampleRate;
        public int Channels;
        public int Format;
        public int Sections;
        public int Seekable;
    }

    /// <summary>SF_VIRTUAL_IO.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct VirtualIo
    {
        public delegate* unmanaged[Cdecl]<nint, long> Length;
        public delegate* unmanaged[Cdecl]<long, int, nint, long> Seek;
        public delegate* unmanaged[Cdecl]<nint, long, nint, long> Read;
        public delegate* unmanaged[Cdecl]<nint, long, nint, long> Write;
        public delegate* unmanaged[Cdecl]<nint, long> Tell;
    }
}
