using System.Globalization;
using Jam.Peer.Network;
using Jam.Server.Contracts;

namespace Jam.Peer.Session;

/// <summary>Commands to the room's authority, and which of its messages answers which. One waits at a time.</summary>
internal sealed class RoomCommands(RoomFollower follower, Func<RendezvousClient?> client, TimeProvider time, RoomKeys keys) : IRoomControls, IDisposable
{
    private const string MutedText = "the host has muted you";

    private readonly PendingCommand _pending = new(time);
    private readonly LoopEdits _edits = new();
    private ClientMessage? _asked;

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
        var based = command is SetRole role ? keys.Open(role) : Based(command);
        await _pending.RunAsync(
            () =>
            {
                Volatile.Write(ref _asked, based);
                Send(based);
            },
            cancellationToken);
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
    public string SetLane(IReadOnlyList<LoopStep?> steps)
    {
        if (follower.Room.IsMuted)
            throw new JamException(MutedText);
        _edits.Edit(steps);
        if (!IsLoopHeard)
            return "kept; it is sent when the loop plays here again ('loop play')";
        return SendDueEdits() || !follower.Room.Loop.Shape.IsOn ? "your lane is sent" : "taken; your lane is sent before the loop begins anew";
    }

    /// <summary>Sends this peer's lane where it is due; asked four times a second at least. True where it went out.</summary>
    public bool SendDueEdits()
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

    /// <summary>A message of the authority; true where it answers the command that waits.</summary>
    public bool Take(ServerMessage message)
    {
        _edits.Take(follower.Room, message);
        return Volatile.Read(ref _asked) is { } asked && IsAnswer(asked, message) && _pending.Succeed();
    }

    /// <summary>The command that waits was refused, or cannot be answered any more; false where none waits.</summary>
    public bool Fail(string why) => _pending.Fail(why);

    public void Dispose() => _pending.Dispose();

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
}
