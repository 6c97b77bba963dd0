using System.Runtime.InteropServices;

namespace Jam.Peer.Audio.Mp3;

/// <summary>
/// The part of libmpg123 that is used: frames are fed one by one, so that none of the functions with a file offset (whose names and
/// widths differ between builds of the library) is needed.
/// </summary>
internal static unsafe partial class Mpg123Native
{
    public const int Ok = 0;
    public const int NeedMore = -10;
    public const int NewFormat = -11;

    /// <summary>MPG123_FLAGS.</summary>
    public const int ParameterAddFlags = 2;

    /// <summary>MPG123_VERBOSE.</summary>
    public const int ParameterVerbose = 0;

    /// <summary>MPG123_FORCE_STEREO, MPG123_QUIET, MPG123_FORCE_FLOAT, MPG123_IGNORE_INFOFRAME.</summary>
    public const int Flags = 0x8 | 0x20 | 0x400 | 0x4000;

    /// <summary>MPG123_GAPLESS: what the encoder added is cut off here, where the frames are counted.</summary>
    public const int GaplessFlag = 0x40;

    /// <summary>MPG123_REMOVE_FLAGS.</summary>
    public const int ParameterRemoveFlags = 12;

    public const int Stereo = 2;

    /// <summary>MPG123_ENC_FLOAT_32.</summary>
    public const int Float32 = 0x200;

    private const string Library = "libmpg123.so.0";

    [LibraryImport(Library, EntryPoint = "mpg123_init")]
    public static partial int Init();

    [LibraryImport(Library, EntryPoint = "mpg123_new")]
    public static partial nint New(nint decoder, out int error);

    [LibraryImport(Library, EntryPoint = "mpg123_delete")]
    public static partial void Delete(nint handle);

    [LibraryImport(Library, EntryPoint = "mpg123_param")]
    public static partial int Param(nint handle, int type, nint value, double floatValue);

    [LibraryImport(Library, EntryPoint = "mpg123_format_none")]
    public static partial int FormatNone(nint handle);

    [LibraryImport(Library, EntryPoint = "mpg123_format")]
    public static partial int Format(nint handle, nint rate, int channels, int encodings);

    [LibraryImport(Library, EntryPoint = "mpg123_open_feed")]
    public static partial int OpenFeed(nint handle);

    [LibraryImport(Library, EntryPoint = "mpg123_decode")]
    public static partial int Decode(nint handle, byte* input, nuint inputBytes, byte* output, nuint outputBytes, out nuint done);
}
