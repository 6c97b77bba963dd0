using Jam.Peer.Wire;
using Jam.Server.Contracts;

namespace Jam.Peer.Network;

internal sealed partial class PeerConnection
{
    // How many frames gather for the loop while more of them are here; a chunk counts by its size, four of the largest usual ones are as many.
    private const int ToldAtOnce = 32;
    private const int BytesPerTold = 8 * 1024;

    private async Task ReadLoopAsync(CancellationToken cancellationToken)
    {
        var told = 0;
        while (true)
        {
            var read = _stream.ReadAsync(true, cancellationToken);
            // Nothing more is here: this thread carries on with what was. Else it reads, and another one takes up what has gathered.
            if (told > 0 && (!read.IsCompleted || told >= ToldAtOnce))
            {
                _events.TakeUp(runHere: !read.IsCompleted);
                told = 0;
            }

            if (await read is not { } frame)
                return;
            told += frame is ChunkFrame { Length: var bytes } ? Math.Max(1, bytes / BytesPerTold) : 1;
            _watch.OnHeard();
            if (frame is not ChunkFrame && !_budget.TryTake(_time.NowUs()))
                throw new ProtocolException("it floods this peer with small frames");
            switch (frame)
            {
                case ChunkFrame chunk:
                    await _events.OnChunkAsync(this, chunk, IsGood(chunk), cancellationToken);
                    break;
                case PingFrame ping:
                    Send(new PongFrame(ping.Nonce));
                    break;
                case PongFrame pong:
                    // A nonce that was never sent must not become a round trip of years.
                    var rttUs = _time.NowUs() - unchecked((long)pong.Nonce);
                    if (rttUs is >= 0 and <= LinkWatch.DeadAfterUs)
                        await _events.OnRttAsync(this, Math.Max(1, rttUs), cancellationToken);
                    break;
                case ByeFrame bye:
                    Close(bye.Reason);
                    return;
                case TrackFrame track when track.Slot < FrameCaps.MaxSlots:
                    _remoteSlots[track.Slot] = track.Track;
                    await _events.OnFrameAsync(this, frame, cancellationToken);
                    break;
                case var other when _aside?.Invoke(this, other) == true:
                    break;
                default:
                    await _events.OnFrameAsync(this, frame, cancellationToken);
                    break;
            }
        }
    }

    // Hashed here, so that links are checked side by side and the swarm's loop stays short.
    private bool IsGood(ChunkFrame chunk) =>
        _remoteSlots.TryGetValue(chunk.Slot, out var track) && _events.StorageOf(track) is { } storage
        && storage.Manifest.IsGood(chunk.Chunk, chunk.Payload);
}
