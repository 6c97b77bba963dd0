using System.Net;
using Jam.Peer.Network;
using NUnit.Framework;

namespace Jam.Tests.Network;

/// <summary>An address as text, without the framework's own way to it.</summary>
internal sealed class PlainAddressTests
{
    [TestCase("0.0.0.0")]
    [TestCase("192.168.1.5")]
    [TestCase("255.255.255.255")]
    [TestCase("::")]
    [TestCase("::1")]
    [TestCase("::ffff:192.0.2.1")]
    [TestCase("::192.0.2.1")]
    [TestCase("fd00::2")]
    [TestCase("fe80::fc:ff:fe00:1%3")]
    [TestCase("fe80::5efe:192.0.2.1")]
    [TestCase("2001:db8::")]
    [TestCase("2001:0:db8::1")]
    [TestCase("2001:db8:0:1:1:1:1:1")]
    [TestCase("2001:0:0:1:0:0:0:1")]
    [TestCase("2001:0:0:1:1:0:0:1")]
    [TestCase("2001:db8:1:2:3:4:5:0")]
    [TestCase("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")]
    public void An_address_reads_as_the_framework_writes_it(string text)
    {
        var address = IPAddress.Parse(text);
        Assert.That(address.Text(), Is.EqualTo(address.ToString()));
        Assert.That(new IPEndPoint(address, 9003).Text(), Is.EqualTo(new IPEndPoint(address, 9003).ToString()));
    }

    [Test]
    public void So_do_ten_thousand_with_zeros_anywhere()
    {
        var random = new Random(7);
        var bytes = new byte[16];
        for (var i = 0; i < 10_000; i++)
        {
            random.NextBytes(bytes);
            for (var group = 0; group < 8; group++)
            {
                if (random.Next(2) == 0)
                    bytes[2 * group] = bytes[2 * group + 1] = 0;
            }
            var address = new IPAddress(bytes);
            Assert.That(address.Text(), Is.EqualTo(address.ToString()));
        }
    }
}
