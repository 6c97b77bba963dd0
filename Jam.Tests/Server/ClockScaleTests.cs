using Jam.Server.Contracts;
using NUnit.Framework;

namespace Jam.Tests.Server;

/// <summary>Scaling without numbers of 128 bits gives what those give.</summary>
internal sealed class ClockScaleTests
{
    [Test]
    public void Scaling_is_exact_and_rounds_towards_zero([Values(1, 1_000, 44_100, 10_000_000, 1_000_000_000)] long per)
    {
        var random = new Random(11);
        for (var i = 0; i < 10_000; i++)
        {
            var value = random.NextInt64(-9_000_000_000_000, 9_000_000_000_000) >> random.Next(40);
            Assert.That(value.Scaled(1_000_000, per), Is.EqualTo((long)((Int128)value * 1_000_000 / per)), $"{value}");
        }
    }
}
