using System.Buffers;
using FsCheck;
using FsCheck.Fluent;
using Jam.Peer.Network;
using Jam.Peer.Swarm;
using Jam.Peer.Wire;
using Jam.Tests.Fakes;
using Jam.Tests.Storage;
using NUnit.Framework;

namespace Jam.Tests.Network;

/// <summary>
/// A member's whole stream, mutated anywhere, through the parser and the core as a connection passes it on, without sockets: so
/// a million of them can be tried by hand (JAM_FUZZ_INPUTS=1000000 tools/test MutatedStream).
/// </summary>
internal sealed class MutatedStreamTests
{
    private static readonly LinkId Them = new(1);
    private static readonly LinkId Others = new(2);

    private readonly TestTrack _track = new(3 * 1024 + 100);

    [Test]
    public void Nothing_escapes_nothing_wrong_is_stored_and_nothing_is_allocated_on_a_strangers_word()
    {
        var session = Session().SelectMany(Bytes).ToArray();
        // Once through, so that pools and compiled code are no part of what is measured.
        Run(session);
        var mutations = Gen.Choose(0, 5).SelectMany(
            kind => Gen.Choose(0, session.Length - 1).SelectMany(_ => Gen.Choose(0, 255), (at, value) => (at, value)), (kind, m) => (kind, m.at, m.value));
        Prop.ForAll(mutations.SelectMany(_ => mutations, (one, two) => (one, two)).ToArbitrary(), given =>
        {
            var bytes = Mutate(Mutate(session, given.one), given.two);
            var before = GC.GetAllocatedBytesForCurrentThread();
            var isRight = Run(bytes);
            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.That(allocated, Is.LessThan(64 * 1024 + 16L * bytes.Length), "bytes of memory");
            return isRight;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(FuzzBudget.Cases(2_000)));
    }

    // As PeerConnection does it: parse, check chunks, hand over; the first breach ends the link.
    private bool Run(byte[] bytes)
    {
        var core = new SwarmCore(new SwarmSettings());
        core.WantTrack(_track.Id, 0, 0);
        core.LinkUp(Others, "others", isHost: true, 0);
        core.LinkUp(Them, "them", isHost: false, 0);
        var budget = new FrameBudget(0);
        var slots = new Dictionary<ushort, TrackId>();
        var input = new ReadOnlySequence<byte>(bytes);
        var nowUs = 1L;
        while (FrameReader.TryRead(ref input, true, out var frame, out _) == ReadStatus.Frame)
        {
            nowUs += 1_000;
            if (frame is ChunkFrame chunk)
            {
                var isGood = slots.TryGetValue(chunk.Slot, out var track) && track == _track.Id && _track.Manifest.IsGood(chunk.Chunk, chunk.Payload);
                var isRight = !isGood || chunk.Payload.SequenceEqual(_track.Chunk(chunk.Chunk));
                core.ReceiveChunk(Them, chunk.Slot, chunk.Chunk, chunk.Length, isGood, nowUs);
                chunk.Release();
                if (!isRight)
                    return false;
            }
            else if (budget.TryTake(nowUs))
            {
                if (frame is TrackFrame track)
                    slots[track.Slot] = track.Track;
                core.Receive(Them, frame!, nowUs);
            }

            core.Timer(nowUs);
            foreach (var effect in core.TakeEffects())
            {
                switch (effect)
                {
                    case StoreChunk store when store.Chunk < 0 || store.Chunk >= _track.Chunks:
                    case ManifestArrived wrong when wrong.Manifest.Id != _track.Id:
                        return false;
                    case ManifestArrived arrived:
                        core.OpenTrack(arrived.Manifest, new Bitfield(_track.Chunks), striped: false, nowUs);
                        break;
                    case DropLink drop when drop.Link == Them:
                        return true;
                    default:
                        break;
                }
            }
        }

        return true;
    }

    private IEnumerable<Frame> Session()
    {
        yield return new TrackFrame(3, _track.Id, TrackFlags.HasManifest);
        yield return new BitfieldFrame(3, Bitfield.Full(_track.Chunks).ToBytes());
        yield return new ManifestFrame(3, _track.Manifest.Encoded);
        yield return new OfferFrame(3, [0, 1]);
        for (var chunk = 0; chunk < _track.Chunks; chunk++)
        {
            yield return new ChunkFrame(3, chunk, _track.Chunk(chunk).ToArray(), _track.Manifest.SizeOf(chunk));
            yield return new HaveFrame(3, [chunk]);
            yield return new SoonFrame(3, [chunk]);
            yield return new RequestFrame(3, chunk, 100);
            yield return new CancelFrame(3, chunk);
            yield return new RejectFrame(3, chunk);
        }

        yield return new PingFrame(1);
        yield return new PexFrame(["a@10.0.0.1:9003"]);
        yield return new TestWantFrame(1, 1024);
        yield return new DialBackFrame(1);
        yield return new ByeFrame("enough");
    }

    // One byte is changed, put in, left out; a stretch comes twice, is overwritten, or is all that is left.
    private static byte[] Mutate(byte[] bytes, (int Kind, int At, int Value) m)
    {
        var at = bytes.Length == 0 ? 0 : m.At % bytes.Length;
        var end = Math.Min(bytes.Length, at + m.Value);
        return m.Kind switch
        {
            _ when bytes.Length == 0 => bytes,
            0 => [.. bytes[..at], (byte)(bytes[at] ^ Math.Max(1, m.Value)), .. bytes[(at + 1)..]],
            1 => [.. bytes[..at], (byte)m.Value, .. bytes[at..]],
            2 => [.. bytes[..at], .. bytes[(at + 1)..]],
            3 => [.. bytes[..end], .. bytes[at..]],
            4 => [.. bytes[..at], .. Enumerable.Repeat((byte)m.Value, end - at), .. bytes[end..]],
            _ => bytes[..at],
        };
    }

    private static byte[] Bytes(Frame frame)
    {
        var output = new ArrayBufferWriter<byte>();
        FrameWriter.Write(output, frame);
        return output.WrittenSpan.ToArray();
    }
}
