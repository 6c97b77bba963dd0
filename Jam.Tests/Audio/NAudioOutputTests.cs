using Jam.Peer.Audio;
using NUnit.Framework;

namespace Jam.Tests.Audio;

/// <summary>What is NAudio's alone, beside the contract of outputs.</summary>
public sealed class NAudioOutputTests
{
    [TestCase(true)]
    [TestCase(false)]
    public async Task A_player_that_stops_by_itself_is_a_device_that_is_lost(bool byPosition)
    {
        await using var rig = new NAudioRig(byPosition);
        rig.Run(100_000);
        rig.Fail("its cable is out");
        Assert.That(await rig.Output.Lost, Is.EqualTo("NAudio says: its cable is out"));
    }

    [Test]
    public async Task Its_own_end_is_no_loss()
    {
        var rig = new NAudioRig(byPosition: true);
        await rig.DisposeAsync();
        rig.Fail("closed");
        Assert.That(rig.Output.Lost.IsCompleted, Is.False);
    }

    [Test]
    public void A_device_that_is_not_there_is_one_line()
    {
        var (output, error) = NAudioOutput.Open(TimeProvider.System, "no such device");
        Assert.That(output, Is.Null);
        Assert.That(error, Does.StartWith("NAudio cannot open no such device (").And.Not.Contain("\n"));
    }
}
