using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Jam.Peer.Playback;

namespace Jam.Peer.Audio.Sndfile;

/// <summary>
/// Finds every frame of a FLAC by its header and checks it by its checksum (RFC 9639), in one pass and without decoding: what libFLAC would
/// refuse is known before it is asked.
/// </summary>
internal sealed class FlacScan(ITrackReader reader, int sampleRate, int channels, long lengthFrames)
{
    private const int InfoBytes = 34;
    private const int PortionBytes = 32 * 1024;
    private const int MaxBlocks = 10_000;

    /// <summary>Bytes that are summed at once.</summary>
    private const int Slice = 8;

    // The sum of a byte with 0, 1 .. 7 bytes behind it, one table after the other: a byte at a time took a second for 80 MB.
    private static readonly ushort[] s_crc16 = Tables();

    private readonly ByteWindow _window = new(reader);
    private readonly List<long> _offsets = [];
    private readonly List<long> _frames = [];
    private readonly List<SoundHole> _holes = [];
    private byte[] _info = [];
    private FlacFrame _first;
    private FlacFrame _current;
    private long _currentFrame;
    private ushort _crc;
    private long _expected;
    private long _lost;
    private long _firstLost = -1;

    /// <summary>Passes over the track.</summary>
    /// <param name="start">Where "fLaC" stands.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public SoundScan Run(long start, CancellationToken cancellationToken)
    {
        var at = SkipMetadata(start, cancellationToken);
        if (at < 0)
            return default;
        for (var from = 0; ;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var bytes = _window.Get(at, PortionBytes, cancellationToken);
            var isLast = at + bytes.Length >= reader.LengthBytes;
            // A header that is cut by the portion's end is looked at with the next.
            var until = isLast ? bytes.Length : bytes.Length - FlacFrame.MaxHeaderBytes;
            if (bytes.IsEmpty)
                break;
            var found = bytes[from..].IndexOf((byte)0xFF);
            var place = found < 0 ? until : Math.Min(until, from + found);
            Sum(bytes[..place]);
            at += place;
            from = 0;
            if (place == until)
            {
                if (isLast)
                    break;
                continue;
            }
            if (FlacFrame.TryParse(bytes[place..], out var frame) && IsNext(frame))
                Begin(frame, at);
            from = 1;
        }
        if (_offsets.Count == 0 || _frames[0] != 0)
            return default;
        // Tags may follow the last frame, so its checksum is left to the decoder.
        var end = _currentFrame + _current.BlockSize;
        Lose(_expected, Math.Max(0, lengthFrames - end));
        return new SoundScan(
            SoundIndex.Create(
                new SoundLayout(SoundKind.Flac, sampleRate, channels, lengthFrames, reader.LengthBytes, Head(), []), _offsets, _frames, _holes),
            Math.Min(1, (double)_lost / lengthFrames), (long)((Int128)Math.Max(0, _firstLost) * 1_000_000 / sampleRate));
    }

    private bool IsNext(in FlacFrame frame)
    {
        if (_offsets.Count == 0)
            return true;
        var sound = FrameOf(frame);
        return frame.Kind == _first.Kind && sound >= _currentFrame + _current.BlockSize && sound < lengthFrames;
    }

    private long FrameOf(in FlacFrame frame) => frame.IsVariable ? frame.Number : frame.Number * _first.BlockSize;

    private void Begin(in FlacFrame frame, long at)
    {
        if (_offsets.Count == 0)
            _first = frame;
        else
            End(FrameOf(frame), at);
        (_current, _currentFrame, _crc) = (frame, FrameOf(frame), 0);
        _expected = _currentFrame + frame.BlockSize;
        _offsets.Add(at);
        _frames.Add(_currentFrame);
    }

    // The checksum at a frame's end makes that of the whole frame 0.
    private void End(long next, long at)
    {
        if (_crc != 0)
        {
            Lose(_currentFrame, _current.BlockSize);
            _holes.Add(new SoundHole(_offsets[^1], at));
        }
        Lose(_expected, next - _expected);
    }

    private void Lose(long frame, long count)
    {
        if (count > 0 && _firstLost < 0)
            _firstLost = frame;
        _lost += count;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Sum(ReadOnlySpan<byte> bytes)
    {
        var (crc, table) = (_crc, s_crc16);
        for (; bytes.Length >= Slice; bytes = bytes[Slice..])
        {
            crc = (ushort)(table[7 * 256 + (crc >> 8 ^ bytes[0])] ^ table[6 * 256 + (crc & 0xFF ^ bytes[1])] ^ table[5 * 256 + bytes[2]]
                ^ table[4 * 256 + bytes[3]] ^ table[3 * 256 + bytes[4]] ^ table[2 * 256 + bytes[5]] ^ table[256 + bytes[6]] ^ table[bytes[7]]);
        }
        foreach (var value in bytes)
            crc = (ushort)(crc << 8 ^ table[crc >> 8 ^ value]);
        _crc = crc;
    }

    private long SkipMetadata(long start, CancellationToken cancellationToken)
    {
        var at = start + 4;
        for (var blocks = 0; blocks < MaxBlocks; blocks++)
        {
            var head = _window.Get(at, 4 + InfoBytes, cancellationToken);
            if (head.Length < 4)
                return -1;
            var size = head[1] << 16 | head[2] << 8 | head[3];
            if (blocks == 0)
            {
                if ((head[0] & 0x7F) != 0 || size != InfoBytes || head.Length < 4 + InfoBytes)
                    return -1;
                _info = head[4..].ToArray();
            }
            var isLast = (head[0] & 0x80) != 0;
            at += 4 + size;
            if (isLast)
                return at;
        }
        return -1;
    }

    /// <summary>The stream's description as its only metadata, with the length that was counted and no sum over all of its sound.</summary>
    private byte[] Head()
    {
        byte[] head = [.. "fLaC"u8, 0x80, 0, 0, InfoBytes, .. _info];
        var info = head.AsSpan(8);
        info[13] = (byte)(info[13] & 0xF0 | (int)(lengthFrames >> 32) & 0x0F);
        BinaryPrimitives.WriteUInt32BigEndian(info[14..], (uint)lengthFrames);
        info[18..].Clear();
        return head;
    }

    private static ushort[] Tables()
    {
        var tables = new ushort[Slice * 256];
        for (var i = 0; i < 256; i++)
        {
            var crc = i << 8;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc << 1 ^ ((crc & 0x8000) != 0 ? 0x8005 : 0)) & 0xFFFF;
            tables[i] = (ushort)crc;
        }
        for (var i = 256; i < tables.Length; i++)
            tables[i] = (ushort)(tables[i - 256] << 8 ^ tables[tables[i - 256] >> 8]);
        return tables;
    }
}
