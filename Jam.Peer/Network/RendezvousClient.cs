using System.Net.WebSockets;
using System.Threading.Channels;
using Jam.Peer.Clock;
using Jam.Server.Contracts;

namespace Jam.Peer.Network;

internal abstract record RendezvousEvent;
internal sealed record Connected(Uri Server) : RendezvousEvent;
internal sealed record Disconnected(string Why) : RendezvousEvent;
internal sealed record Received(ServerMessage Message) : RendezvousEvent;

internal sealed class RendezvousClient : IAsyncDisposable
{
    private readonly IReadOnlyList<Uri> _urls; private readonly Func<Hello> _hello; private readonly TimeProvider _time;
    private readonly Channel<RendezvousEvent> _events = Channel.CreateBounded<RendezvousEvent>(1024);
    private readonly Channel<ClientMessage> _out = Channel.CreateBounded<ClientMessage>(256);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;
    private RoomClockSnapshot _clock = RoomClockSnapshot.None;
    public RendezvousClient(IReadOnlyList<Uri> urls, Func<Hello> hello, TimeProvider time) { _urls = urls; _hello = hello; _time = time; _loop = Task.Run(RunAsync); }
    public ChannelReader<RendezvousEvent> Events => _events.Reader;
    public RoomClockSnapshot Clock => Volatile.Read(ref _clock);
    public bool IsConnected { get; private set; }
    public Uri? Current { get; private set; }
    public bool TrySend(ClientMessage m) => IsConnected && _out.Writer.TryWrite(m);
    private long _best = long.MaxValue;
    private async Task RunAsync()
    {
        var ct = _stop.Token;
        for (var i = 0; ; i++)
        {
            try
            {
                using var ws = new ClientWebSocket();
                var url = _urls[i % _urls.Count];
                await ws.ConnectAsync(url, ct);
                await ws.SendAsync(ControlCodec.Serialize(_hello()), WebSocketMessageType.Text, true, ct);
                Current = url; IsConnected = true;
                await _events.Writer.WriteAsync(new Connected(url), ct);
                _best = long.MaxValue;
                await Task.WhenAny(ReadAsync(ws, ct), WriteAsync(ws, ct)).Unwrap();
                throw new IOException("closed");
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                IsConnected = false;
                await _events.Writer.WriteAsync(new Disconnected(e.Message), ct);
                await Task.Delay(TimeSpan.FromSeconds(1), _time, ct);
            }
        }
    }
    private async Task WriteAsync(WebSocket ws, CancellationToken ct)
    {
        var n = 0;
        while (true)
        {
            while (_out.Reader.TryRead(out var m)) await ws.SendAsync(ControlCodec.Serialize(m), WebSocketMessageType.Text, true, ct);
            if (n++ < 50 || n % 10 == 0) await ws.SendAsync(ControlCodec.Serialize(new SyncRequest(_time.NowUs())), WebSocketMessageType.Text, true, ct);
            await Task.Delay(TimeSpan.FromMilliseconds(10), _time, ct);
        }
    }
    private async Task ReadAsync(WebSocket ws, CancellationToken ct)
    {
        var buf = new byte[70000];
        while (true)
        {
            var n = 0; ValueWebSocketReceiveResult r;
            do { r = await ws.ReceiveAsync(buf.AsMemory(n), ct); n += r.Count; if (r.MessageType == WebSocketMessageType.Close) throw new IOException("closed"); } while (!r.EndOfMessage);
            var t4 = _time.NowUs();
            var m = ControlCodec.ParseServer(buf.AsMemory(0, n)).Message;
            if (m is SyncResponse s)
            {
                var rtt = t4 - s.T1Us - (s.T3Us - s.T2Us);
                if (rtt <= _best * 1.05 || s.ClockId != _clock.ClockId) { _best = Math.Min(rtt, _best); Volatile.Write(ref _clock, new RoomClockSnapshot(s.ClockId, t4, ((s.T2Us - s.T1Us) + (s.T3Us - t4)) / 2.0, 0, rtt / 4.0 + 20, rtt, true)); }
            }
            else if (m is not null) await _events.Writer.WriteAsync(new Received(m), ct);
        }
    }
    public async ValueTask DisposeAsync() { await Task.Delay(50); await _stop.CancelAsync(); await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); }
}
