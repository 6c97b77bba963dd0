using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Jam.Peer.Wire;

/// <summary>Frames to bytes: <c>u32 length (big endian) | u8 type | payload</c>, the length counting type and payload.</summary>
internal static class FrameWriter
{
    private static ReadOnlySpan<byte> Magic => "SWARMJAM"u8;

    /// <summary>Appends one frame.</summary>
    public static void Write(IBufferWriter<byte> output, Frame frame)
    {
        switch (frame)
        {
            case WhereFrame:
                Begin(output, FrameType.Where, 0);
                break;
            case RoomInfoFrame f: // u8 n, room | u8 n, n x (u16 n, url)
                WriteList(output, FrameType.RoomInfo, f.Room, f.Urls);
                break;
            case HelloFrame f:
                WriteHello(output, f);
                break;
            case AuthFrame f:
                f.Proof.CopyTo(Begin(output, FrameType.Auth, f.Proof.Length));
                output.Advance(f.Proof.Length);
                break;
            case TrackFrame f: // u16 slot | 32 id | u8 flags
                var track = Begin(output, FrameType.Track, 2 + TrackId.Size + 1);
                BinaryPrimitives.WriteUInt16BigEndian(track, f.Slot);
                f.Track.Write(track[2..]);
                track[2 + TrackId.Size] = (byte)f.Flags;
                output.Advance(2 + TrackId.Size + 1);
                break;
            case WantManifestFrame f:
                BinaryPrimitives.WriteUInt16BigEndian(Begin(output, FrameType.WantManifest, 2), f.Slot);
                output.Advance(2);
                break;
            case ManifestFrame f:
                WriteSlotAndBytes(output, FrameType.Manifest, f.Slot, f.Encoded);
                break;
            case BitfieldFrame f:
                WriteSlotAndBytes(output, FrameType.Bitfield, f.Slot, f.Bits);
                break;
            case HaveFrame f:
                WriteIndexes(output, FrameType.Have, f.Slot, f.Chunks);
                break;
            case SoonFrame f:
                WriteIndexes(output, FrameType.Soon, f.Slot, f.Chunks);
                break;
            case OfferFrame f:
                WriteIndexes(output, FrameType.Offer, f.Slot, f.Chunks);
                break;
            case RequestFrame f: // u16 slot | u32 chunk | i32 deadline in ms
                var request = WriteSlotAndChunk(output, FrameType.Request, f.Slot, f.Chunk, 4);
                BinaryPrimitives.WriteInt32BigEndian(request, f.DeadlineMs);
                output.Advance(10);
                break;
            case CancelFrame f:
                WriteSlotAndChunk(output, FrameType.Cancel, f.Slot, f.Chunk, 0);
                output.Advance(6);
                break;
            case RejectFrame f:
                WriteSlotAndChunk(output, FrameType.Reject, f.Slot, f.Chunk, 0);
                output.Advance(6);
                break;
            case ChunkFrame f: // u16 slot | u32 chunk | bytes
                f.Payload.CopyTo(WriteSlotAndChunk(output, FrameType.Chunk, f.Slot, f.Chunk, f.Length));
                output.Advance(6 + f.Length);
                break;
            case BlobFrame f: // u8 what | 32 hash | what follows from that
                f.Write(Begin(output, FrameType.Blob, f.PayloadSize));
                output.Advance(f.PayloadSize);
                break;
            case RendezvousFrame f: // i64 epoch | 16 authority id | u8 flags | u8 n, n x (u16 n, url)
                WriteRendezvous(output, f);
                break;
            case PexFrame f: // u8 n, n x (u16 n, address)
                WriteList(output, FrameType.Pex, null, f.Addresses);
                break;
            case PingFrame f:
                BinaryPrimitives.WriteUInt64BigEndian(Begin(output, FrameType.Ping, 8), f.Nonce);
                output.Advance(8);
                break;
            case PongFrame f:
                BinaryPrimitives.WriteUInt64BigEndian(Begin(output, FrameType.Pong, 8), f.Nonce);
                output.Advance(8);
                break;
            case ByeFrame f:
                var reason = Text(f.Reason);
                var bye = Begin(output, FrameType.Bye, 1 + reason.Length);
                PutText(bye, reason);
                output.Advance(1 + reason.Length);
                break;
            case DialBackFrame f:
                BinaryPrimitives.WriteUInt32BigEndian(Begin(output, FrameType.DialBack, 4), f.Number);
                output.Advance(4);
                break;
            case DialBackResultFrame f: // u32 number | u8 outcome | u32 took in us
                var result = Begin(output, FrameType.DialBackResult, 9);
                BinaryPrimitives.WriteUInt32BigEndian(result, f.Number);
                result[4] = (byte)f.Outcome;
                BinaryPrimitives.WriteUInt32BigEndian(result[5..], f.TookUs);
                output.Advance(9);
                break;
            case TestWantFrame f: // u32 number | u32 size
                WriteTwo(output, FrameType.TestWant, f.Number, f.Size);
                break;
            case TestDataFrame f: // u32 number | bytes
                var data = Begin(output, FrameType.TestData, 4 + f.Bytes.Length);
                BinaryPrimitives.WriteUInt32BigEndian(data, f.Number);
                f.Bytes.CopyTo(data[4..]);
                output.Advance(4 + f.Bytes.Length);
                break;
            case TestAckFrame f: // u32 number | u32 good bytes
                WriteTwo(output, FrameType.TestAck, f.Number, f.GoodBytes);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(frame), frame.GetType().Name, "no such frame");
        }
    }

    /// <summary>Writes a CHUNK's header so that the payload can be read straight into what follows it.</summary>
    /// <param name="header">At least <see cref="ChunkHeaderSize"/> bytes.</param>
    /// <param name="slot">The track.</param>
    /// <param name="chunk">Its index.</param>
    /// <param name="length">Bytes of payload that follow.</param>
    public static void WriteChunkHeader(Span<byte> header, ushort slot, int chunk, int length)
    {
        BinaryPrimitives.WriteInt32BigEndian(header, 1 + 6 + length);
        header[4] = (byte)FrameType.Chunk;
        BinaryPrimitives.WriteUInt16BigEndian(header[5..], slot);
        BinaryPrimitives.WriteInt32BigEndian(header[7..], chunk);
    }

    /// <summary>Bytes before the payload of a CHUNK.</summary>
    public const int ChunkHeaderSize = FrameCaps.LengthSize + 1 + 6;

    // Returns room for the payload; the caller advances by the payload's length.
    private static Span<byte> Begin(IBufferWriter<byte> output, FrameType type, int payload)
    {
        var span = output.GetSpan(FrameCaps.LengthSize + 1 + payload);
        BinaryPrimitives.WriteInt32BigEndian(span, 1 + payload);
        span[4] = (byte)type;
        output.Advance(FrameCaps.LengthSize + 1);
        return output.GetSpan(payload);
    }

    // u64 magic | u16 version | u32 capabilities | u8 n, peer id | u8 n, room | u16 port | 32 nonce | 32 fingerprint
    private static void WriteHello(IBufferWriter<byte> output, HelloFrame f)
    {
        byte[] peer = Text(f.PeerId), room = Text(f.Room);
        var size = 8 + 2 + 4 + 1 + peer.Length + 1 + room.Length + 2 + 64;
        var span = Begin(output, FrameType.Hello, size);
        Magic.CopyTo(span);
        BinaryPrimitives.WriteUInt16BigEndian(span[8..], f.Version);
        BinaryPrimitives.WriteUInt32BigEndian(span[10..], f.Capabilities);
        var rest = PutText(PutText(span[14..], peer), room);
        BinaryPrimitives.WriteUInt16BigEndian(rest, f.ListenPort);
        f.Nonce.CopyTo(rest[2..]);
        f.Fingerprint.CopyTo(rest[34..]);
        output.Advance(size);
    }

    private static void WriteList(IBufferWriter<byte> output, FrameType type, string? head, IReadOnlyList<string> items)
    {
        var first = head is null ? null : Text(head);
        var encoded = items.Select(Encoding.UTF8.GetBytes).ToArray();
        var size = (first is null ? 0 : 1 + first.Length) + 1 + encoded.Sum(i => 2 + i.Length);
        var span = Begin(output, type, size);
        if (first is not null)
            span = PutText(span, first);
        span[0] = (byte)encoded.Length;
        span = span[1..];
        foreach (var item in encoded)
        {
            BinaryPrimitives.WriteUInt16BigEndian(span, (ushort)item.Length);
            item.CopyTo(span[2..]);
            span = span[(2 + item.Length)..];
        }

        output.Advance(size);
    }

    private static void WriteRendezvous(IBufferWriter<byte> output, RendezvousFrame f)
    {
        var urls = f.Urls.Select(Encoding.UTF8.GetBytes).ToArray();
        var size = 26 + urls.Sum(u => 2 + u.Length);
        var span = Begin(output, FrameType.Rendezvous, size);
        BinaryPrimitives.WriteInt64BigEndian(span, f.Epoch);
        f.AuthorityId.TryWriteBytes(span[8..], bigEndian: true, out _);
        (span[24], span[25]) = ((byte)f.Flags, (byte)urls.Length);
        span = span[26..];
        foreach (var url in urls)
        {
            BinaryPrimitives.WriteUInt16BigEndian(span, (ushort)url.Length);
            url.CopyTo(span[2..]);
            span = span[(2 + url.Length)..];
        }

        output.Advance(size);
    }

    private static void WriteTwo(IBufferWriter<byte> output, FrameType type, uint number, int value)
    {
        var span = Begin(output, type, 8);
        BinaryPrimitives.WriteUInt32BigEndian(span, number);
        BinaryPrimitives.WriteInt32BigEndian(span[4..], value);
        output.Advance(8);
    }

    private static void WriteSlotAndBytes(IBufferWriter<byte> output, FrameType type, ushort slot, byte[] bytes)
    {
        var span = Begin(output, type, 2 + bytes.Length);
        BinaryPrimitives.WriteUInt16BigEndian(span, slot);
        bytes.CopyTo(span[2..]);
        output.Advance(2 + bytes.Length);
    }

    private static void WriteIndexes(IBufferWriter<byte> output, FrameType type, ushort slot, int[] chunks)
    {
        var span = Begin(output, type, 2 + 4 * chunks.Length);
        BinaryPrimitives.WriteUInt16BigEndian(span, slot);
        for (var i = 0; i < chunks.Length; i++)
            BinaryPrimitives.WriteInt32BigEndian(span[(2 + 4 * i)..], chunks[i]);
        output.Advance(2 + 4 * chunks.Length);
    }

    private static Span<byte> WriteSlotAndChunk(IBufferWriter<byte> output, FrameType type, ushort slot, int chunk, int more)
    {
        var span = Begin(output, type, 6 + more);
        BinaryPrimitives.WriteUInt16BigEndian(span, slot);
        BinaryPrimitives.WriteInt32BigEndian(span[2..], chunk);
        return span[6..];
    }

    // Long text is cut at a whole character rather than refused: it is for people, or the other side refuses it.
    private static byte[] Text(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        if (bytes.Length <= FrameCaps.MaxText)
            return bytes;
        var end = FrameCaps.MaxText;
        while ((bytes[end] & 0xC0) == 0x80)
            end--;
        return bytes[..end];
    }

    private static Span<byte> PutText(Span<byte> span, ReadOnlySpan<byte> text)
    {
        span[0] = (byte)text.Length;
        text.CopyTo(span[1..]);
        return span[(1 + text.Length)..];
    }
}
