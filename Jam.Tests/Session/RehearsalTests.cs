using Jam.Peer.Session;
using NUnit.Framework;

namespace Jam.Tests.Session;

/// <summary>A rehearsal that does not come to its end prepares nothing.</summary>
internal sealed class RehearsalTests
{
    [Test]
    public async Task A_rehearsal_brings_a_track_and_what_travels_beside_it_from_one_swarm_to_the_other() =>
        Assert.That(await Rehearsal.RunAsync(TimeProvider.System, CancellationToken.None), Is.True);

    [Test]
    public void A_rehearsal_ends_when_the_peer_ends()
    {
        using var gone = new CancellationTokenSource();
        gone.Cancel();
        Assert.That(() => Rehearsal.RunAsync(TimeProvider.System, gone.Token), Throws.InstanceOf<OperationCanceledException>());
    }
}
