using Jam.Peer.Wire;
using NUnit.Framework;

namespace Jam.Tests.Wire;

/// <summary>A proof holds for one secret, one pair of peers, one pair of nonces, one side.</summary>
internal sealed class HandshakeProofTests
{
    private static readonly byte[] Secret = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    private static HelloFrame Hello(string peer, byte nonce, string room = "jam") =>
        new(1, 0, peer, room, 9003, [.. Enumerable.Repeat(nonce, 32)], new byte[32]);

    [Test]
    public void The_right_proof_is_accepted()
    {
        var proof = HandshakeProof.Compute(Secret, true, Hello("a", 1), Hello("b", 2));
        Assert.That(HandshakeProof.Verify(Secret, true, Hello("a", 1), Hello("b", 2), proof), Is.True);
    }

    [Test]
    public void A_proof_is_worth_nothing_elsewhere()
    {
        var proof = HandshakeProof.Compute(Secret, true, Hello("a", 1), Hello("b", 2));
        byte[] other = [.. Secret[..31], 99];
        Assert.Multiple(() =>
        {
            Assert.That(HandshakeProof.Verify(other, true, Hello("a", 1), Hello("b", 2), proof), Is.False, "another secret");
            Assert.That(HandshakeProof.Verify(Secret, false, Hello("a", 1), Hello("b", 2), proof), Is.False, "sent back");
            Assert.That(HandshakeProof.Verify(Secret, true, Hello("a", 3), Hello("b", 2), proof), Is.False, "an old nonce");
            Assert.That(HandshakeProof.Verify(Secret, true, Hello("a", 1), Hello("b", 3), proof), Is.False, "the other's old nonce");
            Assert.That(HandshakeProof.Verify(Secret, true, Hello("c", 1), Hello("b", 2), proof), Is.False, "another peer");
            Assert.That(HandshakeProof.Verify(Secret, true, Hello("a", 1, "x"), Hello("b", 2, "x"), proof), Is.False, "another room");
            Assert.That(HandshakeProof.Verify(Secret, true, Hello("a", 1), Hello("b", 2), proof.AsSpan(0, 31)), Is.False, "cut short");
        });
    }
}
