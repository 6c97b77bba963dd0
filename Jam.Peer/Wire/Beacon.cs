using System.Buffers.Binary;
using System.Text;

namespace Jam.Peer.Wire;

/// <summary>
/// What a host tells its own network every few seconds, as one datagram: <c>"SWARMJAM" | u8 version | u16 port | u8 n, room | u8 n,
/// name | u8 n, track</c>. Nothing in it is secret: whoever reads it could as well ask the port with WHERE.
/// </summary>
/// <param name="Port">Swarm port at the address that the datagram comes from.</param>
/// <param name="Room">The room's name.</param>
/// <param name="Name">What the host calls itself.</param>
/// <param name="Track">What the room plays; empty where it has no track.</param>
internal sealed record Beacon(int Port, string Room, string Name, string Track)
{
    /// <summary>Version of the datagram.</summary>
    public const byte Version = 1;

    /// <summary>Largest datagram in bytes.</summary>
    public const int MaxSize = 8 + 1 + 2 + 3 * (1 + MaxText);

    private const int MaxText = 255;

    private static ReadOnlySpan<byte> Magic => "SWARMJAM"u8;

    /// <summary>As a datagram.</summary>
    public byte[] Write()
    {
        byte[][] texts = [Cut(Room), Cut(Name), Cut(Track)];
        var bytes = new byte[8 + 1 + 2 + texts.Sum(t => 1 + t.Length)];
        Magic.CopyTo(bytes);
        bytes[8] = Version;
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(9), (ushort)Port);
        var at = 11;
        foreach (var text in texts)
        {
            bytes[at++] = (byte)text.Length;
            text.CopyTo(bytes, at);
            at += text.Length;
        }

        return bytes;
    }

    /// <summary>Reads a datagram, whoever sent it; null where it is none of ours. Control characters come back as <c>?</c>.</summary>
    public static Beacon? TryRead(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length is < 14 or > MaxSize || !bytes.StartsWith(Magic) || bytes[8] != Version)
            return null;
        var port = BinaryPrimitives.ReadUInt16BigEndian(bytes[9..]);
        var rest = bytes[11..];
        return port != 0 && Take(ref rest, out var room) && room.Length > 0 && Take(ref rest, out var name) && Take(ref rest, out var track)
            && rest.IsEmpty ? new Beacon(port, room, name, track) : null;
    }

    private static bool Take(ref ReadOnlySpan<byte> rest, out string text)
    {
        text = "";
        if (rest.IsEmpty || rest.Length < 1 + rest[0])
            return false;
        var part = rest.Slice(1, rest[0]);
        if (!System.Text.Unicode.Utf8.IsValid(part))
            return false;
        // It is shown on a terminal, which must not take orders from a stranger.
        text = string.Concat(Encoding.UTF8.GetString(part).Select(c => char.IsControl(c) ? '?' : c));
        rest = rest[(1 + part.Length)..];
        return true;
    }

    private static byte[] Cut(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        if (bytes.Length <= MaxText)
            return bytes;
        var end = MaxText;
        while ((bytes[end] & 0xC0) == 0x80)
            end--;
        return bytes[..end];
    }
}
