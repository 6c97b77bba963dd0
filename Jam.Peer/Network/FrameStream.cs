using System.IO.Pipelines;
using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security.Authentication;
using Jam.Peer.Wire;
using Jam.Server.Contracts;

namespace Jam.Peer.Network;

/// <summary>Frames over a socket. One reader and one writer at a time.</summary>
internal sealed class FrameStream : IAsyncDisposable
{
    private const int TcpLevel = 6;
    private const int TcpNotSentLowAt = 25;
    private const byte TlsHandshake = 22;
    private const int UnsentBytes = 32 * 1024;
    private const int SocketLevel = 1;
    private const int MaxPacingRate = 47;
    private const int ReceiveLowAt = 18;
    private const int ReceiveBuffer = 8;
    private const int BufferLock = 72;

    // A packet of Ethernet ends the wait in any case; and a receive buffer as the system gives it holds twice the other.
    private const int OnePacketBytes = 1448;
    private const int MostAwaitedBytes = 32 * 1024;

    // As long as a window could still grow the system acknowledges each packet at once, and every second one while what nobody reads leaves
    // room for more. A buffer that a lump fills ends both: 5 MB from eight links at once are 460 packets back instead of 2,200.
    private const int LumpBufferBytes = 64 * 1024;

    private const int SmallBytes = 1024;
    private const int LeastPendingBytes = 256;
    private static readonly TimeSpan Lump = TimeSpan.FromMilliseconds(40);

    private Stream _stream;
    private PipeReader _reader;
    private readonly RentedBuffer _pending = new(LeastPendingBytes);
    private int _awaitedBytes = 1;
    private long _written;
    private double _paceUsPerByte;
    private bool _hasLumpBuffer;
    private volatile TimeProvider? _lumps;

    public FrameStream(Socket socket)
    {
        Socket = socket;
        socket.NoDelay = true;
        // Bulk that waits in the kernel would delay every HAVE and CANCEL behind it.
        SetOption(TcpLevel, TcpNotSentLowAt, UnsentBytes);
        _stream = new NetworkStream(socket, ownsSocket: true);
        _reader = ReaderOf(_stream);
    }

    public Socket Socket { get; }

    /// <summary>SHA-256 of the certificate at the other end, 64 hexadecimal digits; null where the link is not encrypted.</summary>
    public string? RemoteKey { get; private set; }

    /// <summary>
    /// By which time half a chunk is left to the system for a moment before more is read; null: not at all. What is read as it comes is
    /// acknowledged two packets at a time, what is read in lumps once a lump: 5 MB from one quick link are 134 packets back instead of 1,600.
    /// Any thread may set it.
    /// </summary>
    public TimeProvider? Lumps
    {
        get => _lumps;
        set => _lumps = value;
    }

    /// <summary>Whether what comes first is TLS: its first byte makes no length that a frame may have.</summary>
    public async ValueTask<bool> BeginsTlsAsync(CancellationToken cancellationToken)
    {
        var first = new byte[1];
        try
        {
            return await Socket.ReceiveAsync(first, SocketFlags.Peek, cancellationToken) == 1 && first[0] == TlsHandshake;
        }
        catch (SocketException problem)
        {
            throw new IOException(problem.Message, problem);
        }
    }

    /// <summary>Speaks TLS 1.3 from here on, before anything was read. Each end shows a certificate; whose it is, is not judged here.</summary>
    /// <exception cref="ProtocolException">The other side does not speak it.</exception>
    /// <exception cref="IOException">The connection is lost.</exception>
    public async Task SecureAsync(bool isListening, LinkKey key, CancellationToken cancellationToken)
    {
        var shown = await key.ContextAsync().WaitAsync(cancellationToken);
        var tls = new SslStream(_stream, leaveInnerStreamOpen: false);
        try
        {
            if (isListening)
            {
                await tls.AuthenticateAsServerAsync(
                    new SslServerAuthenticationOptions
                    {
                        ServerCertificateContext = shown, ClientCertificateRequired = true, EnabledSslProtocols = SslProtocols.Tls13,
                        RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null, AllowTlsResume = false,
                    },
                    cancellationToken);
            }
            else
            {
                await tls.AuthenticateAsClientAsync(
                    new SslClientAuthenticationOptions
                    {
                        TargetHost = "", ClientCertificateContext = shown, EnabledSslProtocols = SslProtocols.Tls13,
                        RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null, AllowTlsResume = false,
                    },
                    cancellationToken);
            }
        }
        catch (AuthenticationException problem)
        {
            throw new ProtocolException($"TLS came to nothing: {problem.Message}");
        }

        await _reader.CompleteAsync();
        (_stream, _reader) = (tls, ReaderOf(tls));
        RemoteKey = LinkKey.FingerprintOf(tls.RemoteCertificate!.GetRawCertData());
    }

    /// <summary>How many of the written bytes the other side's system has acknowledged; at the least.</summary>
    public long AckedBytes
    {
        get
        {
            // In this order: what is written in between only makes the answer smaller.
            var written = Volatile.Read(ref _written);
            return written - SendQueue.UnackedBytes(Socket);
        }
    }

    /// <summary>How many bytes the socket has taken.</summary>
    public long WrittenBytes => Volatile.Read(ref _written);

    /// <summary>The next frame; null where the other side has closed.</summary>
    /// <exception cref="ProtocolException">What came is no frame.</exception>
    /// <exception cref="IOException">The connection is lost.</exception>
    public async ValueTask<Frame?> ReadAsync(bool authenticated, CancellationToken cancellationToken)
    {
        while (true)
        {
            var result = await _reader.ReadAsync(cancellationToken);
            var buffer = result.Buffer;
            switch (FrameReader.TryRead(ref buffer, authenticated, out var frame, out var why))
            {
                case ReadStatus.Frame:
                    _reader.AdvanceTo(buffer.Start);
                    if (buffer.IsEmpty)
                        WakeAt(1);
                    return frame;
                case ReadStatus.Bad:
                    _reader.AdvanceTo(buffer.Start);
                    throw new ProtocolException(why!);
                default:
                    _reader.AdvanceTo(buffer.Start, buffer.End);
                    if (result.IsCompleted)
                        return null;
                    // While less is there than the system is to wake for, it acknowledges every second packet, read or not: no lump would come of it.
                    var time = _lumps;
                    HoldLumps(time is not null);
                    WakeAt(time is null ? FrameReader.MissingBytes(buffer) : 1);
                    if (time is not null && buffer.Length > SmallBytes)
                        await Task.Delay(Lump, time, cancellationToken);
                    break;
            }
        }
    }

    private void HoldLumps(bool isHeld)
    {
        if (isHeld == _hasLumpBuffer)
            return;
        _hasLumpBuffer = isHeld;
        try
        {
            // Without the lock the system lets it grow again as it sees fit.
            if (isHeld)
                SetOption(SocketLevel, ReceiveBuffer, LumpBufferBytes);
            else
                SetOption(SocketLevel, BufferLock, 0);
        }
        catch (SocketException)
        {
            // Linux before 5.14 knows no such lock: it stays as it is, which is enough for one more track.
        }
    }

    // What a packet brings of a chunk is of no use before the rest is here: the system keeps it and wakes nobody for it. Never more than the frame
    // wants, or it would wait for what nobody sends; over TLS, which reads ahead, nobody here knows how much that is.
    private void WakeAt(int bytes)
    {
        bytes = bytes > OnePacketBytes && RemoteKey is null ? Math.Min(bytes, MostAwaitedBytes) : 1;
        if (bytes == _awaitedBytes)
            return;
        _awaitedBytes = bytes;
        SetOption(SocketLevel, ReceiveLowAt, bytes);
    }

    /// <summary>Appends a frame to what <see cref="FlushAsync"/> sends.</summary>
    public void Append(Frame frame) => FrameWriter.Write(_pending, frame);

    /// <summary>Whether there is anything to flush, and how much.</summary>
    public int PendingBytes => _pending.Count;

    /// <summary>Moves what was appended into a buffer that is about to be sent.</summary>
    public void TakePending(Span<byte> into)
    {
        _pending.Written.Span.CopyTo(into);
        _pending.Clear();
    }

    /// <summary>Sends what was appended.</summary>
    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        if (_pending.Count == 0)
            return;
        await SendRawAsync(_pending.Written, cancellationToken);
        _pending.Clear();
    }

    /// <summary>Sends one frame now.</summary>
    public ValueTask SendAsync(Frame frame, CancellationToken cancellationToken)
    {
        Append(frame);
        return FlushAsync(cancellationToken);
    }

    /// <summary>
    /// How fast the system sends what is written from now on, microseconds per byte; 0: as fast as it goes. Only Linux can; elsewhere it
    /// stays as fast as it goes.
    /// </summary>
    public void Pace(double usPerByte)
    {
        if (usPerByte == _paceUsPerByte)
            return;
        _paceUsPerByte = usPerByte;
        SetOption(SocketLevel, MaxPacingRate, usPerByte == 0 ? -1 : (int)Math.Min(int.MaxValue, 1e6 / usPerByte));
    }

    private void SetOption(int level, int option, int value)
    {
        if (OperatingSystem.IsLinux())
            Socket.SetRawSocketOption(level, option, MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in value)));
    }

    /// <summary>Sends bytes that are a frame already.</summary>
    public async ValueTask SendRawAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        // What was not begun is not cut: BYE may still follow.
        cancellationToken.ThrowIfCancellationRequested();
        IsCut = true;
        await _stream.WriteAsync(bytes, cancellationToken);
        IsCut = false;
        Volatile.Write(ref _written, _written + bytes.Length);
    }

    /// <summary>Whether a write was broken off: nothing may follow what the other side holds for half a frame.</summary>
    public bool IsCut { get; private set; }

    private static PipeReader ReaderOf(Stream stream) =>
        PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 128 * 1024, minimumReadSize: 16 * 1024, leaveOpen: true, useZeroByteReads: true));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _reader.CompleteAsync();
        await _stream.DisposeAsync();
    }
}
