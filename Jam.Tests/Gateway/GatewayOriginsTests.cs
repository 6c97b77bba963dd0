using System.Net;
using Jam.Peer.Gateway;
using NUnit.Framework;

namespace Jam.Tests.Gateway;

internal sealed class GatewayOriginsTests
{
    private static readonly IPAddress[] Own = [IPAddress.Parse("192.0.2.9"), IPAddress.Parse("2001:db8::9")];

    [TestCase("http://192.0.2.1:8000", "ws://192.0.2.1:8000/ws/jam", true)]
    [TestCase("http://JAM.example:8000", "ws://jam.example:8000/ws/jam", true)]
    [TestCase("https://jam.example", "wss://jam.example/ws/jam", true)]
    [TestCase("http://192.0.2.9:8000", "ws://127.0.0.1:8000/ws/jam", true)]
    [TestCase("http://[2001:db8::9]:8000", "ws://127.0.0.1:8000/ws/jam", true)]
    [TestCase("http://localhost:8000", "ws://127.0.0.1:8000/ws/jam", true)]
    [TestCase("http://192.0.2.8:8000", "ws://127.0.0.1:8000/ws/jam", false)]
    [TestCase("http://192.0.2.1:8001", "ws://192.0.2.1:8000/ws/jam", false)]
    [TestCase("https://192.0.2.1:8000", "ws://192.0.2.1:8000/ws/jam", false)]
    [TestCase("http://evil.example:8000", "ws://192.0.2.1:8000/ws/jam", false)]
    [TestCase("http://192.0.2.1:8000@evil.example", "ws://192.0.2.1:8000/ws/jam", false)]
    [TestCase("http://192.0.2.1:8000/path", "ws://192.0.2.1:8000/ws/jam", false)]
    [TestCase("http://192.0.2.1.evil.example:8000", "ws://192.0.2.1:8000/ws/jam", false)]
    [TestCase("file://192.0.2.1:8000", "ws://192.0.2.1:8000/ws/jam", false)]
    [TestCase("null", "ws://192.0.2.1:8000/ws/jam", false)]
    [TestCase("", "ws://192.0.2.1:8000/ws/jam", false)]
    public void Only_pages_of_the_rooms_own_server_are_allowed(string origin, string server, bool isAllowed) =>
        Assert.That(GatewayOrigins.Allows(origin, [new Uri(server)], Own), Is.EqualTo(isAllowed));

    [Test]
    public void Without_a_server_nobody_is() => Assert.That(GatewayOrigins.Allows("http://192.0.2.1:8000", [], Own), Is.False);
}
