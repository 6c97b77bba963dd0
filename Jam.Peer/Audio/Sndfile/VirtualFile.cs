using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Jam.Peer.Playback;

namespace Jam.Peer.Audio.Sndfile;

/// <summary>
/// What libsndfile believes to be a file: the bytes of a track from some place on. A wait for bytes that is cancelled looks to the
/// library as the end of the file, after which its state is worth nothing; <see cref="Failure"/> tells.
/// </summary>
internal sealed unsafe class VirtualFile : IDisposable
{
    /// <summary>Handed over at once; well under what the window holds.</summary>
    private const int Portion = 32 * 1024;

    private readonly ByteWindow _window;
    private readonly long _start;
    private readonly long _length;
    private GCHandle _self;
    private long _position;
    private CancellationToken _token;

    /// <param name="reader">The track.</param>
    /// <param name="start">Where in the track the file begins, bytes.</param>
    public VirtualFile(ITrackReader reader, long start)
    {
        _window = new ByteWindow(reader);
        _start = start;
        _length = Math.Max(0, reader.LengthBytes - start);
        _self = GCHandle.Alloc(this);
    }

    /// <summary>What ended a read inside the library; null where nothing did.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>Opens a library's handle on this file, from its beginning.</summary>
    /// <returns>The handle, or 0.</returns>
    public nint Open(ref SndfileNative.Info info, CancellationToken cancellationToken)
    {
        Begin(cancellationToken);
        _position = 0;
        var io = new SndfileNative.VirtualIo { Length = &OnLength, Seek = &OnSeek, Read = &OnRead, Write = &OnWrite, Tell = &OnTell };
        return SndfileNative.OpenVirtual(io, SndfileNative.ModeRead, ref info, GCHandle.ToIntPtr(_self));
    }

    /// <summary>Before each call of the library that may read.</summary>
    public void Begin(CancellationToken cancellationToken)
    {
        Failure = null;
        _token = cancellationToken;
    }

    /// <summary>
    /// Waits for the bytes that will be read next, outside the library, where a cancelled wait costs nothing.
    /// </summary>
    public void Await(long bytes, CancellationToken cancellationToken) =>
        _window.Get(_start + _position, (int)Math.Min(bytes, Portion), cancellationToken);

    public void Dispose() => _self.Free();

    private long Read(nint target, long count)
    {
        var done = 0L;
        try
        {
            while (done < count && Failure is null)
            {
                var bytes = _window.Get(_start + _position, (int)Math.Min(count - done, Portion), _token);
                if (bytes.IsEmpty)
                    break;
                bytes.CopyTo(new Span<byte>((byte*)target + done, bytes.Length));
                _position += bytes.Length;
                done += bytes.Length;
            }
        }
#pragma warning disable CA1031 // Above is native code, where an exception would end the process; it is thrown again after it.
        catch (Exception e)
        {
            Failure = e;
        }
#pragma warning restore CA1031
        return Failure is null ? done : 0;
    }

    private long Seek(long offset, int whence)
    {
        var origin = whence switch
        {
            SndfileNative.SeekCurrent => _position,
            SndfileNative.SeekEnd => _length,
            _ => 0,
        };
        var target = unchecked(origin + offset);
        if (target < 0)
            return -1;
        _position = Math.Min(target, _length);
        return _position;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static long OnLength(nint userdata) => From(userdata)._length;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static long OnSeek(long offset, int whence, nint userdata) => From(userdata).Seek(offset, whence);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static long OnRead(nint target, long count, nint userdata) => From(userdata).Read(target, count);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static long OnWrite(nint source, long count, nint userdata) => 0;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static long OnTell(nint userdata) => From(userdata)._position;

    private static VirtualFile From(nint userdata) => (VirtualFile)GCHandle.FromIntPtr(userdata).Target!;
}
