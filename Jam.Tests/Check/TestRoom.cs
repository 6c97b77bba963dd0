using System.Net;
using System.Net.Sockets;
using Jam.Peer.Network;
using Jam.Peer.Session;
using Jam.Server.Contracts;

namespace Jam.Tests.Check;

/// <summary>A host with test data, on this machine and on ports that are free.</summary>
internal sealed class TestRoom : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("jam-check-").FullName;

    private TestRoom(long? upLimit) => Session = new JamSession(
        new SessionOptions
        {
            Role = Role.Host, Name = "host", TestPattern = new TestPattern(4, 16_384), ListenPort = 0, ServerPort = 0, CacheFolder = _folder,
            Output = OutputKind.Null, UpLimitBytesPerSecond = upLimit,
        },
        TimeProvider.System);

    public JamSession Session { get; }

    public DnsEndPoint Peer => new("127.0.0.1", Session.Report().ListenPort);

    public static async Task<TestRoom> StartAsync(CancellationToken ct, long? upLimit = null)
    {
        var room = new TestRoom(upLimit);
        await room.Session.StartAsync(ct);
        return room;
    }

    /// <summary>Where the room's rendezvous is.</summary>
    public async Task<RoomLocation> WhereAsync(CancellationToken ct)
    {
        while (true)
        {
            try
            {
                return await Dialer.WhereAsync(Peer, TimeProvider.System, ct);
            }
            catch (ProtocolException)
            {
                // The host has not heard its own WELCOME yet; each question costs a connection, so this does not spin hot.
                ct.ThrowIfCancellationRequested();
            }
        }
    }

    /// <summary>A port at which nothing listens: it was free a moment ago.</summary>
    public static int ClosedPort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    public async ValueTask DisposeAsync()
    {
        await Session.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
