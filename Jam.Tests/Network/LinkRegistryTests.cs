using FsCheck;
using FsCheck.Fluent;
using Jam.Peer.Network;
using Jam.Peer.Storage;
using Jam.Peer.Swarm;
using Jam.Peer.Wire;
using Jam.Tests.Fakes;
using NUnit.Framework;

namespace Jam.Tests.Network;

/// <summary>One connection per pair of peers, and both ends agree on which.</summary>
internal sealed class LinkRegistryTests
{
    private const string Low = "a-peer";
    private const string High = "b-peer";

    private StreamPair _pair = null!;
    private int _next;

    [OneTimeSetUp]
    public async Task Connect() => _pair = await StreamPair.ConnectAsync(default);

    [OneTimeTearDown]
    public async Task Disconnect() => await _pair.DisposeAsync();

    /// <summary>Which of two connections stays at one end, by who looks, who dialled the first and who the second.</summary>
    [TestCase(Low, true, false, ExpectedResult = 1, TestName = "At the lower id: its own dialling stays where the other's comes second")]
    [TestCase(Low, false, true, ExpectedResult = 2, TestName = "At the lower id: its own dialling replaces the other's")]
    [TestCase(High, true, false, ExpectedResult = 2, TestName = "At the higher id: the other's dialling replaces its own")]
    [TestCase(High, false, true, ExpectedResult = 1, TestName = "At the higher id: the other's dialling stays where its own comes second")]
    [TestCase(Low, true, true, ExpectedResult = 2, TestName = "Of two of the same side the newer stays: dialled here, lower id")]
    [TestCase(Low, false, false, ExpectedResult = 2, TestName = "Of two of the same side the newer stays: dialled there, lower id")]
    [TestCase(High, true, true, ExpectedResult = 2, TestName = "Of two of the same side the newer stays: dialled here, higher id")]
    [TestCase(High, false, false, ExpectedResult = 2, TestName = "Of two of the same side the newer stays: dialled there, higher id")]
    public int One_of_two_stays(string self, bool firstOutgoing, bool secondOutgoing)
    {
        var links = new LinkRegistry();
        var other = self == Low ? High : Low;
        PeerConnection first = Make(other, firstOutgoing), second = Make(other, secondOutgoing);
        Assert.That(links.TryAdd(self, first, out var replaced), Is.True);
        Assert.That(replaced, Is.Null);
        var added = links.TryAdd(self, second, out replaced);
        var stays = links.Find(other);
        Assert.That(links.All, Is.EqualTo(new[] { stays }));
        Assert.That(added, Is.EqualTo(stays == second));
        Assert.That(replaced, Is.EqualTo(added ? first : null));
        return stays == first ? 1 : 2;
    }

    [Test]
    public void Both_ends_keep_the_same_connection_in_whatever_order_each_sees_them_come()
    {
        // Who dials, in order; then for each end how the diallings of both sides mix. Those of one side come in order.
        var dials = ArbMap.Default.GeneratorFor<bool>().NonEmptyListOf().Select(list => list.Take(8).ToArray());
        var mixes = Gen.Choose(0, int.MaxValue).SelectMany(one => Gen.Choose(0, int.MaxValue), (one, two) => (one, two));
        Prop.ForAll(dials.SelectMany(_ => mixes, (dial, mix) => (dial, mix)).ToArbitrary(), given =>
        {
            var atLow = Survivor(Low, Mix(given.dial, given.mix.one));
            var atHigh = Survivor(High, Mix(given.dial, given.mix.two));
            return atLow == atHigh;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));
    }

    [Test]
    public void The_end_of_a_connection_that_was_replaced_leaves_the_one_that_stands()
    {
        var links = new LinkRegistry();
        PeerConnection first = Make(High, true), second = Make(High, true);
        links.TryAdd(Low, first, out _);
        links.TryAdd(Low, second, out _);
        links.Remove(first);
        Assert.That(links.Find(High), Is.EqualTo(second));
        links.Remove(second);
        Assert.That(links.Find(High), Is.Null);
    }

    [TestCase(9_999, ExpectedResult = false, TestName = "Within the time that dialling takes the lower id's connection stays")]
    [TestCase(10_000, ExpectedResult = true, TestName = "Long after it the newer one stays, whoever dialled")]
    public bool Whoever_dials_long_after_has_lost_the_older_connection(int ms)
    {
        var (links, time) = (new LinkRegistry(), new ManualTimeProvider());
        links.TryAdd(Low, Make(High, outgoing: true, time), out _);
        time.Advance(TimeSpan.FromMilliseconds(ms));
        return links.TryAdd(Low, Make(High, outgoing: false, time), out _);
    }

    [Test]
    public void A_banned_peer_does_not_come_back_on_either_side()
    {
        var links = new LinkRegistry();
        links.Ban(High);
        Assert.That(links.TryAdd(Low, Make(High, true), out _), Is.False);
        Assert.That(links.TryAdd(Low, Make(High, false), out _), Is.False);
        Assert.That(links.TryAdd(Low, Make("c-peer", false), out _), Is.True, "others do");
        Assert.That(links.IsBanned(High), Is.True);
    }

    // The numbers of the diallings, each with whether the lower id dialled, in an order that keeps each side's own.
    private static List<(int Number, bool ByLow)> Mix(bool[] dials, int mix)
    {
        var queues = dials.Select((byLow, number) => (Number: number, ByLow: byLow)).ToLookup(d => d.ByLow);
        var (low, high) = (new Queue<(int, bool)>(queues[true]), new Queue<(int, bool)>(queues[false]));
        var random = new Random(mix);
        var order = new List<(int, bool)>();
        while (low.Count + high.Count > 0)
            order.Add(high.Count == 0 || (low.Count > 0 && random.Next(2) == 0) ? low.Dequeue() : high.Dequeue());
        return order;
    }

    private int Survivor(string self, List<(int Number, bool ByLow)> order)
    {
        var links = new LinkRegistry();
        var numbers = new Dictionary<PeerConnection, int>();
        var other = self == Low ? High : Low;
        foreach (var (number, byLow) in order)
        {
            var connection = Make(other, outgoing: byLow == (self == Low));
            numbers[connection] = number;
            links.TryAdd(self, connection, out _);
        }

        return numbers[links.Find(other)!];
    }

    // Never run, so all may share one socket.
    private PeerConnection Make(string peerId, bool outgoing, TimeProvider? time = null) => new(
        new LinkId(++_next), _pair.Dialer, new HelloFrame(1, 0, peerId, "jam", 1, new byte[32], new byte[32]), outgoing, new NoEvents(),
        time ?? TimeProvider.System);

    private sealed class NoEvents : IConnectionEvents
    {
        public void TakeUp(bool runHere)
        {
        }

        public TrackStorage? StorageOf(TrackId track) => null;

        public ValueTask OnFrameAsync(PeerConnection from, Frame frame, CancellationToken cancellationToken) => default;

        public ValueTask OnChunkAsync(PeerConnection from, ChunkFrame chunk, bool isGood, CancellationToken cancellationToken) => default;

        public ValueTask OnChunkSentAsync(PeerConnection from, SendChunk chunk, int bytes, string? problem, CancellationToken cancellationToken) => default;

        public ValueTask OnRttAsync(PeerConnection from, long rttUs, CancellationToken cancellationToken) => default;
    }
}
