using System.Buffers.Binary;
using Jam.Peer.Playback;

namespace Jam.Peer.Audio.Sndfile;

/// <summary>The packets that begin a stream of Vorbis (its specification, section 4.2) or Opus (RFC 7845, section 5).</summary>
internal sealed class OggHeaders
{
    private const int MaxSetupBytes = SoundIndex.MaxHeadBytes - 1024;

    private readonly List<byte> _packet = [];
    private byte[]? _identity;
    private byte[]? _setup;
    private int _packets;

    /// <summary>Which codec; null where it is another one.</summary>
    public SoundKind? Kind { get; private set; }

    /// <summary>Sound frames at 48 kHz that an Opus decoder drops at the beginning.</summary>
    public int SkipFrames => Kind == SoundKind.Opus ? BinaryPrimitives.ReadUInt16LittleEndian(_identity.AsSpan(10)) : 0;

    /// <summary>Whether the next page begins with sound.</summary>
    public bool IsComplete => _packets > 0 && (Kind is null || _packets == (Kind == SoundKind.Opus ? 2 : 3));

    /// <summary>Takes the next page.</summary>
    public void Take(ReadOnlySpan<byte> page)
    {
        var body = OggPage.Body(page);
        foreach (var size in OggPage.Sizes(page))
        {
            // Comments are not needed, and may be long.
            if (_packets != 1)
                _packet.AddRange(body[..size]);
            body = body[size..];
            if (size == 255)
                continue;
            End([.. _packet]);
            _packet.Clear();
            if (IsComplete)
                return;
        }
    }

    /// <summary>The same packets without comments, as pages; null where they are too long.</summary>
    public byte[]? MakeHead(uint serial)
    {
        const byte begin = 2;
        if (_identity is null || OggPage.Make(serial, 0, 0, begin, _identity) is not { } first)
            return null;
        var second = Kind == SoundKind.Opus
            ? OggPage.Make(serial, 1, 0, 0, [.. "OpusTags"u8, 0, 0, 0, 0, 0, 0, 0, 0])
            : _setup is { Length: <= MaxSetupBytes } setup ? OggPage.Make(serial, 1, 0, 0, [3, .. "vorbis"u8, 0, 0, 0, 0, 0, 0, 0, 0, 1], setup) : null;
        return second is null ? null : [.. first, .. second];
    }

    private void End(byte[] packet)
    {
        _packets++;
        if (_packets == 1)
        {
            Kind = packet.AsSpan().StartsWith("OpusHead"u8) && packet.Length >= 19 ? SoundKind.Opus
                : packet.AsSpan().StartsWith("\u0001vorbis"u8) ? SoundKind.Vorbis : null;
            _identity = packet;
        }
        else if (_packets == 3)
        {
            _setup = packet;
        }
    }
}
