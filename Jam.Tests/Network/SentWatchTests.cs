using Jam.Peer.Network;
using Jam.Peer.Swarm;
using NUnit.Framework;

namespace Jam.Tests.Network;

/// <summary>How often the system is asked what has been acknowledged: often enough that an uplink never runs dry, and no oftener.</summary>
internal sealed class SentWatchTests
{
    private const int ChunkBytes = 16_384;

    /// <summary>A thousand events a second, and the timer besides, over an uplink that takes <paramref name="chunkUs"/> for a chunk.</summary>
    /// <returns>Looks for each chunk, and by how much the worst was seen late, in chunks' times.</returns>
    private static (double Looks, double WorstLate) Run(long chunkUs)
    {
        var (watch, link) = (new SentWatch<Link>(), new Link { UsPerByte = chunkUs / (double)ChunkBytes });
        var (chunks, worst, sent) = (0, 0L, 0);
        for (var nowUs = 0L; nowUs < 50 * chunkUs; nowUs += 100)
        {
            link.NowUs = nowUs;
            if (link.Waiting < 2)
            {
                link.Send(sent++);
                watch.Add(link, nowUs);
            }

            if (nowUs >= watch.DueUs || (nowUs % 1_000 == 0 && watch.MayHaveNews(nowUs)))
            {
                watch.Check(nowUs, (_, chunk) =>
                {
                    // How fast the uplink is shows with the first ones.
                    if (++chunks > 10)
                        worst = Math.Max(worst, nowUs - link.ArrivesAtUs(chunk.Chunk));
                });
            }
        }

        return (link.Looks / (double)chunks, worst / (double)chunkUs);
    }

    [TestCase(16_000, 6.0, 0.3)]
    [TestCase(40_000, 6.0, 0.3)]
    [TestCase(330_000, 24.0, 0.1)]
    [TestCase(2_000, 3.0, 0.7)]
    public void It_looks_a_few_times_in_a_chunks_time_and_is_never_a_chunk_late(long chunkUs, double mostLooks, double mostLate)
    {
        var (looks, late) = Run(chunkUs);
        Assert.That(looks, Is.LessThanOrEqualTo(mostLooks));
        Assert.That(late, Is.LessThanOrEqualTo(mostLate));
    }

    [Test]
    public void Nothing_is_looked_for_where_nothing_is_on_its_way()
    {
        var (watch, link) = (new SentWatch<Link>(), new Link { UsPerByte = 1 });
        link.Send(0);
        watch.Add(link, 0);
        link.NowUs = 1_000_000;
        watch.Check(link.NowUs, (_, _) => { });
        Assert.That((watch.DueUs, watch.MayHaveNews(2_000_000)), Is.EqualTo((long.MaxValue, false)));
    }

    /// <summary>An uplink that sends at its rate whatever it is given.</summary>
    private sealed class Link : ISentChunks
    {
        private readonly Queue<(int Chunk, long AtUs)> _waiting = new();
        private readonly Dictionary<int, long> _arrives = [];
        private long _freeAtUs;

        public double UsPerByte { get; init; }

        public long NowUs { get; set; }

        public int Looks { get; private set; }

        public int Waiting => _waiting.Count;

        public long AckedBytes
        {
            get
            {
                Looks++;
                return _arrives.Count(a => a.Value <= NowUs) * (long)ChunkBytes;
            }
        }

        public int? NextUnackedBytes => _waiting.Count > 0 ? ChunkBytes : null;

        public void Send(int chunk)
        {
            _freeAtUs = Math.Max(_freeAtUs, NowUs) + (long)(UsPerByte * ChunkBytes);
            _arrives[chunk] = _freeAtUs;
            _waiting.Enqueue((chunk, _freeAtUs));
        }

        public long ArrivesAtUs(int chunk) => _arrives[chunk];

        // The tolerance of three packets is less than a chunk.
        public (SendChunk Chunk, int Bytes)? TryTakeSent(long ackedBytes)
        {
            if (!_waiting.TryPeek(out var next) || (next.Chunk + 1L) * ChunkBytes > ackedBytes)
                return null;
            _waiting.Dequeue();
            return (new SendChunk(new LinkId(1), default, 0, next.Chunk), ChunkBytes);
        }
    }
}
