using Jam.Peer.Clock;
using Jam.Peer.Playback;
using Jam.Peer.Session;
using Jam.Server.Contracts;

namespace Jam.Peer.Audio;

/// <summary>
/// Decodes ahead of the playhead on a thread of its own, where reads may wait for bytes. A change of timeline or track cancels a wait;
/// a wait that lasts is given up once a second, so that a playhead that has moved on is followed.
/// </summary>
internal sealed class TrackFeeder : IAsyncDisposable
{
    private static readonly TimeSpan s_longestWait = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_idle = TimeSpan.FromMilliseconds(100);

    /// <summary>While only the clock is missing, which says nothing when it is there: who joins wants to hear something.</summary>
    private static readonly TimeSpan s_soon = TimeSpan.FromMilliseconds(5);

    private readonly TimeProvider _time;
    private readonly Func<RoomClockSnapshot> _clock;
    private readonly Func<long> _leadUs;
    private readonly Action<PlayoutTrack?> _publish;
    private readonly Action _decoded;
    private readonly Action<string> _notice;
    private readonly Lock _gate = new();
    private readonly AutoResetEvent _wake = new(false);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ReadyTracks _ready;
    private RingFiller _filler;
    private FollowedTimeline _followed = FollowedTimeline.Nothing;
    private CancellationTokenSource? _wait;
    private TimelinePair? _pair;
    private TrackRequest? _request;
    private GivenIndex? _index;
    private IReadOnlyList<TrackRequest> _neighbours = [];
    private (string? TrackId, float Gain) _gain;
    private volatile bool _stopped;
    private volatile int _concealed;
    private PlayoutTrack? _track;
    private string? _told;

    /// <param name="time">The local clock.</param>
    /// <param name="clock">The newest estimate of the room clock.</param>
    /// <param name="leadUs">How soon a change can be heard, at the output in use.</param>
    /// <param name="publish">Told of each track that is opened, and null where there is none; on the feeder's thread.</param>
    /// <param name="decoded">Told whenever there is more of it.</param>
    /// <param name="notice">Lines for people.</param>
    /// <param name="decoders">The libraries that decode.</param>
    public TrackFeeder(
        TimeProvider time, Func<RoomClockSnapshot> clock, Func<long> leadUs, Action<PlayoutTrack?> publish, Action decoded, Action<string> notice,
        Decoders decoders)
    {
        (_ready, _filler) = (new ReadyTracks(decoders), new RingFiller(decoders));
        (_time, _clock, _leadUs, _publish, _decoded, _notice) = (time, clock, leadUs, publish, decoded, notice);
        new Thread(Run) { IsBackground = true, Name = "decoder" }.Start();
    }

    /// <summary>Any thread: what is open now; null before its first frames have come.</summary>
    public PlayoutTrack? Track => Volatile.Read(ref _track);

    /// <summary>Any thread: how often damaged bytes of the open track were replaced by silence.</summary>
    public int Concealed => _concealed;

    public void SetTimeline(TimelinePair? pair)
    {
        lock (_gate)
        {
            _pair = pair;
            _wait?.Cancel();
        }
        _wake.Set();
    }

    public void SetTrack(string? trackId, Func<ITrackReader>? open)
    {
        lock (_gate)
        {
            if (_request?.TrackId == trackId)
                return;
            _request = trackId is null || open is null ? null : new TrackRequest(trackId, open);
            _wait?.Cancel();
        }
        _wake.Set();
    }

    /// <summary>
    /// What may come next, all bytes of it here: it is opened and its beginning decoded when there is time, so that it sounds at once.
    /// </summary>
    public void SetNeighbours(IReadOnlyList<TrackRequest> tracks)
    {
        lock (_gate)
        {
            if (_neighbours.Select(one => one.TrackId).SequenceEqual(tracks.Select(one => one.TrackId)))
                return;
            _neighbours = tracks;
        }
        _wake.Set();
    }

    /// <summary>Where the frames of a track stand, before or after it is opened; another track's index is kept until that is set.</summary>
    public void SetIndex(string trackId, TrackIndex index)
    {
        lock (_gate)
        {
            _index = new GivenIndex(trackId, index);
            _wait?.Cancel();
        }
        _wake.Set();
    }

    /// <summary>How loud a track is to sound, a factor; before or after it is opened.</summary>
    public void SetGain(string trackId, float gain)
    {
        lock (_gate)
        {
            _gain = (trackId, gain);
            if (Volatile.Read(ref _track) is { } track && track.TrackId == trackId)
                track.Gain = gain;
        }
    }

    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _stopped = true;
            _wait?.Cancel();
        }
        _wake.Set();
        await _ended.Task.ConfigureAwait(false);
        _wake.Dispose();
    }

    private void Run()
    {
        TrackRequest? opened = null, failing = null;
        GivenIndex? used = null;
        while (!_stopped)
        {
            using var wait = new CancellationTokenSource(s_longestWait, _time);
            try
            {
                TrackRequest? request;
                TimelinePair? pair;
                GivenIndex? index;
                IReadOnlyList<TrackRequest> neighbours;
                lock (_gate)
                {
                    (request, pair, index, neighbours) = (_request, _pair, _index, _neighbours);
                    _wait = wait;
                    if (_stopped)
                        break;
                }
                // What was opened without knowing that it is a chain ends where its first link does.
                var isOther = index?.Index is ChainIndex && !ReferenceEquals(index, used) && index.TrackId == request?.TrackId;
                if (isOther || !ReferenceEquals(request, opened))
                {
                    failing = request;
                    Open(request, index?.TrackId == request?.TrackId ? index?.Index : null, pair, wait.Token);
                    (opened, used) = (request, index);
                }
                else if (!ReferenceEquals(index, used))
                {
                    if (index!.TrackId == _filler.Track?.TrackId)
                        _filler.UseIndex(index.Index);
                    used = index;
                }
                var isBusy = Fill(pair, wait.Token) || _ready.Prepare(neighbours, wait.Token);
                _concealed = _filler.Concealed;
                Tell(_filler.Remark);
                if (!isBusy)
                    _wake.WaitOne(IdleFor(pair));
            }
            catch (OperationCanceledException)
            {
                // Something changed, or the wait was long: look again.
            }
#pragma warning disable CA1031 // The root of the loop: a track that fails must not end the peer.
            catch (Exception e)
            {
                opened = failing;
                _filler.Close();
                _notice(e is JamException ? e.Message : $"this track cannot be played: {e.Message}");
            }
#pragma warning restore CA1031
            finally
            {
                lock (_gate)
                    _wait = null;
            }
        }
        _filler.Close();
        _ready.Close();
        _ended.TrySetResult();
    }

    private void Tell(string? remark)
    {
        if (remark is not null && remark != _told)
            _notice(remark);
        _told = remark;
    }

    // Where nothing plays all there is to do follows from a change, and that is told.
    private TimeSpan IdleFor(TimelinePair? pair)
    {
        var clock = _clock();
        if (_filler.Track is not null && !clock.IsReady)
            return s_soon;
        var isPlaying = pair is not null && (pair.Current.Status == PlaybackStatus.Play
            || pair.At((long)clock.ToRoomUs(_time.NowUs()))?.Status == PlaybackStatus.Play);
        return isPlaying ? s_idle : s_longestWait;
    }

    private void Open(TrackRequest? request, TrackIndex? index, TimelinePair? pair, CancellationToken token)
    {
        _filler.Close();
        PlayoutTrack? track = null;
        if (request is not null)
        {
            track = Open(request, index, Plan(request.TrackId, pair).Next?.FromUs ?? 0, out var error, token);
            if (track is null)
                _notice($"this track cannot be played: {error}");
        }
        lock (_gate)
        {
            if (track is not null && _gain.TrackId == track.TrackId)
                track.Gain = _gain.Gain;
            Volatile.Write(ref _track, track);
        }
        _publish(track);
    }

    private PlayoutTrack? Open(TrackRequest request, TrackIndex? index, long fromUs, out string? error, CancellationToken token)
    {
        error = null;
        if (_ready.Take(request.TrackId) is not { } ready)
            return _filler.Open(request.TrackId, request.Open(), index, fromUs, out error, token);
        _filler = ready;
        if (index is not null)
            ready.UseIndex(index);
        return ready.Track;
    }

    private bool Fill(TimelinePair? pair, CancellationToken token)
    {
        if (_filler.Track is not { } track)
            return false;
        if (!_filler.Fill(Plan(track.TrackId, pair), token))
            return false;
        _decoded();
        return true;
    }

    private FillPlan Plan(string trackId, TimelinePair? pair)
    {
        _followed.Take(pair, _clock());
        return FillPlan.For(trackId, pair, _followed, _time.NowUs() + _leadUs());
    }

    private sealed record GivenIndex(string TrackId, TrackIndex Index);
}
