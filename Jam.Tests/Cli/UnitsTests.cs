using Jam.Peer.Cli.Options;
using NUnit.Framework;

namespace Jam.Tests.Cli;

internal sealed class UnitsTests
{
    [TestCase("500", 500)]
    [TestCase("500k", 500_000)]
    [TestCase("2M", 2_000_000)]
    [TestCase("1.5MB/s", 1_500_000)]
    [TestCase("400kbit", 50_000)]
    [TestCase("400Kbit/s", 50_000)]
    [TestCase("8Mbit", 1_000_000)]
    [TestCase("8Mbps", 1_000_000)]
    [TestCase("1G", 1_000_000_000)]
    public void A_rate_is_read(string text, long expected) => Assert.That(Units.BytesPerSecond(text), Is.EqualTo(expected));

    [TestCase("")]
    [TestCase("0")]
    [TestCase("-1k")]
    [TestCase("500kb")]
    [TestCase("1.2.3k")]
    [TestCase("k")]
    [TestCase("5 k")]
    [TestCase("1e9")]
    [TestCase("99999999999999999999G")]
    public void No_rate_is_refused(string text) => Assert.That(Units.BytesPerSecond(text), Is.Null);

    [TestCase("15", 15)]
    [TestCase("0.25", 0.25)]
    [TestCase("1m30s", 90)]
    [TestCase("90s", 90)]
    [TestCase("2m", 120)]
    [TestCase("1h2m3.5s", 3723.5)]
    public void A_duration_is_read(string text, double seconds) =>
        Assert.That(Units.Duration(text), Is.EqualTo(TimeSpan.FromSeconds(seconds)));

    [TestCase("")]
    [TestCase("1s2m")]
    [TestCase("-5")]
    [TestCase("1:30")]
    [TestCase("99999999")]
    public void No_duration_is_refused(string text) => Assert.That(Units.Duration(text), Is.Null);

    [TestCase("0", 0)]
    [TestCase("75.5", 75_500_000)]
    [TestCase("1:30", 90_000_000)]
    [TestCase("1:02:03.25", 3_723_250_000)]
    [TestCase("90:00", 5_400_000_000)]
    public void A_position_is_read(string text, long us) => Assert.That(Units.PositionUs(text), Is.EqualTo(us));

    [TestCase("")]
    [TestCase(":")]
    [TestCase("1:60")]
    [TestCase("1.5:10")]
    [TestCase("1:2:3:4")]
    [TestCase("-5")]
    [TestCase("NaN")]
    [TestCase("1e3")]
    public void No_position_is_refused(string text) => Assert.That(Units.PositionUs(text), Is.Null);
}
