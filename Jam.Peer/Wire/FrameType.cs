namespace Jam.Peer.Wire;

/// <summary>The type byte of a frame.</summary>
internal enum FrameType : byte
{
    Where = 1,
    RoomInfo = 2,
    Hello = 3,
    Auth = 4,
    Track = 5,
    WantManifest = 6,
    Manifest = 7,
    Bitfield = 8,
    Have = 9,
    Soon = 10,
    Offer = 11,
    Request = 12,
    Cancel = 13,
    Chunk = 14,
    Reject = 15,
    Blob = 16,
    Rendezvous = 17,
    Pex = 18,
    Ping = 19,
    Pong = 20,
    Bye = 21,
    DialBack = 22,
    DialBackResult = 23,
    TestWant = 24,
    TestData = 25,
    TestAck = 26,
}

/// <summary>Caps that hold before anything is allocated.</summary>
internal static class FrameCaps
{
    /// <summary>Length prefix.</summary>
    public const int LengthSize = 4;

    /// <summary>Version of the protocol that this program speaks.</summary>
    public const ushort Version = 1;

    /// <summary>The capability bit of a peer that answers DIAL_BACK, TEST_WANT, TEST_DATA and reads PEX.</summary>
    public const uint Exchanges = 1;

    /// <summary>The capability bit of a peer that knows BLOB.</summary>
    public const uint Blobs = 2;

    /// <summary>The capability bit of a peer that says and reads where the room's authority is (RENDEZVOUS).</summary>
    public const uint Moves = 4;

    /// <summary>Most indexes in one HAVE, SOON or OFFER.</summary>
    public const int MaxIndexes = 1024;

    /// <summary>Longest peer id, room name or reason in bytes of UTF-8.</summary>
    public const int MaxText = 255;

    /// <summary>Longest URL or address in bytes.</summary>
    public const int MaxUrl = 512;

    /// <summary>Most URLs in ROOM_INFO, addresses in PEX.</summary>
    public const int MaxList = 50;

    /// <summary>Most slots that one side of a connection may use.</summary>
    public const int MaxSlots = 256;

    /// <summary>Largest payload of a type in bytes, the type byte not counted; -1 where the type is unknown.</summary>
    public static int MaxPayload(FrameType type) => type switch
    {
        FrameType.Where => 0,
        FrameType.RoomInfo => 1 + MaxText + 1 + 16 * (2 + MaxUrl),
        FrameType.Hello => 8 + 2 + 4 + 2 * (1 + MaxText) + 2 + 64,
        FrameType.Auth => HandshakeProof.Size,
        FrameType.Track => 2 + TrackId.Size + 1,
        FrameType.WantManifest => 2,
        FrameType.Manifest => 2 + Manifest.MaxEncodedSize,
        FrameType.Bitfield => 2 + Manifest.MaxChunks / 8,
        FrameType.Have or FrameType.Soon or FrameType.Offer => 2 + 4 * MaxIndexes,
        FrameType.Request => 10,
        FrameType.Cancel or FrameType.Reject => 6,
        FrameType.Chunk => 6 + Manifest.MaxChunkSize,
        FrameType.Blob => BlobFrame.MaxPayload,
        FrameType.Rendezvous => 8 + 16 + 1 + 1 + Server.Contracts.Limits.MaxUrls * (2 + MaxUrl),
        FrameType.Pex => 1 + MaxList * (2 + MaxUrl),
        FrameType.Ping or FrameType.Pong => 8,
        FrameType.Bye => 1 + MaxText,
        FrameType.DialBack => 4,
        FrameType.DialBackResult => 9,
        FrameType.TestWant or FrameType.TestAck => 8,
        FrameType.TestData => 4 + TestPayload.MaxSize,
        _ => -1,
    };

    /// <summary>Whether a type may come before both sides have proved their membership.</summary>
    public static bool IsAllowedBeforeAuth(FrameType type) =>
        type is FrameType.Where or FrameType.RoomInfo or FrameType.Hello or FrameType.Auth or FrameType.Bye;
}
