using System.Buffers.Binary;
using System.Net.Sockets;
using System.Threading.Channels;
using Jam.Peer.Wire;
using Jam.Server.Contracts;

namespace Jam.Peer.Network;

/// <summary>Test data one way, counted.</summary>
internal readonly record struct TransferCount(int Good, int Bad, int Declined, long GoodBytes, long TookUs);

/// <summary>
/// A member's link that only measures: it announces no track, so it takes no part in the swarm. One loop reads; the caller does
/// one measurement at a time.
/// </summary>
internal sealed class CheckLink : IAsyncDisposable
{
    private const int WindowBytes = 1024 * 1024;
    private const int MaxWindow = 64;
    private const int TcpLevel = 6;
    private const int TcpInfo = 11;
    private const int TotalRetransmits = 100;

    private readonly FrameStream _stream;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _writing = new(1);
    private readonly CancellationTokenSource _stop = new();
    // Full mode: wait. There are never more answers than questions, and those are bounded.
    private readonly Channel<(Frame Frame, long AtUs)> _answers = Channel.CreateBounded<(Frame, long)>(1024);
    private readonly Task _reading;

    private CheckLink(FrameStream stream, TimeProvider time)
    {
        _stream = stream;
        _time = time;
        _reading = ReadLoopAsync(_stop.Token);
    }

    /// <summary>Proves membership and begins. The stream is this link's from here on, also where it fails.</summary>
    /// <exception cref="ProtocolException">The other side will not have this peer.</exception>
    /// <exception cref="IOException">The connection is lost.</exception>
    public static async Task<CheckLink> OpenAsync(
        FrameStream stream, PeerIdentity self, int listenPort, TimeProvider time, CancellationToken cancellationToken,
        LinkGuard? guard = null)
    {
        try
        {
            await Handshake.DialAsync(stream, self, (ushort)listenPort, cancellationToken, guard);
            return new CheckLink(stream, time);
        }
        catch
        {
            await stream.DisposeAsync();
            throw;
        }
    }

    /// <summary>Why the link ended; null while it lasts.</summary>
    public string? Lost { get; private set; }

    /// <summary>Segments that TCP sent again; null where the system does not tell.</summary>
    public long? Retransmits()
    {
        if (!OperatingSystem.IsLinux())
            return null;
        Span<byte> info = stackalloc byte[TotalRetransmits + 4];
        try
        {
            return _stream.Socket.GetRawSocketOption(TcpLevel, TcpInfo, info) == info.Length
                ? BinaryPrimitives.ReadUInt32LittleEndian(info[TotalRetransmits..])
                : null;
        }
        catch (Exception problem) when (problem is SocketException or ObjectDisposedException)
        {
            return null;
        }
    }

    /// <summary>Round trips, microseconds, in the order in which they were answered.</summary>
    /// <param name="count">How many probes.</param>
    /// <param name="every">Their distance.</param>
    /// <param name="patience">How long the last answer is waited for.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<List<long>> PingAsync(int count, TimeSpan every, TimeSpan patience, CancellationToken cancellationToken)
    {
        var sent = new HashSet<ulong>();
        var rtts = new List<long>();
        using (var timer = new PeriodicTimer(every, _time))
        {
            do
            {
                var nonce = (ulong)_time.NowUs();
                sent.Add(nonce);
                await SendAsync(new PingFrame(nonce), cancellationToken);
                while (_answers.Reader.TryRead(out var early))
                    Count(early);
            }
            while (sent.Count < count && Lost is null && await timer.WaitForNextTickAsync(cancellationToken));
        }

        using var deadline = Deadline(patience, cancellationToken);
        while (rtts.Count < count && await NextAsync(deadline, cancellationToken) is { } late)
            Count(late);
        return rtts;

        void Count((Frame Frame, long AtUs) answer)
        {
            if (answer.Frame is PongFrame pong && sent.Contains(pong.Nonce) && rtts.Count < count)
                rtts.Add(Math.Max(1, answer.AtUs - (long)pong.Nonce));
        }
    }

    /// <summary>Asks for test data and verifies it.</summary>
    public Task<TransferCount> DownAsync(int chunks, int size, TimeSpan patience, CancellationToken cancellationToken) =>
        TransferAsync(chunks, size, number => new TestWantFrame(number, size), answer => answer switch
        {
            TestDataFrame { Bytes.Length: 0 } => 0,
            TestDataFrame data => data.Bytes.Length == size && TestPayload.IsGood(data.Number, data.Bytes) ? size : -1,
            _ => null,
        }, patience, cancellationToken);

    /// <summary>Sends test data and counts what the other side found good.</summary>
    public Task<TransferCount> UpAsync(int chunks, int size, TimeSpan patience, CancellationToken cancellationToken) =>
        TransferAsync(
            chunks, size, number => new TestDataFrame(number, TestPayload.Create(number, size)),
            answer => answer is TestAckFrame ack ? (ack.GoodBytes == size ? size : 0) : null, patience, cancellationToken);

    /// <summary>Asks to be dialled; null where no answer came.</summary>
    public async Task<DialBackOutcome?> DialBackAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        await SendAsync(new DialBackFrame(1), cancellationToken);
        using var deadline = Deadline(patience, cancellationToken);
        while (await NextAsync(deadline, cancellationToken) is { } answer)
        {
            if (answer.Frame is DialBackResultFrame { Number: 1 } result)
                return result.Outcome;
        }

        return null;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Lost is null)
        {
            using var deadline = Deadline(TimeSpan.FromSeconds(0.2), CancellationToken.None);
            await SendAsync(new ByeFrame(PeerConnection.Farewell), deadline.Token);
        }

        await _stop.CancelAsync();
        await _reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _stream.DisposeAsync();
        _writing.Dispose();
        _stop.Dispose();
    }

    // As many questions under way as the window takes; what an answer is worth in bytes: 0 declined, below that damaged, null
    // where it answers something else.
    private async Task<TransferCount> TransferAsync(
        int chunks, int size, Func<uint, Frame> question, Func<Frame, int?> worth, TimeSpan patience, CancellationToken cancellationToken)
    {
        using var deadline = Deadline(patience, cancellationToken);
        var window = Math.Clamp(WindowBytes / size, 2, MaxWindow);
        var count = new TransferCount();
        var startUs = _time.NowUs();
        var (asked, answered) = (0, 0);
        while (answered < chunks && Lost is null)
        {
            for (; asked < chunks && asked - answered < window && !deadline.IsCancellationRequested; asked++)
                await SendAsync(question((uint)asked), deadline.Token);
            if (await NextAsync(deadline, cancellationToken) is not var (frame, atUs))
                break;
            if (worth(frame) is not { } bytes)
                continue;
            answered++;
            count = bytes switch
            {
                > 0 => count with { Good = count.Good + 1, GoodBytes = count.GoodBytes + bytes, TookUs = atUs - startUs },
                0 => count with { Declined = count.Declined + 1 },
                _ => count with { Bad = count.Bad + 1 },
            };
        }

        return count;
    }

    private static CancellationTokenSource Deadline(TimeSpan patience, CancellationToken cancellationToken)
    {
        var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(patience);
        return deadline;
    }

    // Null where the time is over or the link is.
    private async Task<(Frame Frame, long AtUs)?> NextAsync(CancellationTokenSource deadline, CancellationToken cancellationToken)
    {
        try
        {
            return await _answers.Reader.WaitToReadAsync(deadline.Token) && _answers.Reader.TryRead(out var answer) ? answer : null;
        }
        catch (OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return null;
        }
    }

    // A link that breaks is a result. What is broken off midway ends it too: nothing may follow half a frame.
    private async Task SendAsync(Frame frame, CancellationToken cancellationToken)
    {
        try
        {
            await _writing.WaitAsync(cancellationToken);
            try
            {
                if (Lost is null)
                    await _stream.SendAsync(frame, cancellationToken);
            }
            finally
            {
                _writing.Release();
            }
        }
        catch (Exception problem) when (problem is IOException or OperationCanceledException or ObjectDisposedException)
        {
            if (problem is not OperationCanceledException || _stream.IsCut)
                Lost ??= problem is OperationCanceledException ? "what is sent is not taken in time" : problem.Message;
        }
    }

    private async Task ReadLoopAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (await _stream.ReadAsync(true, cancellationToken) is { } frame)
            {
                switch (frame)
                {
                    case PingFrame ping:
                        await SendAsync(new PongFrame(ping.Nonce), cancellationToken);
                        break;
                    case PongFrame or TestDataFrame or TestAckFrame or DialBackResultFrame:
                        await _answers.Writer.WriteAsync((frame, _time.NowUs()), cancellationToken);
                        break;
                    case ChunkFrame chunk:
                        chunk.Release();
                        break;
                    case ByeFrame bye:
                        Lost ??= bye.Reason;
                        break;
                    default:
                        // The swarm goes on around this link, which takes no part in it.
                        break;
                }
            }

            Lost ??= "the other side closed it";
        }
        catch (Exception problem) when (problem is IOException or ProtocolException or OperationCanceledException or ObjectDisposedException)
        {
            Lost ??= problem is OperationCanceledException ? "closed" : problem.Message;
        }
        finally
        {
            _answers.Writer.TryComplete();
        }
    }
}
