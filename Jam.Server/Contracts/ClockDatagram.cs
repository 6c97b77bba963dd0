using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Jam.Server.Contracts;

/// <summary>
/// A probe of the room clock as a datagram, which nothing holds up on its way: no lost packet before it, no other message. Both ways have
/// the same length, so that nobody gains by asking in another's name; and each ends with a proof of the key that CLOCK_PORT told.
/// See PROTOCOL.md, "The clock by datagrams".
/// </summary>
public static class ClockDatagram
{
    /// <summary>Bytes of a request, and of an answer.</summary>
    public const int Length = 72;

    /// <summary>Bytes of a key.</summary>
    public const int KeyLength = 32;

    private const uint Magic = 0x4A_43_4C_4B;
    private const byte Version = 1;
    private const byte Request = 1;
    private const byte Response = 2;
    private const int KindAt = 5;
    private const int TicketAt = 8;
    private const int MarkAt = 16;
    private const int ClockIdAt = 24;
    private const int T2At = 40;
    private const int T3At = 48;
    private const int ProofAt = 56;

    /// <summary>Writes a request.</summary>
    /// <param name="into"><see cref="Length"/> bytes.</param>
    /// <param name="key">What CLOCK_PORT told.</param>
    /// <param name="ticket">What CLOCK_PORT told.</param>
    /// <param name="mark">Comes back as it is: by it the asker knows when it asked. So all is ready to be sent before that.</param>
    public static void WriteRequest(Span<byte> into, ReadOnlySpan<byte> key, long ticket, long mark)
    {
        Begin(into, Request, ticket, mark);
        Seal(into, key);
    }

    /// <summary>Writes an answer.</summary>
    /// <param name="into"><see cref="Length"/> bytes.</param>
    /// <param name="key">The asker's.</param>
    /// <param name="ticket">As in the request.</param>
    /// <param name="stamps">The mark as in the request; when that came, and when this leaves, on the clock that is named.</param>
    public static void WriteResponse(Span<byte> into, ReadOnlySpan<byte> key, long ticket, in ClockStamps stamps)
    {
        Begin(into, Response, ticket, stamps.Mark);
        stamps.ClockId.TryWriteBytes(into[ClockIdAt..], bigEndian: true, out _);
        BinaryPrimitives.WriteInt64BigEndian(into[T2At..], stamps.T2Us);
        BinaryPrimitives.WriteInt64BigEndian(into[T3At..], stamps.T3Us);
        Seal(into, key);
    }

    /// <summary>Whether it looks like a request, and whose; that is not proved yet.</summary>
    public static bool TryReadTicket(ReadOnlySpan<byte> datagram, out long ticket)
    {
        var isRequest = IsOf(datagram, Request);
        ticket = isRequest ? BinaryPrimitives.ReadInt64BigEndian(datagram[TicketAt..]) : 0;
        return isRequest;
    }

    /// <summary>Reads a request whose ticket was read; false where who sent it does not know the ticket's key.</summary>
    public static bool TryReadRequest(ReadOnlySpan<byte> datagram, ReadOnlySpan<byte> key, out long mark)
    {
        mark = 0;
        if (!IsOf(datagram, Request) || !IsSealed(datagram, key))
            return false;
        mark = BinaryPrimitives.ReadInt64BigEndian(datagram[MarkAt..]);
        return true;
    }

    /// <summary>Reads an answer; false where it is none, or not from who told the key.</summary>
    public static bool TryReadResponse(ReadOnlySpan<byte> datagram, ReadOnlySpan<byte> key, long ticket, out ClockStamps stamps)
    {
        stamps = default;
        if (!IsOf(datagram, Response) || BinaryPrimitives.ReadInt64BigEndian(datagram[TicketAt..]) != ticket || !IsSealed(datagram, key))
            return false;
        stamps = new ClockStamps(
            BinaryPrimitives.ReadInt64BigEndian(datagram[MarkAt..]), BinaryPrimitives.ReadInt64BigEndian(datagram[T2At..]),
            BinaryPrimitives.ReadInt64BigEndian(datagram[T3At..]), new Guid(datagram.Slice(ClockIdAt, 16), bigEndian: true));
        return true;
    }

    private static void Begin(Span<byte> into, byte kind, long ticket, long mark)
    {
        into[..Length].Clear();
        BinaryPrimitives.WriteUInt32BigEndian(into, Magic);
        into[KindAt - 1] = Version;
        into[KindAt] = kind;
        BinaryPrimitives.WriteInt64BigEndian(into[TicketAt..], ticket);
        BinaryPrimitives.WriteInt64BigEndian(into[MarkAt..], mark);
    }

    private static bool IsOf(ReadOnlySpan<byte> datagram, byte kind) =>
        datagram.Length == Length && BinaryPrimitives.ReadUInt32BigEndian(datagram) == Magic && datagram[KindAt - 1] == Version && datagram[KindAt] == kind;

    private static void Seal(Span<byte> datagram, ReadOnlySpan<byte> key)
    {
        Span<byte> proof = stackalloc byte[HMACSHA256.HashSizeInBytes];
        Prove(datagram, key, proof).CopyTo(datagram[ProofAt..]);
    }

    private static bool IsSealed(ReadOnlySpan<byte> datagram, ReadOnlySpan<byte> key)
    {
        Span<byte> proof = stackalloc byte[HMACSHA256.HashSizeInBytes];
        return CryptographicOperations.FixedTimeEquals(Prove(datagram, key, proof), datagram[ProofAt..]);
    }

    private static ReadOnlySpan<byte> Prove(ReadOnlySpan<byte> datagram, ReadOnlySpan<byte> key, Span<byte> into)
    {
        HMACSHA256.HashData(key, datagram[..ProofAt], into);
        return into[..(Length - ProofAt)];
    }
}

/// <summary>What an answered probe tells, but for when the answer came.</summary>
/// <param name="Mark">The request's.</param>
/// <param name="T2Us">When it came, the server's clock.</param>
/// <param name="T3Us">When the answer left, the server's clock.</param>
/// <param name="ClockId">Which clock the server's is.</param>
public readonly record struct ClockStamps(long Mark, long T2Us, long T3Us, Guid ClockId);
