using System.Net.WebSockets;
using Jam.Server.Contracts;

namespace Jam.Server.Hosting;

/// <summary>How what waits goes out.</summary>
internal sealed partial class ClientConnection
{
    private const int MostAtOnce = 32 * 1024;

    // So many that are patient are company enough.
    private const int MostPatient = 16;

    /// <summary>Queues a message that may wait for company; a full queue ends the connection with ERROR <c>slow_reader</c>.</summary>
    /// <returns>Whether the caller is to call <see cref="Pump"/>; where not, it is to ask <see cref="IsOwed"/> in a while.</returns>
    public bool QueuePatient(byte[] utf8)
    {
        if (_outbox.TryAddPatient(new Outbound(utf8), MostPatient, out var isMine))
            return isMine;
        CutShort(new Error(ErrorCodes.SlowReader, "messages for you were not read in time", true));
        return false;
    }

    /// <summary>Whether something patient has had no company; then the caller is to call <see cref="Pump"/>.</summary>
    public bool IsOwed() => _outbox.TryClaim();

    /// <summary>
    /// One at a time, as the outbox has it. It costs nothing beyond the socket's own send while that takes all at once, and is awaited, by
    /// way of <see cref="_sent"/>, before the connection is let go.
    /// </summary>
    /// <param name="ahead">What goes before all that waits; null: nothing.</param>
    private async Task PumpAsync(byte[]? ahead = null)
    {
        try
        {
            if (ahead is not null)
            {
                await _socket.SendAsync(ahead.AsMemory(), WebSocketMessageType.Text, true, _sending.Token);
                _metrics?.Wrote(ahead.Length);
            }

            while (_outbox.TryTake(out var next, out var stamp))
            {
                if (stamp is { } probe && View is { } view)
                {
                    var answer = Answer(probe, view);
                    var said = ControlCodec.Serialize(answer);
                    await _socket.SendAsync(said.AsMemory(), WebSocketMessageType.Text, true, _sending.Token);
                    _metrics?.Sent(answer);
                    _metrics?.Wrote(said.Length);
                }
                else if (next.Utf8 is { } utf8)
                {
                    // One system call for all that waits: of what is told to a crowd that is most of the cost.
                    if (next.Close is null && _socket is DirectWebSocket direct && _outbox.TakeBehind(MostAtOnce) is { } behind)
                    {
                        await direct.SendTogetherAsync(utf8, behind, _sending.Token);
                        foreach (var one in behind)
                            _metrics?.Wrote(one.Length);
                    }
                    else
                    {
                        await _socket.SendAsync(utf8.AsMemory(), WebSocketMessageType.Text, true, _sending.Token);
                    }

                    _metrics?.Wrote(utf8.Length);
                }

                if (next.Close is not { } status)
                    continue;
                _sending.CancelAfter(_closeWithin);
                await _socket.CloseOutputAsync(status, null, _sending.Token);
                _sent.TrySetResult();
                return;
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException
            or InvalidOperationException)
        {
            // The other side is gone, or did not read in time; either way nothing more can be said to it.
            _socket.Abort();
            _sent.TrySetResult();
        }
#pragma warning disable CA1031 // Nobody else would hear of it: whoever runs the connection does, and ends it.
        catch (Exception e)
        {
            _socket.Abort();
            _sent.TrySetException(e);
        }
#pragma warning restore CA1031
    }

    private ServerMessage Answer(ProbeStamp probe, RoomView view)
    {
        var room = view.Room;
        var pair = room.Pair;
        var t3Us = _time.NowUs();
        if (probe.IsBrief)
            return new ClockAnswer(probe.T1Us, probe.T2Us, t3Us, pair.Current.ClockId);
        var holds = pair.At(t3Us) ?? pair.Current;
        var positionUs = holds.PositionAtUs(t3Us);
        var tempo = room.Tempo.At(t3Us);
        return new SyncResponse(
            probe.T1Us, probe.T2Us, t3Us, pair.Current.ClockId, holds.Status, holds.TrackId, positionUs, positionUs / 1e6,
            new BeatNow(tempo.Bpm, tempo.BeatsPerBar, tempo.Grid.BeatsAt(t3Us)), room.Revisions);
    }
}
