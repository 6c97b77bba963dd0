using Jam.Peer.Session;

namespace Jam.Peer.Audio.Mp3;

/// <summary>libmpg123, fed frame by frame.</summary>
internal sealed unsafe class Mpg123Codec : IMp3Codec
{
    private const int BytesPerFrame = 2 * sizeof(float);

    private readonly nint _handle;

    /// <exception cref="JamException">The library is not installed.</exception>
    public Mpg123Codec(Mp3Header first) => _handle = CreateHandle(first.SampleRate);

    public int HeldFrames => 1;

    public void Reset() => Check(Mpg123Native.OpenFeed(_handle));

    public int Decode(ReadOnlySpan<byte> frame, Span<float> stereo)
    {
        var count = 0;
        fixed (byte* input = frame)
        fixed (float* output = stereo)
        {
            var (pending, bytes) = ((nint)input, frame.Length);
            for (var rounds = 0; rounds < 8; rounds++)
            {
                var result = Mpg123Native.Decode(
                    _handle, (byte*)pending, (nuint)bytes, (byte*)output + count * BytesPerFrame,
                    (nuint)(stereo.Length * sizeof(float) - count * BytesPerFrame), out var done);
                (pending, bytes) = (0, 0);
                count += (int)done / BytesPerFrame;
                // Anything but these is a frame that it cannot decode; whoever counts makes up for it.
                if (result is not (Mpg123Native.Ok or Mpg123Native.NewFormat))
                    break;
            }
        }
        return count;
    }

    public void Dispose() => Mpg123Native.Delete(_handle);

    private static nint CreateHandle(int rate)
    {
        try
        {
            Check(Mpg123Native.Init());
            var handle = Mpg123Native.New(0, out var error);
            Check(handle == 0 ? error : Mpg123Native.Ok);
            Check(Mpg123Native.Param(handle, Mpg123Native.ParameterVerbose, 0, 0));
            Check(Mpg123Native.Param(handle, Mpg123Native.ParameterAddFlags, Mpg123Native.Flags, 0));
            Check(Mpg123Native.Param(handle, Mpg123Native.ParameterRemoveFlags, Mpg123Native.GaplessFlag, 0));
            Check(Mpg123Native.FormatNone(handle));
            Check(Mpg123Native.Format(handle, rate, Mpg123Native.Stereo, Mpg123Native.Float32));
            return handle;
        }
        catch (DllNotFoundException e)
        {
            throw new JamException("libmpg123-0 is missing: apt-get install libmpg123-0", e);
        }
    }

    private static void Check(int result)
    {
        if (result != Mpg123Native.Ok)
            throw new JamException($"libmpg123 failed to start (error {result})");
    }
}
