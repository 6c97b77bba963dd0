using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Channels;
using Fleck;
using Jam.Server.Contracts;

namespace Jam.Server.Hosting;

/// <summary>
/// A client's socket as Fleck sees it. One loop reads; it gives Fleck only what the guard has looked at, and reads on when what came is
/// taken. One send is under way at a time. Where Fleck's own answers null to a send after its end, this one throws or does nothing.
/// </summary>
internal sealed class FleckWire : ISocket, IAsyncDisposable
{
    /// <summary>A request that is longer is none of a WebSocket.</summary>
    private const int MaxRequestBytes = 8 * 1024;

    /// <summary>Messages that wait to be taken, beside those of one read.</summary>
    private const int Waiting = 16;

    /// <summary>Nothing came for this long, though it was asked for a sign: the client is gone.</summary>
    private const long SilenceUs = 15_000_000;

    private static readonly TimeSpan s_lastWordWithin = TimeSpan.FromSeconds(2);

    private readonly Socket _socket;
    private readonly TimeProvider _time;
    private readonly Action<FleckWire> _onEnd;
    private readonly CancellationTokenSource _finished = new();
    private readonly CancellationTokenSource _aborted = new();
    private readonly SemaphoreSlim _sending = new(1);
    private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly FrameGuard _guard = new();
    private readonly List<Inbound> _arrived = [];
    private readonly ITimer _onSilence;

    private readonly Channel<Inbound> _inbox = Channel.CreateBounded<Inbound>(
        new BoundedChannelOptions(Waiting) { SingleReader = true, SingleWriter = true, FullMode = BoundedChannelFullMode.Wait });

    private (byte[] Buffer, Action<int> Callback, Action<Exception> Error)? _next;
    private Task _reading = Task.CompletedTask;
    private Task _beating = Task.CompletedTask;
    private byte[]? _refusal;
    private bool _isUpgraded;
    private bool _isLastSent;
    private int _requestBytes;
    private long _heardUs;

    public FleckWire(Socket socket, TimeProvider time, Action<FleckWire> onEnd)
    {
        (_socket, _time, _onEnd, _heardUs) = (socket, time, onEnd, time.NowUs());
        socket.NoDelay = true;
        // Asked of the socket later, it would throw for a client that is gone.
        if (socket.RemoteEndPoint is IPEndPoint { Address: var address, Port: var port })
        {
            RemoteIpAddress = (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : new IPAddress(address.GetAddressBytes())).ToString();
            RemotePort = port;
        }

        _onSilence = time.CreateTimer(_ => AbortUnlessOpen(), null, Limits.HelloTimeout, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Ends once the handshake's answer is out, or never will be.</summary>
    public Task Opened => _opened.Task;

    public bool Connected => !_finished.IsCancellationRequested;

    public string? RemoteIpAddress { get; }

    public int RemotePort { get; }

    public Stream Stream => Stream.Null;

    public bool NoDelay { get; set; } = true;

    public EndPoint LocalEndPoint => _socket.LocalEndPoint!;

    /// <summary>The next thing that came; the end again and again.</summary>
    public async ValueTask<Inbound> NextAsync(CancellationToken cancellationToken) =>
        await _inbox.Reader.WaitToReadAsync(cancellationToken) && _inbox.Reader.TryRead(out var inbound) ? inbound : new Inbound(InboundKind.Closed, []);

    /// <summary>Fleck has parsed one; called within its look at what was read.</summary>
    public void Arrived(Inbound inbound) => _arrived.Add(inbound);

    /// <summary>What is said in the place of the handshake's answer, which ends the connection.</summary>
    public void RefuseWith(byte[] answer) => _refusal = answer;

    /// <summary>Asks for a sign of life; ends a connection that gave none. Never by two at a time.</summary>
    public void Beat(byte[] ping)
    {
        if (_time.NowUs() - Volatile.Read(ref _heardUs) >= SilenceUs)
            Abort();
        else if (_beating.IsCompleted && Opened.IsCompleted)
            _beating = SendOrFinishAsync(ping, false, static () => { });
    }

    /// <summary>Sends whole frames, one call after the other. A last one is a close frame: behind it nothing goes out.</summary>
    /// <exception cref="IOException">The connection is over.</exception>
    public async Task SendAsync(ReadOnlyMemory<byte> frame, bool isLast, CancellationToken cancellationToken)
    {
        await _sending.WaitAsync(cancellationToken);
        try
        {
            if (_isLastSent)
                return;
            _isLastSent = isLast;
            while (!frame.IsEmpty)
                frame = frame[await _socket.SendAsync(frame, cancellationToken)..];
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            throw new IOException("The connection is over.", e);
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>What Fleck sends of its own accord: the handshake's answer first, and a close frame.</summary>
    public Task Send(byte[] buffer, Action callback, Action<Exception> error)
    {
        if (_isUpgraded)
            return SendOrFinishAsync(buffer, false, callback);
        _isUpgraded = true;
        return _refusal is { } refusal
            ? SendOrFinishAsync(refusal, true, Close)
            : SendOrFinishAsync(buffer, false, () => _opened.TrySetResult());
    }

    /// <summary>Notes where the next bytes are to go. Fleck asks anew for each, from within the loop, which then goes on.</summary>
    public Task<int> Receive(byte[] buffer, Action<int> callback, Action<Exception> error, int offset = 0)
    {
        var isFirst = _requestBytes == 0 && _next is null;
        _next = (buffer, callback, error);
        if (isFirst && _reading.IsCompleted)
            _reading = Task.Run(ReadAsync);
        return Task.FromResult(0);
    }

    /// <summary>Nothing more is read; what has come is still given, and what is being sent still goes out. More than once does no harm.</summary>
    public void Close() => _finished.Cancel();

    public void Dispose() => Close();

    /// <summary>Ends it at once, and ends when nothing runs here any more.</summary>
    public async ValueTask DisposeAsync()
    {
        Abort();
        await _reading;
        _sending.Dispose();
    }

    /// <summary>Ends it at once.</summary>
    public void Abort()
    {
        _aborted.Cancel();
        _finished.Cancel();
        _socket.Dispose();
    }

    public Task<ISocket> Accept(Action<ISocket> callback, Action<Exception> error) => throw new NotSupportedException();

    public Task Authenticate(X509Certificate2 certificate, SslProtocols enabledSslProtocols, Action callback, Action<Exception> error) =>
        throw new NotSupportedException();

    public void Bind(EndPoint ipLocal) => throw new NotSupportedException();

    public void Listen(int backlog) => throw new NotSupportedException();

    private void AbortUnlessOpen()
    {
        if (!Opened.IsCompleted)
            Abort();
    }

    private async Task SendOrFinishAsync(byte[] bytes, bool isLast, Action then)
    {
        try
        {
            await SendAsync(bytes, isLast, CancellationToken.None);
            then();
        }
        catch (IOException)
        {
            Close();
        }
    }

    private async Task ReadAsync()
    {
        try
        {
            while (!_finished.IsCancellationRequested && _next is { } next)
            {
                var count = await _socket.ReceiveAsync(next.Buffer, _finished.Token);
                if (count == 0)
                    break;
                Volatile.Write(ref _heardUs, _time.NowUs());
                if (!_isUpgraded && (_requestBytes += count) > MaxRequestBytes)
                    break;
                Look(next, count);
                foreach (var inbound in _arrived)
                    await _inbox.Writer.WriteAsync(inbound, _aborted.Token);
                _arrived.Clear();
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // However it ended, it has.
        }

        await EndAsync();
    }

    /// <summary>Shows Fleck what was read, up to a frame that is too much; of what follows that, only the end is of interest.</summary>
    private void Look((byte[] Buffer, Action<int> Callback, Action<Exception> Error) next, int count)
    {
        var wasOver = _guard.IsOver;
        var good = _isUpgraded ? _guard.Look(next.Buffer.AsSpan(0, count)) : count;
        if (!wasOver && good > 0)
        {
            _next = null;
            try
            {
                next.Callback(good);
            }
#pragma warning disable CA1031 // Fleck says by an exception of any kind that bytes are wrong, and closes when it is told so.
            catch (Exception e)
            {
                next.Error(e);
            }
#pragma warning restore CA1031
        }

        if (!_guard.IsOver)
            return;
        // Longer than any message may be, so whoever counts its bytes finds it so.
        if (!wasOver)
            _arrived.Add(new Inbound(InboundKind.Text, new byte[Limits.MaxMessageBytes + 1]));
        _next = _guard.HasClosed ? null : next;
    }

    private async Task EndAsync()
    {
        _inbox.Writer.TryComplete();
        _opened.TrySetResult();
        await _onSilence.DisposeAsync();
        try
        {
            // A close frame may be on its way.
            await using var late = _time.CreateTimer(_ => Abort(), null, s_lastWordWithin, Timeout.InfiniteTimeSpan);
            await _sending.WaitAsync(_aborted.Token);
            _sending.Release();
        }
        catch (OperationCanceledException)
        {
            // Nobody took it.
        }

        Abort();
        await _beating;
        _onEnd(this);
    }
}
