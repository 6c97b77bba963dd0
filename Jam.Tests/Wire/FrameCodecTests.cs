using System.Buffers.Binary;
using System.Buffers;
using FsCheck.Fluent;
using FsCheck;
using Jam.Peer.Wire;
using Jam.Tests.Fakes;
using NUnit.Framework;

namespace Jam.Tests.Wire;

/// <summary>Frames survive the wire however it cuts them; whatever else comes is a result, never an exception.</summary>
internal sealed class FrameCodecTests
{
    private static readonly TrackId Id = TrackId.Of("track"u8);

    private static IEnumerable<Frame> Frames()
    {
        yield return new WhereFrame();
        yield return new RoomInfoFrame("jam", ["ws://192.168.1.5:8000/ws/jam", "ws://[fd00::1]:8000/ws/jam"]);
        yield return new HelloFrame(1, 7, "peer-ä", "jam", 9003, [.. Enumerable.Range(0, 32).Select(i => (byte)i)], new byte[32]);
        yield return new AuthFrame([.. Enumerable.Range(100, 32).Select(i => (byte)i)]);
        yield return new TrackFrame(3, Id, TrackFlags.HasManifest | TrackFlags.Stripes);
        yield return new WantManifestFrame(3);
        yield return new ManifestFrame(3, [1, 2, 3, 4, 5]);
        yield return new BitfieldFrame(3, [0xA0, 0x01]);
        yield return new HaveFrame(3, [0, 1, 131_071]);
        yield return new SoonFrame(3, [5]);
        yield return new OfferFrame(3, [7, 8]);
        yield return new OfferFrame(3, []);
        yield return new RequestFrame(3, 9, 1500);
        yield return new RequestFrame(3, 9, int.MaxValue);
        yield return new CancelFrame(3, 9);
        yield return new ChunkFrame(3, 9, [1, 2, 3, 4, 5, 6, 7, 8, 9], 9);
        yield return new RejectFrame(3, 9);
        yield return new BlobWantFrame(new BlobId(Id), 16_384, true);
        yield return new BlobWantFrame(new BlobId(Id), 0, false);
        yield return new BlobPieceFrame(new BlobId(Id), BlobFrame.MaxTotal, BlobFrame.MaxTotal - 3, [1, 2, 3]);
        yield return new BlobNoneFrame(new BlobId(Id));
        yield return new BlobHaveFrame(new BlobId(Id));
        yield return new RendezvousFrame(4, new Guid("11111111-2222-3333-4444-555555555555"), RendezvousFlags.Connected, ["ws://10.0.0.1:8000/ws/jam", ""]);
        yield return new PexFrame(["10.0.0.1:9003", "[fd00::1]:9003"]);
        yield return new PingFrame(ulong.MaxValue);
        yield return new PongFrame(1);
        yield return new ByeFrame("gone");
        yield return new DialBackFrame(uint.MaxValue);
        yield return new DialBackResultFrame(7, DialBackOutcome.NoAnswer, 3_000_000);
        yield return new TestWantFrame(7, TestPayload.MaxSize);
        yield return new TestDataFrame(7, [1, 2, 3]);
        yield return new TestDataFrame(7, []);
        yield return new TestAckFrame(7, 0);
    }

    [TestCaseSource(nameof(Frames))]
    public void What_is_missing_of_a_frame_is_known_once_its_length_and_type_are_here(Frame frame)
    {
        var bytes = Encode(frame);
        for (var cut = 0; cut < bytes.Length; cut++)
            Assert.That(FrameReader.MissingBytes(new ReadOnlySequence<byte>(bytes, 0, cut)), Is.EqualTo(cut < 5 ? 1 : bytes.Length - cut), $"cut at {cut}");
    }

    [TestCaseSource(nameof(Frames))]
    public void A_frame_comes_back_as_it_was_at_every_split_point(Frame frame)
    {
        var bytes = Encode(frame);
        for (var cut = 0; cut < bytes.Length; cut++)
        {
            var first = new ReadOnlySequence<byte>(bytes, 0, cut);
            Assert.That(FrameReader.TryRead(ref first, true, out _, out _), Is.EqualTo(ReadStatus.NeedMore), $"cut at {cut}");
            var whole = Segments(bytes[..cut], bytes[cut..]);
            Assert.That(FrameReader.TryRead(ref whole, true, out var read, out var why), Is.EqualTo(ReadStatus.Frame), $"cut at {cut}: {why}");
            Assert.Multiple(() =>
            {
                Assert.That(whole.Length, Is.Zero);
                Assert.That(Encode(read!), Is.EqualTo(bytes));
                Assert.That(read, Is.TypeOf(frame.GetType()));
            });
            (read as ChunkFrame)?.Release();
        }
    }

    [Test]
    public void Frames_that_follow_each_other_are_read_in_order()
    {
        var all = new ReadOnlySequence<byte>([.. Frames().SelectMany(Encode)]);
        foreach (var frame in Frames())
        {
            Assert.That(FrameReader.TryRead(ref all, true, out var read, out _), Is.EqualTo(ReadStatus.Frame));
            Assert.That(read, Is.TypeOf(frame.GetType()));
            (read as ChunkFrame)?.Release();
        }

        Assert.That(all.Length, Is.Zero);
    }

    [Test]
    public void A_length_beyond_the_cap_is_refused_before_the_bytes_come([Values] FrameTypeCase type)
    {
        var cap = FrameCaps.MaxPayload((FrameType)type);
        var head = new byte[5];
        BinaryPrimitives.WriteUInt32BigEndian(head, (uint)cap + 2);
        head[4] = (byte)type;
        var input = new ReadOnlySequence<byte>(head);
        Assert.That(FrameReader.TryRead(ref input, true, out _, out _), Is.EqualTo(ReadStatus.Bad));
    }

    [TestCase((byte)0)]
    [TestCase((byte)27)]
    [TestCase((byte)255)]
    public void An_unknown_type_is_refused(byte type)
    {
        var input = new ReadOnlySequence<byte>([0, 0, 0, 1, type]);
        Assert.That(FrameReader.TryRead(ref input, true, out _, out _), Is.EqualTo(ReadStatus.Bad));
    }

    [Test]
    public void A_length_of_zero_is_refused()
    {
        var input = new ReadOnlySequence<byte>([0, 0, 0, 0, 1]);
        Assert.That(FrameReader.TryRead(ref input, true, out _, out _), Is.EqualTo(ReadStatus.Bad));
    }

    [TestCaseSource(nameof(Frames))]
    public void Before_the_handshake_only_its_own_frames_are_read(Frame frame)
    {
        var input = new ReadOnlySequence<byte>(Encode(frame));
        var allowed = frame is WhereFrame or RoomInfoFrame or HelloFrame or AuthFrame or ByeFrame;
        Assert.That(FrameReader.TryRead(ref input, false, out _, out _), Is.EqualTo(allowed ? ReadStatus.Frame : ReadStatus.Bad));
    }

    [TestCase(-1)]
    [TestCase(Manifest.MaxChunks)]
    public void An_impossible_index_is_refused(int chunk)
    {
        foreach (var frame in new Frame[] { new HaveFrame(0, [chunk]), new RequestFrame(0, chunk, 0), new CancelFrame(0, chunk), new RejectFrame(0, chunk) })
        {
            var input = new ReadOnlySequence<byte>(Encode(frame));
            Assert.That(FrameReader.TryRead(ref input, true, out _, out _), Is.EqualTo(ReadStatus.Bad), frame.ToString());
        }
    }

    private static IEnumerable<TestCaseData> BadBlobs()
    {
        yield return Case(new BlobWantFrame(default, BlobFrame.MaxTotal, false), "a piece behind the longest blob");
        yield return Case(new BlobPieceFrame(default, BlobFrame.MaxTotal + 1, 0, [1]), "a blob that is too long");
        yield return Case(new BlobPieceFrame(default, 3, 1, [1, 2, 3]), "a piece that reaches beyond the end");
        yield return Case(new BlobPieceFrame(default, 3, -1, [1]), "a negative offset");
        yield return Case(new BlobPieceFrame(default, -1, 0, [1]), "a negative length");
        yield return Case(new BlobPieceFrame(default, 3, 0, []), "an empty piece");

        static TestCaseData Case(Frame frame, string name) => new TestCaseData(frame).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(BadBlobs))]
    public void A_blob_that_cannot_be_is_refused(Frame frame)
    {
        var input = new ReadOnlySequence<byte>(Encode(frame));
        Assert.That(FrameReader.TryRead(ref input, true, out _, out _), Is.EqualTo(ReadStatus.Bad));
    }

    [Test]
    public void Text_that_is_no_utf8_is_refused()
    {
        var input = new ReadOnlySequence<byte>([0, 0, 0, 4, (byte)FrameType.Bye, 2, 0xC3, 0x28]);
        Assert.That(FrameReader.TryRead(ref input, true, out _, out _), Is.EqualTo(ReadStatus.Bad));
    }

    [Test]
    public void Long_text_is_cut_at_a_whole_character()
    {
        var input = new ReadOnlySequence<byte>(Encode(new ByeFrame(new string('ä', 200))));
        Assert.That(FrameReader.TryRead(ref input, true, out var read, out _), Is.EqualTo(ReadStatus.Frame));
        Assert.That(((ByeFrame)read!).Reason, Is.EqualTo(new string('ä', 127)));
    }

    [Test]
    public void Random_bytes_never_throw()
    {
        Prop.ForAll<byte[]>(bytes =>
        {
            // A plausible head makes the parsers behind it reachable.
            var framed = new byte[bytes.Length + 5];
            BinaryPrimitives.WriteInt32BigEndian(framed, bytes.Length + 1);
            framed[4] = bytes.Length == 0 ? (byte)1 : (byte)(bytes[0] % 28);
            bytes.CopyTo(framed, 5);
            var input = new ReadOnlySequence<byte>(framed);
            var status = FrameReader.TryRead(ref input, true, out var frame, out _);
            (frame as ChunkFrame)?.Release();
            return status is ReadStatus.Frame or ReadStatus.Bad;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(FuzzBudget.Cases(5_000)).WithEndSize(300));
    }

    [Test]
    public void Mutated_frames_never_throw()
    {
        var all = Frames().Select(Encode).ToArray();
        var mutation = ArbMap.Default.GeneratorFor<(int Frame, int At, byte Value)>().ToArbitrary();
        Prop.ForAll(mutation, m =>
        {
            var bytes = (byte[])all[(int)((uint)m.Frame % (uint)all.Length)].Clone();
            bytes[(int)((uint)m.At % (uint)bytes.Length)] = m.Value;
            var input = new ReadOnlySequence<byte>(bytes);
            FrameReader.TryRead(ref input, true, out var frame, out _);
            (frame as ChunkFrame)?.Release();
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(FuzzBudget.Cases(5_000)));
    }

    /// <summary>Every type that the protocol has.</summary>
    public enum FrameTypeCase : byte
    {
        Where = FrameType.Where,
        Hello = FrameType.Hello,
        Auth = FrameType.Auth,
        Track = FrameType.Track,
        Manifest = FrameType.Manifest,
        Bitfield = FrameType.Bitfield,
        Have = FrameType.Have,
        Request = FrameType.Request,
        Chunk = FrameType.Chunk,
        Blob = FrameType.Blob,
        Pex = FrameType.Pex,
        Bye = FrameType.Bye,
        DialBack = FrameType.DialBack,
        DialBackResult = FrameType.DialBackResult,
        TestWant = FrameType.TestWant,
        TestData = FrameType.TestData,
        TestAck = FrameType.TestAck,
    }

    private static byte[] Encode(Frame frame)
    {
        var output = new ArrayBufferWriter<byte>();
        FrameWriter.Write(output, frame);
        return output.WrittenSpan.ToArray();
    }

    private static ReadOnlySequence<byte> Segments(byte[] a, byte[] b)
    {
        var first = new Segment(a, null);
        var last = new Segment(b, first);
        return new ReadOnlySequence<byte>(first, 0, last, b.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(byte[] bytes, Segment? before)
        {
            Memory = bytes;
            if (before is null)
                return;
            RunningIndex = before.RunningIndex + before.Memory.Length;
            before.Next = this;
        }
    }
}
