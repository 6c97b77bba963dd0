using System.Diagnostics;
using System.Globalization;
using Jam.Peer.Network;
using Jam.Server.Contracts;

namespace Jam.Peer.Session;

/// <summary>Commands to the room's authority, and which of its messages answers which. One waits at a time.</summary>
internal sealed class RoomCommands(RoomFollower follower, Func<RendezvousClient?> client, TimeProvider time, Action<string> notice, RoomKeys keys) : IRoomControls, IDisposable
{
    private const string MutedText = "the host has muted you";

    // A peer that has just started is in its room within a tenth of a second; its own server's, within less.
    private static readonly TimeSpan EntersWithin = TimeSpan.FromSeconds(3);

    private readonly TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly PendingCommand _pending = new(time);
    private readonly LoopEdits _edits = new();
    private Asked? _asked;
    private int _connections;
    private bool _isArriving;

    /// <summary>Where spans of commands come from; null: nowhere.</summary>
    public ActivitySource? Spans { get; set; }

    /// <inheritdoc/>
    public bool IsLoopHeard
    {
        get => !_edits.IsPaused;
        set
        {
            _edits.IsPaused = !value;
            follower.OnScoreChanged();
        }
    }

    /// <summary>Clicks in turn with another member.</summary>
    public required ClickDesk Clicks { get; init; }

    /// <inheritdoc/>
    public RoomReport Describe()
    {
        var room = follower.Room;
        var clock = client()?.Clock;
        long? nowUs = clock is { IsReady: true } ? (long)clock.ToRoomUs(time.NowUs()) : null;
        var timeline = room.Timeline?.Current;
        return new RoomReport(
            room.Policy, nowUs is { } us ? room.Tempo?.At(us) : room.Tempo?.Current, room.Loop.Shape,
            room.Loop.Parts.Count(p => p.Value.Steps.Any(s => s is not null)), room.Repeat, room.IsShuffled, nowUs, timeline?.Epoch ?? 0,
            timeline?.Revision ?? 0, room.IsMuted);
    }

    /// <inheritdoc/>
    public async Task<string> AskAsync(ClientMessage command, CancellationToken cancellationToken)
    {
        await EnterAsync(cancellationToken);
        var based = command is SetRole role ? keys.Open(role) : Based(command);
        using var span = Spans?.StartActivity("peer.command", ActivityKind.Client);
        span?.SetTag("jam.message.type", command.GetType().Name);
        try
        {
            await _pending.RunAsync(
                () =>
                {
                    Volatile.Write(ref _asked, new Asked(based, follower.Room, Volatile.Read(ref _connections)));
                    Send(based);
                },
                cancellationToken);
        }
        catch (JamException problem)
        {
            span?.SetStatus(ActivityStatusCode.Error, problem.Message);
            throw;
        }

        if (based is Invite { Action: InviteActions.Add } && follower.Room.LastInvite is { } invite)
            return follower.HowToJoin(invite);
        return RoomTexts.Answer(based, follower.Room);
    }

    /// <inheritdoc/>
    public string Tap()
    {
        // A tap waits for no answer: it would be refused without a word.
        if (follower.Room is { Role: not Role.Host, Policy.Control: Control.Host })
            throw new JamException("only the host controls this room");
        if (follower.Room.IsMuted)
            throw new JamException(MutedText);
        var clock = client()?.Clock;
        Send(new Tap(clock is { IsReady: true } ? (long)clock.ToRoomUs(time.NowUs()) : null));
        return follower.Room.Tempo is { } tempo ? $"tapped; {RoomTexts.Tempo(tempo.Current)}" : "tapped";
    }

    /// <inheritdoc/>
    public void Tell(string json, string? peerId)
    {
        if (follower.Room.IsMuted)
            throw new JamException(MutedText);
        Send(new Blob(json, peerId));
    }

    /// <inheritdoc/>
    public string SetLane(IReadOnlyList<LoopStep?> steps)
    {
        if (follower.Room.IsMuted)
            throw new JamException(MutedText);
        _edits.Edit(steps);
        if (!IsLoopHeard)
            return "kept; it is sent when the loop plays here again ('loop play')";
        return SendDueEdits() || !follower.Room.Loop.Shape.IsOn ? "your lane is sent" : "taken; your lane is sent before the loop begins anew";
    }

    /// <summary>Sends what is due of itself; asked four times a second at least.</summary>
    public void SendDue()
    {
        SendDueEdits();
        if (client() is { IsConnected: true } connected && Clicks.Look(follower.Room, time.NowUs()) is { } blob)
            connected.TrySend(blob);
    }

    /// <summary>Sends this peer's lane where it is due. True where it went out.</summary>
    private bool SendDueEdits()
    {
        var clock = client()?.Clock;
        if (client() is not { IsConnected: true } connected
            || _edits.TakeDue(follower.Room, clock is { IsReady: true } ? (long)clock.ToRoomUs(time.NowUs()) : null) is not { } update)
            return false;
        if (connected.TrySend(update))
            return true;
        _edits.PutBack(update);
        return false;
    }

    /// <inheritdoc/>
    public async Task<string> SyncAsync(CancellationToken cancellationToken)
    {
        client()?.Resync();
        await AskAsync(new SnapshotRequest(), cancellationToken);
        var report = Describe();
        return string.Create(CultureInfo.InvariantCulture, $"the room is known anew (epoch {report.Epoch}, revision {report.Revision}); the clock is measured anew");
    }

    /// <summary>Adds a track to the room's list, and makes it the room's where there is none.</summary>
    public async Task<string> OfferAsync(TrackInfo info, CancellationToken cancellationToken)
    {
        var room = follower.Room;
        if (room.Role != Role.Host && room.Policy is { Control: Control.Host, Queue: Control.Host })
            return $"{info.Name} is seeded; only the host can add it to the room's list";
        await AskAsync(new Queue(QueueActions.Add, info), cancellationToken);
        if (follower.Room.Timeline?.Current.TrackId is null && (room.Role == Role.Host || room.Policy.Control == Control.Everyone))
            await AskAsync(HostDuties.ToSetTrack(info), cancellationToken);
        return $"seeding {info.Name} ({info.TrackId[..8]}, {Session.Describe.Bytes(info.LengthBytes)})";
    }

    /// <summary>Makes a track of the list the room's.</summary>
    public async Task<string> SelectAsync(int place, CancellationToken cancellationToken)
    {
        var queue = follower.Room.Queue;
        if (place < 1 || place > queue.Count)
            throw new JamException($"the playlist has {(queue.Count == 1 ? "1 track" : $"{queue.Count} tracks")}; 'playlist' shows them");
        if (queue[place - 1].TrackId == follower.Room.Track?.TrackId)
            return await AskAsync(new Seek(0), cancellationToken);
        var wasPlaying = follower.Room.Timeline?.Current.Status == PlaybackStatus.Play;
        await AskAsync(HostDuties.ToSetTrack(queue[place - 1]), cancellationToken);
        return wasPlaying ? await AskAsync(new Play(0), cancellationToken) : Session.Describe.Timeline(follower.Room);
    }

    /// <summary>The connection is gone: what waits for its answer waits for the next one.</summary>
    public void OnLost() => _pending.Hold();

    /// <summary>There is a connection, though it has not said yet what the room is.</summary>
    public void OnConnected()
    {
        Volatile.Write(ref _connections, _connections + 1);
        _isArriving = true;
        _pending.Hold();
    }

    /// <summary>A message of the authority; true where it answers the command that waits, or is for nobody's eyes.</summary>
    public bool Take(ServerMessage message)
    {
        if (message is BlobRelay relay && Clicks.Take(relay, follower.Room, time.NowUs()) is { IsOurs: true, Answer: var answer })
        {
            if (answer is not null)
                client()?.TrySend(answer);
            return true;
        }

        _edits.Take(follower.Room, message);
        if (_isArriving)
        {
            // What a connection begins with tells what the room is, and answers nothing.
            _isArriving = message is not Snapshot { Page: var page, Pages: var pages } || page < pages - 1;
            if (_isArriving)
                return false;
            _entered.TrySetResult();
            return AskAgain();
        }

        return Volatile.Read(ref _asked) is { Command: var asked } && IsAnswer(asked, message) && _pending.Succeed();
    }

    /// <summary>The command that waits was refused, or cannot be answered any more; false where none waits.</summary>
    public bool Fail(string why) => _pending.Fail(why);

    public void Dispose() => _pending.Dispose();

    // What was asked on a connection that is gone is judged by what the room has become.
    private bool AskAgain()
    {
        _pending.BeginAnew();
        if (!_pending.IsWaiting || Volatile.Read(ref _asked) is not { } asked || asked.Connection == _connections)
            return false;
        switch (AfterMove.Judge(asked.Command, asked.Then, follower.Room))
        {
            case AfterMove.AskAgain { Command: var again }:
                Volatile.Write(ref _asked, new Asked(again, follower.Room, _connections));
                // Where that is gone again, so it is asked once more.
                if (client()?.TrySend(again) == true)
                    notice("the server was lost before it answered; asked again");
                return false;
            case AfterMove.IsDone:
                return _pending.Succeed();
            default:
                return _pending.Fail($"not done, since the room has changed on its way to another server: {Session.Describe.Timeline(follower.Room)}; ask again if it is still wanted");
        }
    }

    // What is typed while the peer still starts is meant for the room that it is about to enter.
    private async Task EnterAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _entered.Task.WaitAsync(EntersWithin, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // Then there is no connection, which sending says.
        }
    }

    private void Send(ClientMessage message)
    {
        if (client()?.TrySend(message) != true)
            throw new JamException("the server is not connected at the moment; the music plays on, commands do not arrive");
    }

    /// <summary>Where several may command, what is meant for a room that has changed meanwhile must not hit it.</summary>
    private ClientMessage Based(ClientMessage message)
    {
        var isRisky = follower.Room.Policy.Control == Control.Everyone || message is Queue { Action: QueueActions.Next or QueueActions.Previous };
        return message is RoomCommand command && isRisky && follower.Room.Timeline is { Current: var current }
            ? command with { Epoch = current.Epoch, Revision = current.Revision }
            : message;
    }

    private bool IsAnswer(ClientMessage asked, ServerMessage message) => asked switch
    {
        SetPolicy => message is PolicyState,
        SetDoor or Invite { Action: not InviteActions.Add } => message is DoorState,
        Invite => message is Invited,
        SetTempo or Metronome => message is TempoState,
        SetLoop => message is LoopState { Lane: null },
        SetRole role => message is PeerJoined { Member: var m } && m.PeerId == (role.PeerId ?? follower.Room.PeerId),
        Kick kick => message is PeerLeft left && left.PeerId == kick.PeerId,
        Mute mute => message is PeerJoined { Member: var m } && m.PeerId == mute.PeerId,
        Queue { Action: not (QueueActions.Next or QueueActions.Previous) } => message is QueueState,
        SnapshotRequest => message is Snapshot,
        _ => message is State,
    };

    /// <summary>A command, what its sender saw of the room, and on which connection it went out.</summary>
    private sealed record Asked(ClientMessage Command, RoomState Then, int Connection);
}
