using System.Buffers.Binary;

namespace Jam.Tests.Audio;

/// <summary>MP3 files of silence, made by hand: valid frames whose every bit after the header is zero.</summary>
internal static class Mp3Bytes
{
    public const int SamplesPerFrame = 1152;

    private static readonly int[] Bitrates = [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];

    /// <summary>One frame of MPEG-1 layer 3, 44.1 kHz, stereo.</summary>
    public static byte[] Frame(int kbps = 128, bool isPadded = false)
    {
        var frame = new byte[144_000 * kbps / 44_100 + (isPadded ? 1 : 0)];
        frame[0] = 0xFF;
        frame[1] = 0xFB;
        frame[2] = (byte)((Array.IndexOf(Bitrates, kbps) + 1) << 4 | (isPadded ? 2 : 0));
        return frame;
    }

    /// <summary>A frame that says what follows.</summary>
    public static byte[] Tag(string name, int frames, int bytes, int delay, int padding, int kbps = 128)
    {
        var frame = Frame(kbps);
        var tag = frame.AsSpan(4 + 32);
        System.Text.Encoding.ASCII.GetBytes(name, tag);
        BinaryPrimitives.WriteInt32BigEndian(tag[4..], 3);
        BinaryPrimitives.WriteInt32BigEndian(tag[8..], frames);
        BinaryPrimitives.WriteInt32BigEndian(tag[12..], bytes);
        "LAME3.100"u8.CopyTo(tag[16..]);
        tag[16 + 21] = (byte)(delay >> 4);
        tag[16 + 22] = (byte)(delay << 4 | padding >> 8);
        tag[16 + 23] = (byte)padding;
        return frame;
    }

    /// <summary>Constant bitrate, padded as encoders do, with an Info tag.</summary>
    public static byte[] Constant(int frames)
    {
        var sound = ConstantFrames(frames);
        return [.. Tag("Info", frames, 417 + sound.Length, 576, 1000), .. sound];
    }

    /// <summary>The frames of <see cref="Constant"/> alone.</summary>
    public static byte[] ConstantFrames(int frames)
    {
        var bytes = new List<byte>();
        for (var i = 0; i < frames; i++)
            bytes.AddRange(Frame(isPadded: (int)((i + 1) * 417.959) - bytes.Count > 417));
        return [.. bytes];
    }

    /// <summary>Frames of changing bitrates, with a Xing tag.</summary>
    public static byte[] Variable(int frames, int seed = 1)
    {
        var random = new Random(seed);
        var sound = new List<byte>();
        for (var i = 0; i < frames; i++)
            sound.AddRange(Frame(Bitrates[random.Next(Bitrates.Length)]));
        return [.. Tag("Xing", frames, 417 + sound.Count, 576, 1000), .. sound];
    }

    /// <summary>An ID3v2 tag that holds a picture, full of what looks like frames.</summary>
    public static byte[] Id3(int bytes)
    {
        var tag = new byte[10 + bytes];
        "ID3"u8.CopyTo(tag);
        tag[3] = 3;
        for (var i = 0; i < 4; i++)
            tag[6 + i] = (byte)(bytes >> (7 * (3 - i)) & 0x7F);
        for (var i = 10; i + 417 < tag.Length; i += 417)
            Frame().CopyTo(tag, i);
        return tag;
    }

    /// <summary>Bytes that are nothing, and look like a header now and then.</summary>
    public static byte[] Garbage(int bytes, int seed = 1)
    {
        var garbage = new byte[bytes];
        new Random(seed).NextBytes(garbage);
        for (var i = 0; i + 1 < bytes; i += 97)
            (garbage[i], garbage[i + 1]) = (0xFF, 0xFB);
        return garbage;
    }
}
