using System.Runtime.InteropServices;
using NUnit.Framework;

namespace Jam.Tests.Audio;

/// <summary>Short files in the formats that libsndfile can write, made on the spot: a chord per channel, so that no two places are alike.</summary>
internal static unsafe partial class SoundFiles
{
    public const int Wav16 = 0x010002;
    public const int Wav24 = 0x010003;
    public const int WavFloat = 0x010006;
    public const int WavExtensible16 = 0x130002;
    public const int Aiff16 = 0x020002;
    public const int Rf64 = 0x220002;
    public const int Wave64 = 0x0B0002;
    public const int Caf16 = 0x180002;
    public const int Au16 = 0x030002;
    public const int Flac16 = 0x170002;
    public const int OggVorbis = 0x200060;
    public const int OggOpus = 0x200064;

    /// <summary>By the LAME that libsndfile is built with, with its tag.</summary>
    public const int Mp3 = 0x230082;

    private const int ModeWrite = 0x20;
    private const int PortionFrames = 4096;

    /// <summary>The bytes of a file.</summary>
    public static byte[] Make(int format, int frames, int rate = 44_100, int channels = 2) =>
        Make(format, Chord(frames, rate, channels), rate, channels);

    /// <summary>The bytes of a file of given interleaved samples.</summary>
    public static byte[] Make(int format, float[] samples, int rate, int channels)
    {
        var path = Path.Combine(Path.GetTempPath(), $"swarmjam-{Guid.NewGuid():N}");
        try
        {
            var info = new Info { SampleRate = rate, Channels = channels, Format = format };
            var file = Open(path, ModeWrite, ref info);
            Assert.That(file, Is.Not.Zero, "libsndfile writes this format");
            // Its Vorbis encoder keeps on the stack what it is given at once.
            fixed (float* data = samples)
            {
                for (var at = 0; at < samples.Length / channels; at += PortionFrames)
                {
                    var count = Math.Min(PortionFrames, samples.Length / channels - at);
                    Assert.That(Write(file, data + (long)at * channels, count), Is.EqualTo(count));
                }
            }
            Assert.That(Close(file), Is.Zero);
            return File.ReadAllBytes(path);
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>Interleaved samples, at most 0.6: two sweeps per channel.</summary>
    public static float[] Chord(int frames, int rate, int channels)
    {
        var samples = new float[frames * channels];
        for (var frame = 0; frame < frames; frame++)
        {
            var t = (double)frame / rate;
            for (var channel = 0; channel < channels; channel++)
            {
                var low = Math.Sin(2 * Math.PI * (110 + 70 * channel + 40 * t) * t);
                var high = Math.Sin(2 * Math.PI * (900 + 130 * channel + 300 * t) * t);
                samples[frame * channels + channel] = (float)(0.4 * low + 0.2 * high);
            }
        }
        return samples;
    }

    [LibraryImport("libsndfile.so.1", EntryPoint = "sf_open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint Open(string path, int mode, ref Info info);

    [LibraryImport("libsndfile.so.1", EntryPoint = "sf_writef_float")]
    private static partial long Write(nint file, float* frames, long count);

    [LibraryImport("libsndfile.so.1", EntryPoint = "sf_close")]
    private static partial int Close(nint file);

    [StructLayout(LayoutKind.Sequential)]
    private struct Info
    {
        public long Frames;
        public int SampleRate;
        public int Channels;
        public int Format;
        public int Sections;
        public int Seekable;
    }
}
