using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Jam.Peer.Wire;

namespace Jam.Bench;

/// <summary>
/// What to compare with: a file read and sent over a socket, and hashed chunk by chunk where it arrives. No frames, no requests, nothing
/// is kept.
/// </summary>
internal sealed class PlainTransfer(string path, Manifest manifest, int receivers)
{
    private long _hereBytes;

    /// <summary>What the receivers have, of all of them together.</summary>
    public long HereBytes => Volatile.Read(ref _hereBytes);

    /// <inheritdoc/>
    public override string ToString() => $"plain sockets, {HereBytes >> 20} of {manifest.LengthBytes * receivers >> 20} MiB";

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var ends = new List<Task>();
        for (var i = 0; i < receivers; i++)
        {
            var receiver = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await receiver.ConnectAsync(listener.LocalEndPoint!, cancellationToken);
            var sender = await listener.AcceptAsync(cancellationToken);
            ends.Add(Task.Run(() => SendAsync(sender, cancellationToken), cancellationToken));
            ends.Add(Task.Run(() => ReceiveAsync(receiver, cancellationToken), cancellationToken));
        }

        await Task.WhenAll(ends);
    }

    private async Task SendAsync(Socket socket, CancellationToken cancellationToken)
    {
        using (socket)
        {
            using var file = File.OpenHandle(path);
            var buffer = new byte[manifest.ChunkSizeBytes];
            for (var chunk = 0; chunk < manifest.ChunkCount; chunk++)
            {
                var length = RandomAccess.Read(file, buffer, (long)chunk * manifest.ChunkSizeBytes);
                for (var sent = 0; sent < length;)
                    sent += await socket.SendAsync(buffer.AsMemory(sent, length - sent), cancellationToken);
            }
        }
    }

    private async Task ReceiveAsync(Socket socket, CancellationToken cancellationToken)
    {
        using (socket)
        {
            var buffer = new byte[manifest.ChunkSizeBytes];
            for (var chunk = 0; chunk < manifest.ChunkCount; chunk++)
            {
                var size = manifest.SizeOf(chunk);
                for (var got = 0; got < size;)
                {
                    var count = await socket.ReceiveAsync(buffer.AsMemory(got, size - got), cancellationToken);
                    got += count > 0 ? count : throw new IOException("the sender stopped half-way");
                }
                if (!SHA256.HashData(buffer.AsSpan(0, size)).AsSpan().SequenceEqual(manifest.HashOf(chunk)))
                    throw new IOException($"chunk {chunk} is wrong");
                Interlocked.Add(ref _hereBytes, size);
            }
        }
    }
}
