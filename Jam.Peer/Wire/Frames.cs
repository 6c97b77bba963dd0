namespace Jam.Peer.Wire;

/// <summary>What two peers say to each other. WIRE.md has the bytes of each.</summary>
internal abstract record Frame
{
    private protected Frame()
    {
    }
}

/// <summary>Before anything else, from anyone: which room is this?</summary>
internal sealed record WhereFrame : Frame;

/// <summary>Answer to WHERE.</summary>
internal sealed record RoomInfoFrame(string Room, IReadOnlyList<string> Urls) : Frame;

/// <summary>First frame of a member, both ways.</summary>
/// <param name="Version">Of this protocol.</param>
/// <param name="Capabilities">Bits, see <see cref="FrameCaps.Exchanges"/>; unknown ones are ignored.</param>
/// <param name="PeerId">From WELCOME.</param>
/// <param name="Room">The room's name.</param>
/// <param name="ListenPort">Swarm port; 0 where it does not listen.</param>
/// <param name="Nonce">32 random bytes, new for every connection.</param>
/// <param name="Fingerprint">SHA-256 of the link's key; zeros where links are not encrypted.</param>
internal sealed record HelloFrame(
    ushort Version, uint Capabilities, string PeerId, string Room, ushort ListenPort, byte[] Nonce, byte[] Fingerprint) : Frame;

/// <summary>Proof of membership over both HELLOs (<see cref="HandshakeProof"/>).</summary>
internal sealed record AuthFrame(byte[] Proof) : Frame;

/// <summary>What a peer says of a track that it announces.</summary>
[Flags]
internal enum TrackFlags : byte
{
    None = 0,

    /// <summary>It can send the manifest.</summary>
    HasManifest = 1,

    /// <summary>It stripes: ask it only for what it OFFERs, or for what is urgent.</summary>
    Stripes = 2,
}

/// <summary>Gives a track a slot number; every slot is in the numbering of whoever sends the frame.</summary>
internal sealed record TrackFrame(ushort Slot, TrackId Track, TrackFlags Flags) : Frame;

/// <summary>Asks for a track's manifest.</summary>
internal sealed record WantManifestFrame(ushort Slot) : Frame;

/// <summary>The manifest; good if its SHA-256 is the track's id.</summary>
internal sealed record ManifestFrame(ushort Slot, byte[] Encoded) : Frame;

/// <summary>Which chunks the sender has: one bit each, the first in the highest bit of the first byte.</summary>
internal sealed record BitfieldFrame(ushort Slot, byte[] Bits) : Frame;

/// <summary>Chunks that the sender has from now on.</summary>
internal sealed record HaveFrame(ushort Slot, int[] Chunks) : Frame;

/// <summary>Chunks that are on their way to the sender.</summary>
internal sealed record SoonFrame(ushort Slot, int[] Chunks) : Frame;

/// <summary>Chunks that the host would like the receiver to take and to relay; none: it may ask for any.</summary>
internal sealed record OfferFrame(ushort Slot, int[] Chunks) : Frame;

/// <summary>Asks for one chunk.</summary>
/// <param name="Slot">The track.</param>
/// <param name="Chunk">Its index.</param>
/// <param name="DeadlineMs">When it plays, in milliseconds from the sending of this frame; <see cref="int.MaxValue"/>: some day.</param>
internal sealed record RequestFrame(ushort Slot, int Chunk, int DeadlineMs) : Frame;

/// <summary>Takes a REQUEST back; the chunk may come all the same.</summary>
internal sealed record CancelFrame(ushort Slot, int Chunk) : Frame;

/// <summary>One chunk. The array is rented: whoever takes the frame returns it with <see cref="Release"/>.</summary>
internal sealed record ChunkFrame(ushort Slot, int Chunk, byte[] Rented, int Length) : Frame
{
    /// <summary>The chunk's bytes, until <see cref="Release"/>.</summary>
    public ReadOnlySpan<byte> Payload => Rented.AsSpan(0, Length);

    /// <summary>Gives the array back. Call it once.</summary>
    public void Release() => System.Buffers.ArrayPool<byte>.Shared.Return(Rented);
}

/// <summary>A REQUEST that will not be answered.</summary>
internal sealed record RejectFrame(ushort Slot, int Chunk) : Frame;

/// <summary>What the sender of a RENDEZVOUS has to do with the authority that it names.</summary>
[Flags]
internal enum RendezvousFlags : byte
{
    None = 0,

    /// <summary>It is connected with it at this moment.</summary>
    Connected = 1,

    /// <summary>It runs in the sender's own process.</summary>
    Own = 2,

    /// <summary>Nobody but the sender has ever followed it, so it gives way to any other.</summary>
    Alone = 4,
}

/// <summary>The highest authority of the room that the sender knows.</summary>
/// <param name="Epoch">Its epoch, at least 1.</param>
/// <param name="AuthorityId">Its clock.</param>
/// <param name="Flags">What the sender has to do with it; unknown bits are ignored.</param>
/// <param name="Urls">Where it is, the best first.</param>
internal sealed record RendezvousFrame(long Epoch, Guid AuthorityId, RendezvousFlags Flags, IReadOnlyList<string> Urls) : Frame;

/// <summary>Other members of the room and where they listen, each as <c>peer id@ip:port</c>.</summary>
internal sealed record PexFrame(IReadOnlyList<string> Addresses) : Frame;

/// <summary>Are you there?</summary>
internal sealed record PingFrame(ulong Nonce) : Frame;

/// <summary>I am.</summary>
internal sealed record PongFrame(ulong Nonce) : Frame;

/// <summary>The last frame, and why.</summary>
internal sealed record ByeFrame(string Reason) : Frame;

/// <summary>Please dial the port that my HELLO named, at the address that this connection comes from.</summary>
/// <param name="Number">Comes back with the answer.</param>
internal sealed record DialBackFrame(uint Number) : Frame;

/// <summary>What came of a DIAL_BACK.</summary>
internal enum DialBackOutcome : byte
{
    /// <summary>A SwarmJam peer answered there.</summary>
    Reached = 0,

    /// <summary>Nothing listens there.</summary>
    Refused = 1,

    /// <summary>No answer in time.</summary>
    NoAnswer = 2,

    /// <summary>There is no way to that address.</summary>
    Unreachable = 3,

    /// <summary>Something answered that is no SwarmJam peer.</summary>
    NotAPeer = 4,

    /// <summary>Not tried: asked too often, or HELLO named no port.</summary>
    Declined = 5,
}

/// <summary>Answer to DIAL_BACK.</summary>
/// <param name="Number">As asked.</param>
/// <param name="Outcome">What came of it.</param>
/// <param name="TookUs">How long it took, microseconds.</param>
internal sealed record DialBackResultFrame(uint Number, DialBackOutcome Outcome, uint TookUs) : Frame;

/// <summary>Asks for test data (<see cref="TestPayload"/>).</summary>
internal sealed record TestWantFrame(uint Number, int Size) : Frame;

/// <summary>Test data; none: the sender gives no more for now.</summary>
internal sealed record TestDataFrame(uint Number, byte[] Bytes) : Frame;

/// <summary>How many bytes of a TEST_DATA were as they must be; 0: none, or the receiver takes no more for now.</summary>
internal sealed record TestAckFrame(uint Number, int GoodBytes) : Frame;
