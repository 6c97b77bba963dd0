using System.Buffers;
using System.Net.Sockets;
using FsCheck.Fluent;
using FsCheck;
using Jam.Peer.Swarm;
using Jam.Peer.Wire;
using Jam.Tests.Fakes;
using Jam.Tests.Storage;
using NUnit.Framework;

namespace Jam.Tests.Network;

/// <summary>Sessions that are right up to one place: nothing throws, nothing wrong is kept, nothing is allocated on a stranger's word.</summary>
[CancelAfter(60_000)]
internal sealed class MutatedSessionTests
{
    private readonly TestTrack _track = new(12 * 1024 + 100);

    [Test]
    public void What_is_allocated_is_a_small_multiple_of_what_was_sent()
    {
        var session = Session().SelectMany(Bytes).ToArray();
        // Once through, so that pools and compiled code are no part of what is measured.
        ReadAll(session);
        Prop.ForAll(Mutations().ToArbitrary(), mutation =>
        {
            var bytes = mutation.Apply(session);
            var before = GC.GetAllocatedBytesForCurrentThread();
            ReadAll(bytes);
            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            return allocated <= 16_384 + 8L * bytes.Length;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(FuzzBudget.Cases(1_000)));
    }

    [Test]
    public void One_mutated_frame_in_a_session_harms_nobody_else(CancellationToken ct)
    {
        var cases = Gen.Choose(0, 20).SelectMany(_ => Mutations(), (frame, mutation) => (frame, mutation));
        Prop.ForAll(cases.ToArbitrary(), async given =>
        {
            await using var viewer = new SwarmNode("viewer");
            await viewer.WantAsync(_track, ct);
            await using (var peer = await WirePeer.JoinAsync(viewer, "mutant", ct, WirePeer.Elsewhere))
                await ServeAsync(peer, given.frame, given.mutation, ct);

            await using var good = await WirePeer.JoinAsync(viewer, "good", ct);
            var isAlive = await good.IsAliveAsync(ct);
            Assert.That(viewer.Loop.Completion.IsCompleted, Is.False, () => $"{viewer.Loop.Completion.Exception}");
            return isAlive && HasNothingWrong(viewer);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(FuzzBudget.Cases(150, inputsPerCase: 2_000)));
    }

    private static Gen<Mutation> Mutations() => Gen.Choose(0, 3).SelectMany(
        kind => Gen.Choose(0, 1 << 20).SelectMany(at => Gen.Choose(0, 255), (at, value) => (at, value)), (kind, m) => new Mutation(kind, m.at, (byte)m.value));

    // An honest holder of the track, but for one of its frames; three more follow it, then it hangs up.
    private async Task ServeAsync(WirePeer peer, int mutated, Mutation mutation, CancellationToken cancellationToken)
    {
        var sent = 0;
        try
        {
            await SendAsync(new TrackFrame(3, _track.Id, TrackFlags.HasManifest));
            await SendAsync(new BitfieldFrame(3, Bitfield.Full(_track.Chunks).ToBytes()));
            while (sent <= mutated + 3 && await peer.NextAsync<Frame>(cancellationToken) is { } frame)
            {
                var answer = frame switch
                {
                    WantManifestFrame => new ManifestFrame(3, _track.Manifest.Encoded),
                    RequestFrame r => new ChunkFrame(3, r.Chunk, _track.Chunk(r.Chunk).ToArray(), _track.Manifest.SizeOf(r.Chunk)),
                    PingFrame p => new PongFrame(p.Nonce),
                    HaveFrame { Chunks: [var chunk, ..] } => new CancelFrame(3, chunk),
                    TrackFrame => new OfferFrame(3, [0, 5, 12]),
                    _ => (Frame?)null,
                };
                if (answer is not null)
                    await SendAsync(answer);
                // What the mutation swallowed may have been all that there was to wait for.
                if (sent > mutated || frame is HaveFrame { Chunks: [12, ..] })
                    break;
            }

            for (var more = 0; more < 3; more++)
                await SendAsync(new HaveFrame(3, [more]));
            peer.Stream.Socket.Shutdown(SocketShutdown.Send);
            await peer.EndAsync(cancellationToken);
        }
        catch (Exception end) when (end is IOException or SocketException)
        {
            // The viewer has cut it off in the middle.
            return;
        }

        async Task SendAsync(Frame frame)
        {
            var bytes = Bytes(frame);
            await peer.SendRawAsync(sent++ == mutated ? mutation.Apply(bytes) : bytes, cancellationToken);
        }
    }

    private bool HasNothingWrong(SwarmNode viewer)
    {
        if (viewer.StorageOf(_track) is not { } storage)
            return true;
        var have = storage.Have();
        return Enumerable.Range(0, _track.Chunks).All(chunk => !have[chunk] || TestTrack.Read(storage, chunk).AsSpan().SequenceEqual(_track.Chunk(chunk)));
    }

    private IEnumerable<Frame> Session()
    {
        yield return new TrackFrame(3, _track.Id, TrackFlags.HasManifest);
        yield return new BitfieldFrame(3, Bitfield.Full(_track.Chunks).ToBytes());
        yield return new ManifestFrame(3, _track.Manifest.Encoded);
        yield return new PingFrame(1);
        for (var chunk = 0; chunk < _track.Chunks; chunk++)
        {
            yield return new ChunkFrame(3, chunk, _track.Chunk(chunk).ToArray(), _track.Manifest.SizeOf(chunk));
            yield return new HaveFrame(3, [chunk]);
            yield return new RequestFrame(3, chunk, 100);
        }

        yield return new RoomInfoFrame("jam", ["ws://10.0.0.1:8000/ws/jam"]);
        yield return new PexFrame(["10.0.0.1:9003"]);
        yield return new ByeFrame("enough");
    }

    private static void ReadAll(byte[] bytes)
    {
        var input = new ReadOnlySequence<byte>(bytes);
        while (FrameReader.TryRead(ref input, true, out var frame, out _) == ReadStatus.Frame)
            (frame as ChunkFrame)?.Release();
    }

    private static byte[] Bytes(Frame frame)
    {
        var output = new ArrayBufferWriter<byte>();
        FrameWriter.Write(output, frame);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>What happens to bytes: one is changed, one is put in, one is left out, or the rest is missing.</summary>
    private sealed record Mutation(int Kind, int At, byte Value)
    {
        public byte[] Apply(byte[] bytes)
        {
            var at = At % bytes.Length;
            return Kind switch
            {
                0 => [.. bytes[..at], (byte)(bytes[at] ^ Math.Max((byte)1, Value)), .. bytes[(at + 1)..]],
                1 => [.. bytes[..at], Value, .. bytes[at..]],
                2 => [.. bytes[..at], .. bytes[(at + 1)..]],
                _ => bytes[..at],
            };
        }
    }
}
