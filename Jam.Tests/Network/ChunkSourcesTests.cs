using Jam.Peer.Network;
using Jam.Peer.Swarm;
using NUnit.Framework;

namespace Jam.Tests.Network;

[TestFixture]
internal sealed class ChunkSourcesTests
{
    [Test]
    public void What_was_here_and_what_came_is_told_once_in_runs()
    {
        var have = new Bitfield(10);
        have.Set(0);
        have.Set(1);
        var sources = new ChunkSources(have, 5);
        sources.Add(4, "ana", 6);
        sources.Add(5, "bo", 7);
        sources.Add(6, "bo", 8);
        var told = new Bitfield(10);
        var (peers, runs) = sources.Tell(told, 100, 100);
        Assert.That(peers, Is.EqualTo(new[] { "ana", "bo" }));
        Assert.That(runs, Is.EqualTo(new[] { 0, 2, 0, 2, 1, 1, 0, 2, 2 }));
        Assert.That(sources.Tell(told, 100, 100).Runs, Is.Empty);
        sources.Add(3, "bo", 9);
        Assert.That(sources.Tell(told, 100, 100), Is.EqualTo((new[] { "bo" }, new[] { 3, 1, 1 })).Using<(List<string>, List<int>), (string[], int[])>(
            (a, b) => a.Item1.SequenceEqual(b.Item1) && a.Item2.SequenceEqual(b.Item2)));
    }

    [TestCase(3, 100)]
    [TestCase(100, 2)]
    public void What_does_not_fit_is_told_the_next_time(int maxRuns, int maxSources)
    {
        var sources = new ChunkSources(new Bitfield(50), 0);
        for (var chunk = 0; chunk < 50; chunk++)
            sources.Add(chunk, $"p{chunk % 5}", chunk);
        var told = new Bitfield(50);
        var heard = new string?[50];
        for (var i = 0; i < 50 && !told.IsFull; i++)
        {
            var (peers, runs) = sources.Tell(told, maxRuns, maxSources);
            Assert.That(runs, Has.Count.LessThanOrEqualTo(3 * maxRuns));
            Assert.That(peers, Has.Count.LessThanOrEqualTo(maxSources));
            for (int place = 0, at = 0; place < runs.Count; place += 3)
            {
                for (at += runs[place]; runs[place + 1]-- > 0;)
                    heard[at++] = peers[runs[place + 2] - 1];
            }
        }

        Assert.That(heard, Is.EqualTo(Enumerable.Range(0, 50).Select(chunk => $"p{chunk % 5}")));
    }

    [Test]
    public void Who_gave_a_chunk_first_gave_it_and_the_last_one_tells_how_long_it_took()
    {
        var sources = new ChunkSources(new Bitfield(2), 10);
        sources.Add(0, "ana", 20);
        sources.Add(0, "bo", 30);
        Assert.That(sources.CompletedUs, Is.Null);
        sources.Add(1, "ana", 40);
        Assert.That(sources.CompletedUs, Is.EqualTo(40));
        Assert.That(sources.Tell(new Bitfield(2), 9, 9).Runs, Is.EqualTo(new[] { 0, 2, 1 }));
    }
}
