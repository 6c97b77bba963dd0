using FsCheck;
using FsCheck.Fluent;
using Jam.Peer.Gateway;
using NUnit.Framework;

namespace Jam.Tests.Gateway;

internal sealed class ByteRangeTests
{
    [TestCase("bytes=0-0", 0, 1)]
    [TestCase("bytes=0-99", 0, 100)]
    [TestCase("bytes=10-19", 10, 10)]
    [TestCase("bytes=10-", 10, 90)]
    [TestCase("bytes=90-500", 90, 10)]
    [TestCase("bytes=-10", 90, 10)]
    [TestCase("bytes=-500", 0, 100)]
    [TestCase("BYTES= 5 - 6 ", 5, 2)]
    public void A_range_is_what_it_says_within_the_whole(string header, long first, long length) =>
        Assert.That(ByteRange.Read(header, 100), Is.EqualTo(new ByteRange(first, length, true)));

    [TestCase(null)]
    [TestCase("")]
    [TestCase("bytes")]
    [TestCase("bytes=")]
    [TestCase("bytes=-")]
    [TestCase("bytes=a-b")]
    [TestCase("bytes=5-4")]
    [TestCase("bytes=0-1,3-4")]
    [TestCase("bytes=1-2-3")]
    [TestCase("bytes=+1-2")]
    [TestCase("bytes=99999999999999999999-")]
    [TestCase("seconds=1-2")]
    public void What_is_not_understood_is_ignored(string? header) => Assert.That(ByteRange.Read(header, 100), Is.EqualTo(new ByteRange(0, 100, false)));

    [TestCase("bytes=100-")]
    [TestCase("bytes=100-200")]
    [TestCase("bytes=-0")]
    public void What_begins_beyond_the_end_is_refused(string header) => Assert.That(ByteRange.Read(header, 100), Is.Null);

    [Test]
    public void No_header_leads_out_of_the_track() => Prop.ForAll(
        ArbMap.Default.GeneratorFor<string>().Select(text => $"bytes={text}").ToArbitrary(), ArbMap.Default.GeneratorFor<PositiveInt>().ToArbitrary(),
        (header, total) => ByteRange.Read(header, total.Get) is not { } range || (range.First >= 0 && range.Length > 0 && range.First + range.Length <= total.Get))
        .Check(Config.QuickThrowOnFailure.WithMaxTest(1_000));
}
