using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Jam.Peer.Wire;

/// <summary>What came of an attempt to read a frame.</summary>
internal enum ReadStatus
{
    /// <summary>The frame is not whole yet.</summary>
    NeedMore,

    /// <summary>A frame was read.</summary>
    Frame,

    /// <summary>The other side does not keep to the protocol; the connection is to be closed.</summary>
    Bad,
}

/// <summary>
/// Bytes to frames: a synchronous try-parse that takes whole frames off the front of a buffer. Length and type are checked as
/// soon as they are there, so nothing beyond a type's cap is ever buffered; nothing throws, whatever comes.
/// </summary>
internal static class FrameReader
{
    private static ReadOnlySpan<byte> Magic => "SWARMJAM"u8;

    private static readonly UTF8Encoding Strict = new(false, true);

    /// <summary>Takes one frame off the front of <paramref name="input"/>, which moves on only where a frame was read.</summary>
    /// <param name="input">What has arrived.</param>
    /// <param name="authenticated">Whether more than the handshake is allowed.</param>
    /// <param name="frame">The frame, for <see cref="ReadStatus.Frame"/>.</param>
    /// <param name="why">For <see cref="ReadStatus.Bad"/>: what is wrong, for the log.</param>
    public static ReadStatus TryRead(ref ReadOnlySequence<byte> input, bool authenticated, out Frame? frame, out string? why)
    {
        frame = null;
        why = null;
        Span<byte> head = stackalloc byte[FrameCaps.LengthSize + 1];
        if (input.Length < head.Length)
            return ReadStatus.NeedMore;
        input.Slice(0, head.Length).CopyTo(head);
        var length = BinaryPrimitives.ReadUInt32BigEndian(head);
        var type = (FrameType)head[4];
        var cap = FrameCaps.MaxPayload(type);
        if (cap < 0)
        {
            why = $"unknown frame type {head[4]}";
            return ReadStatus.Bad;
        }

        if (length < 1 || length - 1 > cap)
        {
            why = $"{type} of {length} bytes";
            return ReadStatus.Bad;
        }

        if (!authenticated && !FrameCaps.IsAllowedBeforeAuth(type))
        {
            why = $"{type} before the handshake";
            return ReadStatus.Bad;
        }

        if (input.Length < FrameCaps.LengthSize + length)
            return ReadStatus.NeedMore;
        var payload = input.Slice(head.Length, length - 1);
        frame = type == FrameType.Chunk ? ReadChunk(payload) : ReadSmall(type, payload);
        if (frame is null)
        {
            why = $"malformed {type}";
            return ReadStatus.Bad;
        }

        input = input.Slice(FrameCaps.LengthSize + length);
        return ReadStatus.Frame;
    }

    /// <summary>How much the frame wants whose front <paramref name="input"/> is, where that was <see cref="ReadStatus.NeedMore"/>; at least.</summary>
    public static int MissingBytes(in ReadOnlySequence<byte> input)
    {
        Span<byte> head = stackalloc byte[FrameCaps.LengthSize];
        // Before its type is here too, nobody has checked the length.
        if (input.Length <= head.Length)
            return 1;
        input.Slice(0, head.Length).CopyTo(head);
        return (int)(FrameCaps.LengthSize + BinaryPrimitives.ReadUInt32BigEndian(head) - input.Length);
    }

    private static ChunkFrame? ReadChunk(in ReadOnlySequence<byte> payload)
    {
        if (payload.Length < 7)
            return null;
        Span<byte> head = stackalloc byte[6];
        payload.Slice(0, 6).CopyTo(head);
        var length = (int)payload.Length - 6;
        var rented = ArrayPool<byte>.Shared.Rent(length);
        payload.Slice(6).CopyTo(rented);
        return new ChunkFrame(BinaryPrimitives.ReadUInt16BigEndian(head), BinaryPrimitives.ReadInt32BigEndian(head[2..]), rented, length);
    }

    private static Frame? ReadSmall(FrameType type, in ReadOnlySequence<byte> payload)
    {
        if (payload.IsSingleSegment)
            return Parse(type, payload.FirstSpan);
        var rented = ArrayPool<byte>.Shared.Rent((int)payload.Length);
        try
        {
            payload.CopyTo(rented);
            return Parse(type, rented.AsSpan(0, (int)payload.Length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private static Frame? Parse(FrameType type, ReadOnlySpan<byte> p) => type switch
    {
        FrameType.Where => new WhereFrame(),
        FrameType.RoomInfo => ParseRoomInfo(p),
        FrameType.Hello => ParseHello(p),
        FrameType.Auth => p.Length == HandshakeProof.Size ? new AuthFrame(p.ToArray()) : null,
        FrameType.Track => p.Length == 2 + TrackId.Size + 1
            ? new TrackFrame(Slot(p), TrackId.Read(p[2..]), (TrackFlags)p[2 + TrackId.Size])
            : null,
        FrameType.WantManifest => p.Length == 2 ? new WantManifestFrame(Slot(p)) : null,
        FrameType.Manifest => p.Length > 2 ? new ManifestFrame(Slot(p), p[2..].ToArray()) : null,
        FrameType.Bitfield => p.Length > 2 ? new BitfieldFrame(Slot(p), p[2..].ToArray()) : null,
        FrameType.Have => Indexes(p) is { Length: > 0 } have ? new HaveFrame(Slot(p), have) : null,
        FrameType.Soon => Indexes(p) is { Length: > 0 } soon ? new SoonFrame(Slot(p), soon) : null,
        FrameType.Offer => Indexes(p) is { } offer ? new OfferFrame(Slot(p), offer) : null,
        FrameType.Request => p.Length == 10 && Index(p[2..]) is >= 0 and var chunk
            ? new RequestFrame(Slot(p), chunk, BinaryPrimitives.ReadInt32BigEndian(p[6..]))
            : null,
        FrameType.Cancel => p.Length == 6 && Index(p[2..]) is >= 0 and var chunk ? new CancelFrame(Slot(p), chunk) : null,
        FrameType.Reject => p.Length == 6 && Index(p[2..]) is >= 0 and var chunk ? new RejectFrame(Slot(p), chunk) : null,
        FrameType.Blob => BlobFrame.Parse(p),
        FrameType.Rendezvous => p.Length > 25 && BinaryPrimitives.ReadInt64BigEndian(p) is > 0 and var epoch
            && TakeList(p[25..], Server.Contracts.Limits.MaxUrls, out var urls)
            ? new RendezvousFrame(epoch, new Guid(p.Slice(8, 16), bigEndian: true), (RendezvousFlags)p[24], urls)
            : null,
        FrameType.Pex => TakeList(p, FrameCaps.MaxList, out var addresses) ? new PexFrame(addresses) : null,
        FrameType.Ping => p.Length == 8 ? new PingFrame(BinaryPrimitives.ReadUInt64BigEndian(p)) : null,
        FrameType.Pong => p.Length == 8 ? new PongFrame(BinaryPrimitives.ReadUInt64BigEndian(p)) : null,
        FrameType.Bye => TakeText(p, out var reason, out var rest) && rest.IsEmpty ? new ByeFrame(reason) : null,
        FrameType.DialBack => p.Length == 4 ? new DialBackFrame(Number(p)) : null,
        FrameType.DialBackResult => p.Length == 9 && p[4] <= (byte)DialBackOutcome.Declined
            ? new DialBackResultFrame(Number(p), (DialBackOutcome)p[4], Number(p[5..]))
            : null,
        FrameType.TestWant => p.Length == 8 && Number(p[4..]) is >= 1 and <= TestPayload.MaxSize and var size
            ? new TestWantFrame(Number(p), (int)size)
            : null,
        FrameType.TestData => p.Length >= 4 ? new TestDataFrame(Number(p), p[4..].ToArray()) : null,
        FrameType.TestAck => p.Length == 8 && Number(p[4..]) is <= TestPayload.MaxSize and var good
            ? new TestAckFrame(Number(p), (int)good)
            : null,
        _ => null,
    };

    private static uint Number(ReadOnlySpan<byte> p) => BinaryPrimitives.ReadUInt32BigEndian(p);

    private static RoomInfoFrame? ParseRoomInfo(ReadOnlySpan<byte> p) =>
        TakeText(p, out var room, out var rest) && TakeList(rest, 16, out var urls) ? new RoomInfoFrame(room, urls) : null;

    private static HelloFrame? ParseHello(ReadOnlySpan<byte> p)
    {
        if (p.Length < 14 || !p.StartsWith(Magic)
            || !TakeText(p[14..], out var peer, out var rest) || !TakeText(rest, out var room, out rest)
            || rest.Length != 66 || peer.Length == 0 || room.Length == 0)
        {
            return null;
        }

        return new HelloFrame(
            BinaryPrimitives.ReadUInt16BigEndian(p[8..]), BinaryPrimitives.ReadUInt32BigEndian(p[10..]), peer, room,
            BinaryPrimitives.ReadUInt16BigEndian(rest), rest.Slice(2, 32).ToArray(), rest.Slice(34, 32).ToArray());
    }

    private static ushort Slot(ReadOnlySpan<byte> p) => BinaryPrimitives.ReadUInt16BigEndian(p);

    private static int Index(ReadOnlySpan<byte> p) =>
        BinaryPrimitives.ReadInt32BigEndian(p) is >= 0 and < Manifest.MaxChunks and var chunk ? chunk : -1;

    private static int[]? Indexes(ReadOnlySpan<byte> p)
    {
        if (p.Length < 2 || (p.Length - 2) % 4 != 0)
            return null;
        var chunks = new int[(p.Length - 2) / 4];
        for (var i = 0; i < chunks.Length; i++)
        {
            if ((chunks[i] = Index(p[(2 + 4 * i)..])) < 0)
                return null;
        }

        return chunks;
    }

    private static bool TakeText(ReadOnlySpan<byte> p, out string text, out ReadOnlySpan<byte> rest)
    {
        text = "";
        rest = default;
        if (p.IsEmpty || p.Length < 1 + p[0] || !TryDecode(p.Slice(1, p[0]), out text))
            return false;
        rest = p[(1 + p[0])..];
        return true;
    }

    private static bool TakeLong(ReadOnlySpan<byte> p, out string text, out ReadOnlySpan<byte> rest)
    {
        text = "";
        rest = default;
        if (p.Length < 2 || Slot(p) > FrameCaps.MaxUrl || p.Length < 2 + Slot(p) || !TryDecode(p.Slice(2, Slot(p)), out text))
            return false;
        rest = p[(2 + Slot(p))..];
        return true;
    }

    private static bool TakeList(ReadOnlySpan<byte> p, int most, out List<string> items)
    {
        items = [];
        if (p.IsEmpty || p[0] > most)
            return false;
        int count = p[0];
        p = p[1..];
        for (; count > 0; count--)
        {
            if (!TakeLong(p, out var item, out p))
                return false;
            items.Add(item);
        }

        return p.IsEmpty;
    }

    private static bool TryDecode(ReadOnlySpan<byte> bytes, out string text)
    {
        // The strict decoder throws on bad UTF-8; asking first keeps hostile input a result.
        if (!System.Text.Unicode.Utf8.IsValid(bytes))
        {
            text = "";
            return false;
        }

        text = Strict.GetString(bytes);
        return true;
    }
}
