using Jam.Peer.Audio.Mp3;
using NUnit.Framework;

namespace Jam.Tests.Audio;

/// <summary>How long a tag is, from its first ten bytes.</summary>
internal sealed class Id3Tests
{
    [TestCase(new byte[] { (byte)'I', (byte)'D', (byte)'3', 4, 0, 0, 0, 0, 1, 2 }, 140)]
    [TestCase(new byte[] { (byte)'I', (byte)'D', (byte)'3', 4, 0, 0x10, 0, 0, 1, 2 }, 150, Description = "with a footer")]
    [TestCase(new byte[] { (byte)'I', (byte)'D', (byte)'3', 3, 0, 0, 0, 31, 32, 0 }, 512_010, Description = "with a picture")]
    [TestCase(new byte[] { (byte)'I', (byte)'D', (byte)'3', 4, 0, 0, 0, 0, 0x81, 2 }, 0, Description = "a length of eight bits")]
    [TestCase(new byte[] { (byte)'I', (byte)'D', (byte)'3', 4, 0, 0, 0, 0, 1 }, 0, Description = "cut short")]
    [TestCase(new byte[] { 0xFF, 0xFB, 0x90, 0, 0, 0, 0, 0, 0, 0 }, 0, Description = "no tag")]
    public void The_length_counts_header_content_and_footer(byte[] head, long expected) => Assert.That(Id3.LengthOf(head), Is.EqualTo(expected));
}
