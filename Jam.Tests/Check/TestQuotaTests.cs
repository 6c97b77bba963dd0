using Jam.Peer.Network;
using Jam.Peer.Wire;
using NUnit.Framework;

namespace Jam.Tests.Check;

/// <summary>What a test may cost the peer that is asked.</summary>
internal sealed class TestQuotaTests
{
    [Test]
    public void The_bucket_is_given_out_once_and_fills_slowly()
    {
        var quota = new TestQuota(null);
        Assert.That(quota.TryGive(TestQuota.Depth, 0), Is.True);
        Assert.That(quota.TryGive(1, 0), Is.False);
        Assert.That(quota.TryGive(TestQuota.Refill, 999_999), Is.False);
        Assert.That(quota.TryGive(TestQuota.Refill, 1_000_000), Is.True);
        Assert.That(quota.TryGive(1, 1_000_000), Is.False);
    }

    [Test]
    public void It_never_holds_more_than_its_depth()
    {
        var quota = new TestQuota(null);
        quota.TryGive(1, 0);
        Assert.That(quota.TryGive(TestQuota.Depth + 1, 3_600_000_000), Is.False);
        Assert.That(quota.TryGive(TestQuota.Depth, 3_600_000_000), Is.True);
    }

    [Test]
    public void Under_an_upload_cap_tests_get_two_seconds_of_it_then_an_eighth()
    {
        var quota = new TestQuota(80_000);
        Assert.That(quota.TryGive(160_001, 0), Is.False);
        Assert.That(quota.TryGive(160_000, 0), Is.True);
        Assert.That(quota.TryGive(10_001, 1_000_000), Is.False);
        Assert.That(quota.TryGive(10_000, 1_000_000), Is.True);
    }

    [TestCase(1)]
    [TestCase(7)]
    [TestCase(8)]
    [TestCase(16_384)]
    public void Test_data_are_good_as_they_are_and_bad_with_any_bit_changed(int size)
    {
        foreach (var number in new[] { 0u, 1u, uint.MaxValue })
        {
            var data = TestPayload.Create(number, size);
            Assert.That(TestPayload.IsGood(number, data), Is.True);
            data[^1] ^= 1;
            Assert.That(TestPayload.IsGood(number, data), Is.False);
        }

        Assert.That(TestPayload.Create(1, size), Is.Not.EqualTo(TestPayload.Create(2, size)));
    }
}
