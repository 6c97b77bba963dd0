using System.Buffers.Binary;
using System.Text;
using Jam.Peer.Audio;
using Jam.Peer.Playback;
using Jam.Peer.Session;
using NUnit.Framework;

namespace Jam.Tests.Audio;

/// <summary>Files beyond four gigabytes, none of whose bytes exist before they are read.</summary>
public sealed class GiantFileTests
{
    private const long Frames = 1_400_000_000;
    private const int BytesPerFrame = 4;

    [TestCase("RF64")]
    [TestCase("RIFF")]
    public void Sound_behind_the_fourth_gigabyte_is_found_by_the_index(string form)
    {
        var file = new Giant(form);
        var probe = DecoderFactory.Probe(file);
        Assert.That((probe.Error, probe.DurationUs), Is.EqualTo(((string?)null, (long?)(Frames * 1_000_000 / 48_000))));
        var index = TrackIndex.TryParse(probe.Index!.ToBytes(), file.LengthBytes, out _);
        using var decoder = DecoderFactory.Open(file, index, Decoders.Of(DecoderKind.Auto), 0, out _, default)!;
        file.LowestAsked = long.MaxValue;
        foreach (var frame in new[] { Frames - 1_000, 1_200_000_000 })
        {
            decoder.SeekFrames(frame, default);
            var got = new float[2 * 500];
            Assert.That(decoder.Read(got, default), Is.EqualTo(500));
            for (var i = 0; i < got.Length; i++)
                Assert.That(got[i], Is.EqualTo(Giant.Sample(2 * frame + i) / 32768f).Within(1e-6f));
        }
        Assert.That(file.LowestAsked, Is.GreaterThan(1L << 32));
        Assert.That(TrackPlaces.ByteAt(index!, 25_000_000_000, file.LengthBytes), Is.EqualTo(25_000 * 48_000L * BytesPerFrame).Within(100));
    }

    private sealed class Giant : ITrackReader
    {
        private readonly byte[] _head;

        public Giant(string form)
        {
            var bytes = new List<byte>([.. Encoding.ASCII.GetBytes(form), 255, 255, 255, 255, .. "WAVE"u8]);
            if (form == "RF64")
            {
                var wide = new byte[36];
                "ds64"u8.CopyTo(wide);
                BinaryPrimitives.WriteInt32LittleEndian(wide.AsSpan(4), 28);
                BinaryPrimitives.WriteInt64LittleEndian(wide.AsSpan(8), Frames * BytesPerFrame + 72);
                BinaryPrimitives.WriteInt64LittleEndian(wide.AsSpan(16), Frames * BytesPerFrame);
                BinaryPrimitives.WriteInt64LittleEndian(wide.AsSpan(24), Frames);
                bytes.AddRange(wide);
            }
            // PCM, two channels, 48 kHz, 16 bits.
            bytes.AddRange([.. "fmt "u8, 16, 0, 0, 0, 1, 0, 2, 0, 0x80, 0xBB, 0, 0, 0, 0xEE, 2, 0, 4, 0, 16, 0, .. "data"u8, 255, 255, 255, 255]);
            _head = [.. bytes];
        }

        public long LengthBytes => _head.Length + Frames * BytesPerFrame;

        public long LowestAsked { get; set; } = long.MaxValue;

        public static short Sample(long number) => (short)(number * 2_654_435_761 >> 20);

        public int Read(long offset, Span<byte> buffer, CancellationToken cancellationToken)
        {
            LowestAsked = Math.Min(LowestAsked, offset);
            var count = (int)Math.Clamp(LengthBytes - offset, 0, buffer.Length);
            for (var i = 0; i < count; i++)
            {
                var at = offset + i - _head.Length;
                buffer[i] = at < 0 ? _head[offset + i] : (byte)(Sample(at / 2) >> (int)(at % 2 * 8));
            }
            return count;
        }
    }
}
