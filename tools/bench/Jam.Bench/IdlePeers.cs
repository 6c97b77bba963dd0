using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Jam.Peer.Network;
using Jam.Peer.Storage;
using Jam.Peer.Wire;

namespace Jam.Bench;

/// <summary>What a connection costs at which nothing happens, in managed memory at one of its ends.</summary>
internal static class IdlePeers
{
    private const int WarmUp = 8;

    /// <summary>Bytes per connection, of a peer that has a track.</summary>
    public static async Task<double> MeasureAsync(int count, string file, CancellationToken cancellationToken)
    {
        await using var hub = new BenchPeer("hub", null);
        await hub.SeedAsync(SeedStorage.Open(file, cancellationToken), cancellationToken);
        // The first ones bring what all share.
        using var first = await ConnectAsync(hub, WarmUp, cancellationToken);
        var before = Managed();
        using var rest = await ConnectAsync(hub, count, cancellationToken);
        var after = Managed();
        first.Kill();
        rest.Kill();
        return (after - before) / (double)count;
    }

    /// <summary>The other end: connects, answers PING, and waits to be ended.</summary>
    public static async Task BeAsync(IdleArguments arguments, CancellationToken cancellationToken)
    {
        var ends = new List<Task>();
        for (var i = 0; i < arguments.Count; i++)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            // A peer bears only so many from one address.
            socket.Bind(new IPEndPoint(new IPAddress([127, 0, (byte)(1 + i / 250), (byte)(1 + i % 250)]), 0));
            await socket.ConnectAsync(IPAddress.Loopback, arguments.Port, cancellationToken);
            var stream = new FrameStream(socket);
            await Handshake.DialAsync(stream, new PeerIdentity($"{Environment.ProcessId}-{i}", BenchPeer.Room, BenchPeer.Secret), 0, cancellationToken);
            ends.Add(AnswerAsync(stream, cancellationToken));
        }

        Console.Out.WriteLine("connected");
        await Task.WhenAll(ends);
    }

    private static async Task AnswerAsync(FrameStream stream, CancellationToken cancellationToken)
    {
        await using (stream)
        {
            while (await stream.ReadAsync(true, cancellationToken) is { } frame)
            {
                if (frame is PingFrame ping)
                    await stream.SendAsync(new PongFrame(ping.Nonce), cancellationToken);
            }
        }
    }

    private static async Task<Process> ConnectAsync(BenchPeer hub, int count, CancellationToken cancellationToken)
    {
        string[] arguments =
        [
            Environment.GetCommandLineArgs()[0], "idle-peers", hub.Mesh.Port.ToString(CultureInfo.InvariantCulture),
            count.ToString(CultureInfo.InvariantCulture),
        ];
        var wanted = hub.Mesh.Links.Count + count;
        var process = Process.Start(new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true })!;
        var isConnected = await process.StandardOutput.ReadLineAsync(cancellationToken) == "connected";
        // They are connected when their own handshakes are over; this side may be some behind.
        for (var i = 0; isConnected && i < 50 && hub.Mesh.Links.Count != wanted; i++)
            await Task.Delay(TimeSpan.FromMilliseconds(100), cancellationToken);
        if (!isConnected || hub.Mesh.Links.Count != wanted)
            throw new InvalidOperationException($"{hub.Mesh.Links.Count} connections came where {wanted} were expected");
        // The first PING and its answer are over, and with them what they needed.
        await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken);
        return process;
    }

    private static long Managed()
    {
        for (var i = 0; i < 3; i++)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }
        return GC.GetTotalMemory(forceFullCollection: true);
    }
}
