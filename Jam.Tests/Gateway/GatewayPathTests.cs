using Jam.Peer.Gateway;
using NUnit.Framework;

namespace Jam.Tests.Gateway;

internal sealed class GatewayPathTests
{
    private const string Id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789ABCDEF";

    [TestCase("", GatewayPart.Bytes)]
    [TestCase("/index", GatewayPart.Index)]
    [TestCase("/tags", GatewayPart.Tags)]
    [TestCase("/cover", GatewayPart.Cover)]
    public void A_track_and_what_travels_beside_it_have_their_paths(string rest, object part)
    {
        Assert.That(GatewayPath.TryParse("/track/" + Id + rest, out var path), Is.True);
        Assert.That((path.Track.ToString(), path.Part), Is.EqualTo((Id.ToLowerInvariant(), (GatewayPart)part)));
    }

    [TestCase(null)]
    [TestCase("")]
    [TestCase("/track/")]
    [TestCase("/track/..")]
    [TestCase("/track/../../etc/passwd")]
    [TestCase("/track/" + Id + "/../manifest")]
    [TestCase("/track/" + Id + "/data")]
    [TestCase("/track/" + Id + "/")]
    [TestCase("/track/" + Id + "0")]
    [TestCase("/track//" + Id)]
    [TestCase("/track/" + Id + "/cover/")]
    [TestCase("/track/g123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    [TestCase("/tracks/" + Id)]
    [TestCase("/track/%2e%2e%2f%2e%2e")]
    public void Anything_else_is_no_path(string? path) => Assert.That(GatewayPath.TryParse(path, out _), Is.False);
}
