using System.Net;
using System.Net.Sockets;
using System.Text;
using Fleck;
using Jam.Server.Contracts;
using Jam.Server.Hosting;
using Jam.Tests.Fakes;
using Microsoft.Extensions.Logging;
using NUnit.Framework;

namespace Jam.Tests.Server;

/// <summary>What is Fleck's alone, beside the contract of listeners.</summary>
[CancelAfter(30_000)]
internal sealed class FleckWireTests
{
    [Test]
    public async Task A_client_that_gives_no_sign_is_asked_for_one_and_then_cut_off(CancellationToken ct)
    {
        var time = new ManualTimeProvider();
        var (client, server) = await PairAsync(ct);
        using var other = client;
        await using var wire = new FleckWire(server, time, _ => { });
        _ = wire.Receive(new byte[4_096], _ => wire.Receive(new byte[4_096], _ => { }, _ => { }), _ => { });
        await wire.Send([1], () => { }, _ => { });
        wire.Beat([0x89, 0]);
        var bytes = new byte[3];
        await new NetworkStream(other).ReadExactlyAsync(bytes, ct);
        Assert.That(bytes, Is.EqualTo(new byte[] { 1, 0x89, 0 }));
        time.Advance(TimeSpan.FromSeconds(15));
        wire.Beat([0x89, 0]);
        Assert.That(wire.Connected, Is.False);
        Assert.That((await wire.NextAsync(ct)).Kind, Is.EqualTo(InboundKind.Closed));
    }

    [Test]
    public async Task A_request_without_end_is_cut_off(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct, options: new JamServerOptions { Port = 0, Listener = ListenerKind.Fleck });
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(IPAddress.Loopback, server.Port, ct);
        var line = Encoding.ASCII.GetBytes($"X: {new string('x', 1_000)}\r\n");
        Assert.That(
            async () =>
            {
                for (var i = 0; i < 100_000; i++)
                    await tcp.GetStream().WriteAsync(line, ct);
            },
            Throws.InstanceOf<IOException>());
    }

    [Test]
    public async Task A_handshake_that_is_never_finished_ends_after_twenty_seconds(CancellationToken ct)
    {
        var time = new ManualTimeProvider();
        await using var server = await TestServer.StartAsync(ct, time, new JamServerOptions { Port = 0, Listener = ListenerKind.Fleck });
        using var client = await WebSocketClient.JoinAsync(server.Port, Role.Viewer, "ana", ct);
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(IPAddress.Loopback, server.Port, ct);
        var ended = RawWebSocket.ReadToEndAsync(tcp.GetStream(), ct);
        while (!ended.IsCompleted)
        {
            ct.ThrowIfCancellationRequested();
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        await ended;
        await client.SayAsync(new Ping(3), ct);
        Assert.That((await client.NextAsync<Pong>(ct)).Nonce, Is.EqualTo(3));
    }

    [Test]
    public async Task What_Fleck_logs_goes_into_the_log_of_the_server(CancellationToken ct)
    {
        using var provider = new Lines();
        using var loggers = LoggerFactory.Create(logging => logging.SetMinimumLevel(Microsoft.Extensions.Logging.LogLevel.Debug).AddProvider(provider));
        await using (await JamServer.StartAsync(new JamServerOptions { Port = 0, Listener = ListenerKind.Fleck }, TimeProvider.System, loggers, ct))
        {
            FleckLog.Warn("everyday");
            FleckLog.Error("something is wrong");
        }

        FleckLog.Error("after its end");
        Assert.That(provider.All, Is.SupersetOf(new[] { "Debug Fleck: everyday", "Warning Fleck: something is wrong" }));
        Assert.That(provider.All, Has.None.Contains("after its end"));
    }

    private static async Task<(Socket Client, Socket Server)> PairAsync(CancellationToken ct)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(listener.LocalEndpoint, ct);
        return (client, await listener.AcceptSocketAsync(ct));
    }

    private sealed class Lines : ILoggerProvider, ILogger
    {
        private readonly Lock _lock = new();
        private readonly List<string> _lines = [];

        public string[] All
        {
            get
            {
                lock (_lock)
                    return [.. _lines];
            }
        }

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(Microsoft.Extensions.Logging.LogLevel logLevel) => true;

        public void Log<TState>(
            Microsoft.Extensions.Logging.LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (_lock)
                _lines.Add($"{logLevel} {formatter(state, exception)}");
        }

        public void Dispose()
        {
        }
    }
}
