using System.Buffers.Binary;
using Jam.Server.Contracts;

namespace Jam.Server.Hosting;

/// <summary>What a client sends.</summary>
internal enum InboundKind
{
    Text,
    Binary,
    Ping,
    Closed,
}

/// <summary>What came in, in order.</summary>
internal readonly record struct Inbound(InboundKind Kind, byte[] Bytes);

/// <summary>
/// Follows the frames in a client's bytes by their headers alone (RFC 6455, section 5.2), so that one which makes its message too long is
/// known before any of it is kept.
/// </summary>
internal sealed class FrameGuard
{
    private const int CloseCode = 8;
    private const int MaxControlBytes = 125;

    private readonly byte[] _header = new byte[14];
    private int _have;
    private long _payload;
    private long _message;

    /// <summary>Whether a frame was too much.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Whether the client has said that it ends.</summary>
    public bool HasClosed { get; private set; }

    /// <summary>Looks at the next bytes.</summary>
    /// <returns>How many of them come before a frame that is too much.</returns>
    public int Look(ReadOnlySpan<byte> bytes)
    {
        var good = IsOver ? 0 : bytes.Length;
        for (var at = 0; at < bytes.Length;)
        {
            if (_payload > 0)
            {
                var skip = (int)Math.Min(_payload, bytes.Length - at);
                _payload -= skip;
                at += skip;
                continue;
            }

            _header[_have++] = bytes[at++];
            if (_have < HeaderBytes)
                continue;
            if (!Begin() && !IsOver)
                (IsOver, good) = (true, Math.Max(0, at - _have));
            _have = 0;
        }

        return good;
    }

    private int HeaderBytes => _have < 2 ? 2 : 2 + LengthBytes + ((_header[1] & 0x80) != 0 ? 4 : 0);

    private int LengthBytes => (_header[1] & 0x7F) switch { 126 => 2, 127 => 8, _ => 0 };

    private bool Begin()
    {
        var length = LengthBytes switch
        {
            0 => _header[1] & 0x7FUL,
            2 => BinaryPrimitives.ReadUInt16BigEndian(_header.AsSpan(2)),
            _ => BinaryPrimitives.ReadUInt64BigEndian(_header.AsSpan(2)),
        };
        _payload = (long)Math.Min(length, long.MaxValue);
        var code = _header[0] & 0x0F;
        HasClosed |= code == CloseCode;
        if (code >= CloseCode)
            return _payload <= MaxControlBytes;
        _message = _payload > Limits.MaxMessageBytes ? _payload : _message + _payload;
        var isGood = _message <= Limits.MaxMessageBytes;
        if ((_header[0] & 0x80) != 0)
            _message = 0;
        return isGood;
    }
}
