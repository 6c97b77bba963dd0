using Jam.Peer.Swarm;
using Jam.Tests.Simulation;
using NUnit.Framework;

namespace Jam.Tests.Swarm;

/// <summary>What was asked for, taken back, and comes all the same.</summary>
internal sealed class TakenBackTests
{
    [Test]
    public void What_was_taken_back_may_come_though_many_more_were_since_and_they_are_bounded([Values(300, 5_000)] int requests)
    {
        var settings = new SwarmSettings();
        var state = new SwarmState(settings);
        var manifest = SwarmSimulator.MakeManifest(requests * 16_384L, 16_384);
        var track = new Track(manifest.Id, 0);
        track.Open(manifest, new Bitfield(manifest.ChunkCount));
        state.Add(track);
        var link = new Link(new LinkId(1), "one", settings, state.Usual);
        state.Links.Add(link.Id, link);
        var view = SwarmState.On(link, track);
        for (var chunk = 0; chunk < requests; chunk++)
        {
            link.Asked.Add(new Asked(view, chunk, chunk, isLoose: true));
            Assert.That(state.Cancel(link, view, chunk), Is.True);
        }

        Assert.That(link.Cancelled.Contains((track.Id, 0)), Is.EqualTo(requests <= settings.MaxCancelled));
        Assert.That(link.Cancelled, Has.Count.EqualTo(Math.Min(requests, settings.MaxCancelled)));
    }
}
