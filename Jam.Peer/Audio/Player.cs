using Jam.Peer.Clock;
using Jam.Peer.Playback;
using Jam.Peer.Session;
using Jam.Server.Contracts;

namespace Jam.Peer.Audio;

/// <summary>
/// From the bytes of a track to the loudspeaker, by the room's timeline. All members may be called from any thread; none waits.
/// </summary>
public sealed class Player : IAsyncDisposable
{
    /// <summary>What is shown should hold most of the time, not two times in three.</summary>
    private const double ClockSigmas = 2;

    private readonly TimeProvider _time;
    private readonly Func<RoomClockSnapshot> _clock;
    private readonly OutputSwitch _output;
    private readonly TrackFeeder _feeder;
    private readonly Lock _shownGate = new();
    private FollowedTimeline _shown = FollowedTimeline.Nothing;
    private TimelinePair? _timeline;

    private Player(TimeProvider time, Func<RoomClockSnapshot> clock, OutputSwitch output, Decoders decoders, Action<string> notice)
    {
        (_time, _clock, _output) = (time, clock, output);
        _feeder = new TrackFeeder(time, clock, () => output.LeadUs, output.SetTrack, OnDecoded, notice, decoders);
    }

    /// <summary>
    /// How soon a change of the timeline can be heard, microseconds; 0 before the output runs. More may be queued: it is written over.
    /// </summary>
    public long OutputLeadUs => _output.LeadUs;

    /// <summary>Decoded track time ahead of the playhead, microseconds.</summary>
    public long BufferUs => BufferAhead(out _);

    /// <summary>0 to 1; takes effect within a few milliseconds after the output's lead, without a click.</summary>
    public double Volume
    {
        get => _output.Volume;
        set => _output.Volume = value;
    }

    /// <summary>How much later than it reports the device in use sounds, milliseconds.</summary>
    public double LatencyMs => _output.Report().LatencyMs;

    /// <summary>Sets that.</summary>
    /// <param name="ms">Milliseconds, at once.</param>
    /// <param name="save">Whether to save it for the device.</param>
    /// <returns>What was done, for people.</returns>
    /// <exception cref="JamException">It cannot be saved; it holds all the same.</exception>
    public string SetLatency(double ms, bool save) => _output.SetLatency(ms, save);

    /// <summary>The pattern that is clicked in the place of the music; null: none.</summary>
    public ClickPattern? Clicks
    {
        get => _output.Clicks;
        set => _output.Clicks = value;
    }

    /// <summary>Starts: the output runs on silence from here on.</summary>
    /// <param name="options">Where and how to play.</param>
    /// <param name="time">The local clock.</param>
    /// <param name="clock">
    /// The newest estimate of the room clock. Called on the audio thread: it must return a field, and neither throw, wait nor allocate.
    /// </param>
    /// <param name="notice">Takes a line for people; called on any thread.</param>
    /// <exception cref="JamException">The file of a WAV output cannot be written, or this build has no such decoder.</exception>
    public static Player Start(PlayerOptions options, TimeProvider time, Func<RoomClockSnapshot> clock, Action<string> notice)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(clock);
        ArgumentNullException.ThrowIfNull(notice);
        var decoders = Decoders.Of(options.Decoder);
        return new Player(time, clock, OutputSwitch.Start(options, time, clock, notice), decoders, notice);
    }

    /// <summary>What to follow from now on; null is silence.</summary>
    public void SetTimeline(TimelinePair? timeline)
    {
        Volatile.Write(ref _timeline, timeline);
        _output.SetTimeline(timeline);
        _feeder.SetTimeline(timeline);
    }

    /// <summary>What sounds beside the track; null: nothing.</summary>
    internal void SetScore(RoomScore? score) => _output.SetScore(score);

    /// <summary>
    /// The room's track; it is decoded ahead at once and sounds as soon as the timeline names it. The one before it sounds, as far as it
    /// is decoded, until the timeline leaves it. The same id again does nothing.
    /// </summary>
    /// <param name="trackId">As the timeline names it; null: none.</param>
    /// <param name="open">Opens its bytes; called on the decoder's thread, perhaps more than once. A reader that is disposable is
    /// disposed.</param>
    public void SetTrack(string? trackId, Func<ITrackReader>? open) => _feeder.SetTrack(trackId, open);

    /// <summary>What may come next and is here whole: its beginning is decoded ahead, so that a change to it is heard at once.</summary>
    internal void SetNeighbours(IReadOnlyList<TrackRequest> tracks) => _feeder.SetNeighbours(tracks);

    /// <summary>
    /// Where the frames of a track stand in its bytes, so that a seek needs only those around it. Before <see cref="SetTrack"/> or after.
    /// </summary>
    public void SetTrackIndex(string trackId, TrackIndex index) => _feeder.SetIndex(trackId, index);

    /// <summary>
    /// How much a track is to be amplified, decibels; at most 6 up, and with nothing that keeps a loud passage from clipping. Before
    /// <see cref="SetTrack"/>; what sounds already changes at its next start.
    /// </summary>
    public void SetTrackGain(string trackId, double gainDb) =>
        _feeder.SetGain(trackId, double.IsNaN(gainDb) ? 1 : (float)Math.Pow(10, Math.Clamp(gainDb, -30, 6) / 20));

    /// <summary>More of the track is decoded. Raised on the decoder's thread, often.</summary>
    internal event Action? Decoded;

    /// <summary>Whether so much of a track is decoded ahead of the playhead (or all that is left), so that playing now would sound at once.</summary>
    public bool IsReady(string trackId, long minimumUs) =>
        _feeder.Track?.TrackId == trackId && (BufferAhead(out var isComplete) >= minimumUs || isComplete);

    /// <summary>What is played at the moment, and how well.</summary>
    /// <param name="atUs">
    /// The local instant, microseconds, that the position is for; null: now. Whoever names an instant beside the position needs both to be the
    /// same one, however long the thread had to wait in between.
    /// </param>
    public PlaybackReport Report(long? atUs = null)
    {
        var room = _clock();
        var (status, positionUs) = Where(Volatile.Read(ref _timeline), room, atUs ?? _time.NowUs());
        var output = _output.Report();
        double? error = double.IsNaN(output.Status.SyncErrorUs) ? null : output.Status.SyncErrorUs;
        double? uncertainty = room.IsReady && double.IsFinite(output.Status.OutputUncertaintyUs)
            ? ClockSigmas * room.ErrorUs + output.Status.OutputUncertaintyUs
            : null;
        return new PlaybackReport(
            status, positionUs, BufferUs, output.Status.IsSounding, error, uncertainty, OutputLeadUs, output.Name, output.IsAudible,
            output.Underruns, Volume)
        {
            LatencyMs = output.LatencyMs,
            Concealed = _feeder.Concealed,
        };
    }

    /// <summary>Falls silent, and ends its threads.</summary>
    public async ValueTask DisposeAsync()
    {
        await _output.DisposeAsync().ConfigureAwait(false);
        await _feeder.DisposeAsync().ConfigureAwait(false);
    }

    private (PlaybackStatus Status, long PositionUs) Where(TimelinePair? pair, RoomClockSnapshot room, long localUs)
    {
        if (pair is null)
            return (PlaybackStatus.Stop, 0);
        FollowedTimeline followed;
        lock (_shownGate)
        {
            // As the sound itself: until a successor's clock is measured, the last one's record says where the music is.
            _shown.Take(pair, room);
            followed = _shown;
        }
        if (followed.Pair is not { } shown)
            return (pair.Current.Status, pair.Current.PositionUs);
        var now = (long)followed.Room.ToRoomUs(localUs);
        // Before anything holds it stands where it will begin.
        return shown.At(now) is { } record ? (record.Status, record.PositionAtUs(now)) : (PlaybackStatus.Pause, shown.Current.PositionUs);
    }

    private void OnDecoded()
    {
        _output.OnDecoded();
        Decoded?.Invoke();
    }

    private long BufferAhead(out bool isComplete)
    {
        isComplete = false;
        if (_feeder.Track is not { } track)
            return 0;
        var pair = Volatile.Read(ref _timeline);
        var followed = FollowedTimeline.Nothing;
        followed.Take(pair, _clock());
        if (FillPlan.For(track.TrackId, pair, followed, _time.NowUs() + OutputLeadUs).Next is not { } next)
            return 0;
        var first = next.FromUs.Scaled(track.SampleRate, 1_000_000);
        if (track.LengthFrames is { } length && first >= length)
            isComplete = true;
        if (track.Find(first, 1) is not { } ring)
            return 0;
        isComplete |= ring.IsComplete;
        return Math.Max(0, ring.End - first) * 1_000_000 / track.SampleRate;
    }
}
