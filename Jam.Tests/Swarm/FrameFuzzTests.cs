using FsCheck.Fluent;
using FsCheck;
using Jam.Peer.Swarm;
using Jam.Peer.Wire;
using Jam.Tests.Fakes;
using Jam.Tests.Simulation;
using NUnit.Framework;

namespace Jam.Tests.Swarm;

/// <summary>Members may say anything in any order; the core takes it or drops them.</summary>
internal sealed class FrameFuzzTests
{
    private const int ChunkSize = 16_384;
    private static readonly LinkId Them = new(1);
    private static readonly LinkId Others = new(2);
    private static readonly Manifest Track = SwarmSimulator.MakeManifest(10 * ChunkSize, ChunkSize);
    private static readonly Manifest Another = SwarmSimulator.MakeManifest(3 * ChunkSize, ChunkSize, seed: 2);

    [Test]
    public void Whatever_two_members_say_nothing_throws_and_nothing_wrong_is_stored()
    {
        var frames = Frames();
        var script = frames.ListOf().Where(list => list.Count > 0);
        Prop.ForAll(script.ToArbitrary(), list =>
        {
            var core = Core(list.Count % 2 == 0);
            core.LinkUp(Others, "others", isHost: true, 0);
            var nowUs = 1L;
            foreach (var (link, step) in list)
            {
                nowUs += 200_000;
                Do(core, link, step, nowUs);
                core.Timer(nowUs + 100_000);
                foreach (var effect in core.TakeEffects())
                {
                    switch (effect)
                    {
                        case StoreChunk store when store.Chunk is < 0 or >= 10:
                            return false;
                        case SendChunk { Chunk: var chunk, Track: var track } when !core.Tracks[track].Have[chunk]:
                            return false;
                        case ManifestArrived arrived:
                            core.OpenTrack(arrived.Manifest, new Bitfield(10), false, nowUs);
                            break;
                        case DropLink drop:
                            core.LinkDown(drop.Link, nowUs);
                            core.LinkUp(drop.Link, "again", false, nowUs);
                            break;
                        default:
                            break;
                    }
                }
            }

            return core.Tracks[Track.Id].Availability.All(a => a <= 2);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(FuzzBudget.Cases(1_500, inputsPerCase: 40)).WithEndSize(80));
    }

    private static SwarmCore Core(bool knowsManifest)
    {
        var core = new SwarmCore(new SwarmSettings());
        core.WantTrack(Track.Id, 0, 0);
        if (knowsManifest)
            core.OpenTrack(Track, Bitfield.TryParse([0xF8, 0], 10)!, striped: false, 0);
        core.LinkUp(Them, "them", isHost: false, 0);
        core.Receive(Them, new TrackFrame(7, Track.Id, TrackFlags.HasManifest), 0);
        core.TakeEffects();
        return core;
    }

    private static void Do(SwarmCore core, LinkId link, object step, long nowUs)
    {
        switch (step)
        {
            case Frame frame:
                core.Receive(link, frame, nowUs);
                break;
            case (int chunk, bool isGood):
                core.ReceiveChunk(link, 7, chunk, ChunkSize, isGood, nowUs);
                break;
            case long rttUs:
                core.SetRtt(link, rttUs, nowUs);
                core.ChunkSent(link, ChunkSize, nowUs);
                break;
            default:
                throw new NotSupportedException(step.GetType().Name);
        }
    }

    // Mostly about slot 7 and chunks that exist, or nothing would ever get beyond the first checks.
    private static Gen<(LinkId Link, object Step)> Frames()
    {
        var slot = Gen.Frequency((9, Gen.Constant((ushort)7)), (1, Gen.Choose(0, 300).Select(s => (ushort)s)));
        var chunk = Gen.Frequency((20, Gen.Choose(0, 9)), (1, Gen.Choose(0, Manifest.MaxChunks - 1)));
        var chunks = chunk.ListOf().Select(list => list.ToArray());
        var track = Gen.Elements(Track.Id, Track.Id, Track.Id, Another.Id);
        var flags = Gen.Choose(0, 3).Select(f => (TrackFlags)f);
        var step = Gen.OneOf(
            slot.SelectMany(s => track.SelectMany(t => flags.Select(f => (object)new TrackFrame(s, t, f)))),
            slot.Select(s => (object)new WantManifestFrame(s)),
            slot.Select(s => (object)new ManifestFrame(s, Track.Encoded)),
            Gen.Choose(0, 0xFFFF).Select(b => (object)new BitfieldFrame(7, [(byte)(b >> 8), (byte)(b & 0xC0)])),
            slot.SelectMany(s => chunks.Select(c => (object)new HaveFrame(s, c))),
            slot.SelectMany(s => chunks.Select(c => (object)new SoonFrame(s, c))),
            slot.SelectMany(s => chunks.Select(c => (object)new OfferFrame(s, c))),
            chunk.SelectMany(c => ArbMap.Default.GeneratorFor<int>().Select(d => (object)new RequestFrame(7, c, d))),
            chunk.Select(c => (object)new CancelFrame(7, c)),
            chunk.Select(c => (object)new RejectFrame(7, c)),
            chunk.SelectMany(c => Gen.Frequency((8, Gen.Constant(true)), (1, Gen.Constant(false))).Select(good => (object)(c, good))),
            Gen.Choose(1, 15_000_000).Select(rtt => (object)(long)rtt));
        return Gen.Elements(Them, Others).SelectMany(link => step.Select(s => (link, s)));
    }
}
