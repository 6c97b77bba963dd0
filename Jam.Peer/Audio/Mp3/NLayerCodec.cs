using NLayer;

namespace Jam.Peer.Audio.Mp3;

/// <summary>NLayer, which is managed code: its frame decoder alone, since its own reader knows neither waiting nor exact places.</summary>
internal sealed class NLayerCodec : IMp3Codec
{
    private readonly MpegFrameDecoder _decoder = new();
    private readonly FrameBits _frame = new();
    private readonly float[] _decoded = new float[2 * 1152];

    public int HeldFrames => 0;

    public void Reset() => _decoder.Reset();

    public int Decode(ReadOnlySpan<byte> frame, Span<float> stereo)
    {
        if (!_frame.TryTake(frame))
            return 0;
        int floats;
        try
        {
            floats = _decoder.DecodeFrame(_frame, _decoded, 0);
        }
#pragma warning disable CA1031 // Damaged bits lead it out of its tables, and it says so by exceptions of many kinds.
        catch (Exception)
        {
            return 0;
        }
#pragma warning restore CA1031
        var channels = _frame.ChannelMode == MpegChannelMode.Mono ? 1 : 2;
        var frames = floats / channels;
        for (var i = 0; i < frames; i++)
        {
            stereo[2 * i] = Finite(_decoded[channels * i]);
            stereo[2 * i + 1] = Finite(_decoded[channels * i + channels - 1]);
        }
        return frames;
    }

    public void Dispose()
    {
        // All of it is managed.
    }

    private static float Finite(float sample) => float.IsFinite(sample) ? sample : 0;

    /// <summary>The frame at hand, as NLayer asks for it: facts of the header, and bits from behind it and its checksum.</summary>
    private sealed class FrameBits : IMpegFrame
    {
        private readonly byte[] _bytes = new byte[Mp3Header.MaxFrameBytes];
        private Mp3Header _header;
        private int _at;

        public int SampleRate => _header.SampleRate;

        public int SampleRateIndex => (int)(_header.Bits >> 10) & 3;

        public int FrameLength { get; private set; }

        public int BitRate => _header.BitrateKbps * 1000;

        public int BitRateIndex => (int)(_header.Bits >> 12) & 15;

        public MpegVersion Version => _header.Version switch { 1 => MpegVersion.Version1, 2 => MpegVersion.Version2, _ => MpegVersion.Version25 };

        public MpegLayer Layer => (MpegLayer)_header.Layer;

        public MpegChannelMode ChannelMode => (MpegChannelMode)((_header.Bits >> 6) & 3);

        public int ChannelModeExtension => (int)(_header.Bits >> 4) & 3;

        public int SampleCount => _header.Samples;

        public bool IsCopyrighted => (_header.Bits & 8) != 0;

        public bool HasCrc => _header.HasCrc;

        public bool IsCorrupted => false;

        public bool TryTake(ReadOnlySpan<byte> frame)
        {
            if (frame.Length > _bytes.Length || !Mp3Header.TryParse(frame, out _header))
                return false;
            frame.CopyTo(_bytes);
            FrameLength = frame.Length;
            Reset();
            return true;
        }

        public void Reset() => _at = 8 * (Mp3Header.Size + (HasCrc ? 2 : 0));

        public int ReadBits(int bitCount)
        {
            if (_at + bitCount > 8 * FrameLength)
                return -1;
            var value = 0;
            for (; bitCount > 0;)
            {
                var take = Math.Min(bitCount, 8 - _at % 8);
                var bits = (_bytes[_at / 8] >> (8 - _at % 8 - take)) & ((1 << take) - 1);
                value = value << take | bits;
                (_at, bitCount) = (_at + take, bitCount - take);
            }
            return value;
        }
    }
}
