using System.Buffers.Binary;

namespace Jam.Peer.Wire;

/// <summary>BLOB: what travels beside a track, asked for and given by its hash.</summary>
internal abstract record BlobFrame(BlobId Blob) : Frame
{
    /// <summary>Most bytes in one piece.</summary>
    public const int MaxPiece = 16 * 1024;

    /// <summary>Nothing longer is asked for or given.</summary>
    public const int MaxTotal = 512 * 1024;

    /// <summary>Largest payload: what, hash, total, offset, piece.</summary>
    public const int MaxPayload = Head + 8 + MaxPiece;

    private const int Head = 1 + BlobId.Size;

    private enum What : byte
    {
        Want = 1,
        Piece = 2,
        None = 3,
        Have = 4,
    }

    /// <summary>Reads a payload; null where it is malformed.</summary>
    public static BlobFrame? Parse(ReadOnlySpan<byte> p)
    {
        if (p.Length < Head)
            return null;
        var id = BlobId.Read(p[1..]);
        var rest = p[Head..];
        return (What)p[0] switch
        {
            What.Want => rest.Length == 5 && TryPlace(rest, out var offset) && rest[4] <= 1 ? new BlobWantFrame(id, offset, rest[4] == 1) : null,
            What.Piece => rest.Length is > 8 and <= 8 + MaxPiece && TryPlace(rest[4..], out var offset)
                && BinaryPrimitives.ReadUInt32BigEndian(rest) is <= MaxTotal and var total && offset + rest.Length - 8 <= total
                ? new BlobPieceFrame(id, (int)total, offset, rest[8..].ToArray())
                : null,
            What.None => rest.IsEmpty ? new BlobNoneFrame(id) : null,
            What.Have => rest.IsEmpty ? new BlobHaveFrame(id) : null,
            _ => null,
        };
    }

    /// <summary>How many bytes <see cref="Write"/> needs.</summary>
    public int PayloadSize => this switch
    {
        BlobWantFrame => Head + 5,
        BlobPieceFrame piece => Head + 8 + piece.Bytes.Length,
        _ => Head,
    };

    /// <summary>Writes the payload.</summary>
    public void Write(Span<byte> p)
    {
        p[0] = (byte)(this switch { BlobWantFrame => What.Want, BlobPieceFrame => What.Piece, BlobNoneFrame => What.None, _ => What.Have });
        Blob.Write(p[1..]);
        var rest = p[Head..];
        switch (this)
        {
            case BlobWantFrame want: // u32 offset | u8 patient
                BinaryPrimitives.WriteInt32BigEndian(rest, want.Offset);
                rest[4] = want.IsPatient ? (byte)1 : (byte)0;
                break;
            case BlobPieceFrame piece: // u32 total | u32 offset | bytes
                BinaryPrimitives.WriteInt32BigEndian(rest, piece.Total);
                BinaryPrimitives.WriteInt32BigEndian(rest[4..], piece.Offset);
                piece.Bytes.CopyTo(rest[8..]);
                break;
        }
    }

    private static bool TryPlace(ReadOnlySpan<byte> p, out int offset)
    {
        var value = BinaryPrimitives.ReadUInt32BigEndian(p);
        offset = (int)Math.Min(value, MaxTotal);
        return value < MaxTotal;
    }
}

/// <summary>Asks for the piece of a blob that begins at an offset.</summary>
/// <param name="Blob">Its hash.</param>
/// <param name="Offset">First byte wanted.</param>
/// <param name="IsPatient">Whether it may wait until nothing else goes out.</param>
internal sealed record BlobWantFrame(BlobId Blob, int Offset, bool IsPatient) : BlobFrame(Blob);

/// <summary>Answers with a piece.</summary>
/// <param name="Blob">Its hash.</param>
/// <param name="Total">Length of the whole blob in bytes.</param>
/// <param name="Offset">Where the piece begins.</param>
/// <param name="Bytes">1 to <see cref="BlobFrame.MaxPiece"/> bytes.</param>
internal sealed record BlobPieceFrame(BlobId Blob, int Total, int Offset, byte[] Bytes) : BlobFrame(Blob);

/// <summary>Answers that the blob is not here; BLOB HAVE follows when it is.</summary>
internal sealed record BlobNoneFrame(BlobId Blob) : BlobFrame(Blob);

/// <summary>The blob is here from now on.</summary>
internal sealed record BlobHaveFrame(BlobId Blob) : BlobFrame(Blob);
