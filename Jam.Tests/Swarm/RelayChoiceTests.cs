using Jam.Peer.Swarm;
using Jam.Peer.Wire;
using Jam.Tests.Simulation;
using NUnit.Framework;

namespace Jam.Tests.Swarm;

/// <summary>Whom a host gives a chunk first.</summary>
internal sealed class RelayChoiceTests
{
    private const int Chunk = 16_384;
    private const int Links = 4;
    private const long ChunkUs = 16_000;
    private const long SlowCopyUs = 100_000;
    private const long QuickCopyUs = 4_000;
    private static readonly LinkId Slow = new(1);
    private static readonly Manifest Track = SwarmSimulator.MakeManifest(240 * Chunk, Chunk);

    private readonly PriorityQueue<Action, long> _later = new();
    private readonly Dictionary<LinkId, long> _freeUs = [];
    private readonly List<(LinkId To, int Chunk)> _given = [];
    private SwarmCore _core = null!;
    private long _nowUs;
    private long _hostFreeUs;

    // It says that it has nothing to do each time, and would be given the next: the last of those were what all waited for.
    [Test]
    public void A_slow_one_with_nothing_to_do_is_given_some_but_nothing_that_it_would_relay_when_all_is_over()
    {
        SeedToAll();
        while (_later.TryDequeue(out var happens, out var atUs))
        {
            _nowUs = Math.Max(_nowUs, atUs);
            happens();
            Follow();
        }

        Assert.That(_given.Select(g => g.Chunk).ToList(), Is.Unique.And.Count.EqualTo(Track.ChunkCount));
        var last = _given.FindLastIndex(g => g.To == Slow);
        Assert.Multiple(() =>
        {
            Assert.That(_given.Count(g => g.To == Slow), Is.GreaterThan(1));
            Assert.That((_given.Count - last) * ChunkUs, Is.GreaterThan((Links - 1) * SlowCopyUs / 2), $"{last + 1} of {_given.Count}");
        });
    }

    private void SeedToAll()
    {
        (_core, _nowUs) = (new SwarmCore(new SwarmSettings()), 1_000);
        _core.WantTrack(Track.Id, 0, _nowUs);
        _core.OpenTrack(Track, Bitfield.Full(Track.ChunkCount), true, _nowUs);
        for (var id = 1; id <= Links; id++)
        {
            _core.LinkUp(new LinkId(id), $"v{id}", false, _nowUs);
            _core.SetRtt(new LinkId(id), 300, _nowUs);
            _core.Receive(new LinkId(id), new TrackFrame(7, Track.Id, TrackFlags.HasManifest), _nowUs);
        }

        Follow();
    }

    // Who is offered something asks for it, and relays it when it has it; who has relayed all says that it has nothing to do.
    private void Follow()
    {
        for (var effects = _core.TakeEffects(); effects.Count > 0; effects = _core.TakeEffects())
        {
            foreach (var effect in effects)
            {
                if (effect is SendFrame { Frame: OfferFrame { Chunks: { Length: > 0 } chunks } } offer)
                {
                    foreach (var chunk in chunks)
                        _core.Receive(offer.Link, new RequestFrame(7, chunk, int.MaxValue), _nowUs);
                }
                else if (effect is SendChunk send)
                {
                    _given.Add((send.Link, send.Chunk));
                    _core.ChunkSent(send.Link, Chunk, _nowUs);
                    _later.Enqueue(() => Arrive(send.Link, send.Chunk), _hostFreeUs = Math.Max(_nowUs, _hostFreeUs) + ChunkUs);
                }
            }
        }
    }

    private void Arrive(LinkId link, int chunk)
    {
        _core.ChunkArrived(link, Track.Id, chunk, _nowUs);
        _core.Receive(link, new HaveFrame(7, [chunk]), _nowUs);
        var atUs = Math.Max(_nowUs, _freeUs.GetValueOrDefault(link));
        foreach (var other in Enumerable.Range(1, Links).Select(id => new LinkId(id)).Where(other => other != link))
            _later.Enqueue(() => _core.Receive(other, new HaveFrame(7, [chunk]), _nowUs), atUs += link == Slow ? SlowCopyUs : QuickCopyUs);
        _freeUs[link] = atUs;
        _later.Enqueue(() => SayIdle(link), atUs + 1);
    }

    private void SayIdle(LinkId link)
    {
        if (_nowUs > _freeUs[link])
            _core.Receive(link, new OfferFrame(7, []), _nowUs);
    }
}
