using System.Security.Cryptography;
using Jam.Peer.Wire;

namespace Jam.Peer.Network;

/// <summary>
/// HELLO both ways, then AUTH both ways, the dialling side's first: whoever only listens proves nothing to a stranger.
/// </summary>
internal static class Handshake
{
    /// <summary>How long all of it may take.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    /// <summary>The dialling side.</summary>
    /// <param name="stream">The connection.</param>
    /// <param name="self">Who this peer is.</param>
    /// <param name="listenPort">Where it listens.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <param name="guard">Knows whether the link is encrypted, and whose key is whose; null: it is not.</param>
    /// <returns>The other side's HELLO.</returns>
    /// <exception cref="ProtocolException">The other side is no member of this room, or says no; the message says why.</exception>
    public static async Task<HelloFrame> DialAsync(FrameStream stream, PeerIdentity self, ushort listenPort, CancellationToken cancellationToken, LinkGuard? guard = null)
    {
        if (guard is not null)
            await guard.DialAsync(stream, cancellationToken);
        var mine = Hello(self, listenPort, guard?.FingerprintFor(stream));
        await stream.SendAsync(mine, cancellationToken);
        var theirs = Expect<HelloFrame>(await stream.ReadAsync(false, cancellationToken));
        Check(self, theirs);
        if (guard is not null)
            await guard.CheckAsync(stream, theirs, cancellationToken);
        await stream.SendAsync(new AuthFrame(HandshakeProof.Compute(self.Secret, true, mine, theirs)), cancellationToken);
        var proof = Expect<AuthFrame>(await stream.ReadAsync(false, cancellationToken)).Proof;
        if (!HandshakeProof.Verify(self.Secret, false, mine, theirs, proof))
            throw new ProtocolException("it does not know this room's secret");
        return theirs;
    }

    /// <summary>The listening side; answers WHERE as often as it is asked, within the time-out.</summary>
    /// <returns>The other side's HELLO, or null where it only asked and left.</returns>
    public static async Task<HelloFrame?> AcceptAsync(
        FrameStream stream, Func<PeerIdentity?> self, Func<RoomInfoFrame?> where, ushort listenPort, CancellationToken cancellationToken,
        LinkGuard? guard = null)
    {
        if (guard is not null)
            await guard.AcceptAsync(stream, cancellationToken);
        var first = await stream.ReadAsync(false, cancellationToken);
        for (; first is WhereFrame; first = await stream.ReadAsync(false, cancellationToken))
        {
            if (where() is not { } info)
                throw new ProtocolException("this peer is in no room yet; try again in a moment");
            await stream.SendAsync(info, cancellationToken);
        }

        if (first is null)
            return null;
        var theirs = Expect<HelloFrame>(first);
        if (self() is not { } identity)
            throw new ProtocolException("this peer is in no room yet; try again in a moment");
        Check(identity, theirs);
        if (guard is not null)
            await guard.CheckAsync(stream, theirs, cancellationToken);
        var mine = Hello(identity, listenPort, guard?.FingerprintFor(stream));
        await stream.SendAsync(mine, cancellationToken);
        var proof = Expect<AuthFrame>(await stream.ReadAsync(false, cancellationToken)).Proof;
        if (!HandshakeProof.Verify(identity.Secret, true, theirs, mine, proof))
            throw new ProtocolException("it does not know this room's secret");
        await stream.SendAsync(new AuthFrame(HandshakeProof.Compute(identity.Secret, false, theirs, mine)), cancellationToken);
        return theirs;
    }

    private static HelloFrame Hello(PeerIdentity self, ushort listenPort, byte[]? fingerprint) => new(
        FrameCaps.Version, FrameCaps.Exchanges | FrameCaps.Blobs | FrameCaps.Moves, self.PeerId, self.Room, listenPort, RandomNumberGenerator.GetBytes(HandshakeProof.Size), fingerprint ?? new byte[32]);

    private static void Check(PeerIdentity self, HelloFrame theirs)
    {
        if (theirs.Version != FrameCaps.Version)
            throw new ProtocolException($"it speaks version {theirs.Version} of the peer protocol, this is {FrameCaps.Version}; use the same release on both");
        if (theirs.Room != self.Room)
            throw new ProtocolException($"it is in room '{theirs.Room}', this peer in '{self.Room}'");
        if (theirs.PeerId == self.PeerId)
            throw new ProtocolException("that is this peer itself");
    }

    private static T Expect<T>(Frame? frame)
        where T : Frame => frame switch
        {
            T expected => expected,
            ByeFrame bye => throw new ProtocolException($"it says: {bye.Reason}"),
            null => throw new ProtocolException("it closed the connection"),
            ChunkFrame chunk => throw Unexpected(chunk),
            _ => throw new ProtocolException($"{frame.GetType().Name} where {typeof(T).Name} was due"),
        };

    private static ProtocolException Unexpected(ChunkFrame chunk)
    {
        chunk.Release();
        return new ProtocolException("a chunk before the handshake");
    }
}
