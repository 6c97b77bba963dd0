using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Jam.Peer.Playback;
using Jam.Peer.Session;

namespace Jam.Peer.Audio.Sndfile;

/// <summary>libsndfile itself, which reads through callbacks.</summary>
internal sealed unsafe class NativeSoundFile : ISoundFile
{
    private readonly nint _handle;
    private GCHandle _bytes;

    private NativeSoundFile(nint handle, GCHandle bytes, in SndfileNative.Info info)
    {
        (_handle, _bytes) = (handle, bytes);
        (SampleRate, Channels, Frames) = (info.SampleRate, info.Channels, info.Frames);
        NeedsSettling = (info.Format & SndfileNative.SubtypeMask) is SndfileNative.Vorbis or SndfileNative.Opus;
        Layout = Channels is > 0 and <= SndfileDecoder.MaxChannels ? SndfileLayout.Of(handle, Channels) : [];
    }

    public int SampleRate { get; }

    public int Channels { get; }

    public long Frames { get; }

    public bool NeedsSettling { get; }

    public Speaker[] Layout { get; }

    /// <inheritdoc cref="OpenSoundFile"/>
    public static ISoundFile? Open(TrackBytes bytes, out string? error)
    {
        var self = GCHandle.Alloc(bytes);
        try
        {
            var io = new SndfileNative.VirtualIo { Length = &OnLength, Seek = &OnSeek, Read = &OnRead, Write = &OnWrite, Tell = &OnTell };
            var info = default(SndfileNative.Info);
            var handle = SndfileNative.OpenVirtual(io, SndfileNative.ModeRead, ref info, GCHandle.ToIntPtr(self));
            error = handle == 0 ? LastError() : null;
            if (handle != 0)
                return new NativeSoundFile(handle, self, info);
        }
        catch (DllNotFoundException e)
        {
            self.Free();
            throw new JamException("libsndfile1 is missing: apt-get install libsndfile1", e);
        }
        self.Free();
        return null;
    }

    public long Seek(long frame) => SndfileNative.Seek(_handle, frame, SndfileNative.SeekSet);

    public int Read(float[] block, int count, out bool hasFailed)
    {
        long got;
        fixed (float* target = block)
            got = SndfileNative.ReadFloat(_handle, target, count);
        hasFailed = SndfileNative.Error(_handle) != 0;
        return (int)Math.Clamp(got, 0, count);
    }

    public void Dispose()
    {
        if (!_bytes.IsAllocated)
            return;
        _ = SndfileNative.Close(_handle);
        _bytes.Free();
    }

    private static string LastError() =>
        (Marshal.PtrToStringUTF8(SndfileNative.ErrorText(0)) ?? "unknown error").Trim().TrimEnd('.').ReplaceLineEndings(" ");

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static long OnLength(nint userdata) => From(userdata).Length;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static long OnSeek(long offset, int whence, nint userdata) => From(userdata).Seek(offset, (SeekOrigin)whence);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static long OnRead(nint target, long count, nint userdata) =>
        From(userdata).Read(new Span<byte>((void*)target, (int)Math.Clamp(count, 0, int.MaxValue)));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static long OnWrite(nint source, long count, nint userdata) => 0;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static long OnTell(nint userdata) => From(userdata).Position;

    private static TrackBytes From(nint userdata) => (TrackBytes)GCHandle.FromIntPtr(userdata).Target!;
}
