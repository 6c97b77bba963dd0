using System.Collections.Immutable;
using Jam.Server.Contracts;

namespace Jam.Server.Rooms;

/// <summary>SET_TEMPO, TAP and METRONOME, and the beat that follows a track. Who calls has checked that the sender may.</summary>
internal static class Beat
{
    private const int TapsNeeded = 4;
    private const int TapsKept = 8;
    private const long LongestTapGapUs = 3_000_000;

    public static void SetTempo(RoomTurn turn, Seat by, SetTempo wanted)
    {
        var room = turn.Room;
        var atUs = turn.Now.Us + Lead.OfUs(room);
        var old = room.Tempo.At(atUs);
        var next = old with { Bpm = BeatGrid.ToMilli(wanted.Bpm) / 1000.0, BeatsPerBar = wanted.BeatsPerBar ?? old.BeatsPerBar };
        var holds = room.Pair.At(atUs) ?? room.Timeline;
        next = Anchored(next, old.Grid.WithTempo(BeatGrid.ToMilli(wanted.Bpm), atUs));
        if (wanted.OriginUs is { } originUs)
            next = WithDownbeat(next, originUs, atUs) with { TrackOriginUs = null };
        else if (wanted.TrackOriginUs is { } position)
            next = OnTrack(next with { TrackOriginUs = position }, holds, atUs);
        else if (old.TrackOriginUs is not null && holds.Status == PlaybackStatus.Play)
            next = next with { TrackOriginUs = PositionOfDownbeat(next, holds, atUs) };
        Publish(turn, next, atUs, by.Member.PeerId);
    }

    /// <summary>Four taps in a row set the tempo, and the first of them is a downbeat; further ones refine it.</summary>
    public static void Tap(RoomTurn turn, Seat by, Tap tap)
    {
        var nowUs = turn.Now.Us;
        // What a member says of the past is believed as far as it can be true.
        var atUs = tap.AtUs is { } said && said <= nowUs && said > nowUs - LongestTapGapUs ? said : nowUs;
        var taps = by.Taps is [.., var last] && (atUs <= last || atUs - last > LongestTapGapUs) ? [] : by.Taps;
        taps = taps.Count == TapsKept ? taps.RemoveAt(0).Add(atUs) : taps.Add(atUs);
        turn.Room = turn.Room with { Seats = turn.Room.Seats.SetItem(by.Connection, by with { Taps = taps }) };
        if (taps.Count >= TapsNeeded && Fit(taps) is { Bpm: >= Limits.MinBpm and <= Limits.MaxBpm } fit)
            SetTempo(turn, by, new SetTempo(fit.Bpm, OriginUs: fit.OriginUs));
    }

    public static void SetMetronome(RoomTurn turn, Seat by, Metronome wanted)
    {
        var atUs = turn.Now.Us + Lead.OfUs(turn.Room);
        var old = turn.Room.Tempo.At(atUs);
        Publish(turn, old with { IsClicking = wanted.IsOn ?? old.IsClicking, CountInBars = wanted.CountInBars ?? old.CountInBars }, atUs, by.Member.PeerId);
    }

    /// <summary>When to begin after a count-in that cannot begin before an instant, and how long it is; null: there is none.</summary>
    public static (long AtUs, long? CountInUs) CountIn(Room room, long earliestUs)
    {
        var tempo = room.Tempo.At(earliestUs);
        var barUs = tempo.Grid.PeriodUs * tempo.BeatsPerBar;
        var bars = Math.Min(tempo.CountInBars, (int)(Limits.MaxCountInUs / barUs));
        if (bars == 0)
            return (earliestUs, null);
        if (tempo.TrackOriginUs is not null)
        {
            // The beat will follow the track from wherever that starts, so there is nothing to wait for.
            var lengthUs = (long)Math.Round(bars * barUs);
            return (earliestUs + lengthUs, lengthUs);
        }

        var grid = tempo.Grid;
        var first = grid.FirstBeatFrom(earliestUs);
        first += (tempo.BeatsPerBar - (first % tempo.BeatsPerBar)) % tempo.BeatsPerBar;
        var atUs = grid.TimeOfUs(first + (bars * (long)tempo.BeatsPerBar));
        return (atUs, atUs - grid.TimeOfUs(first));
    }

    /// <summary>The timeline changed: a beat that follows the track is laid anew, and one of another track goes on by itself.</summary>
    public static void FollowTrack(RoomTurn turn, string? trackBefore)
    {
        var (tempo, timeline) = (turn.Room.Tempo.Current, turn.Room.Timeline);
        if (tempo.TrackOriginUs is null)
            return;
        var atUs = timeline.AtUs - (turn.Room.CountInUs ?? 0);
        if (timeline.TrackId != trackBefore)
            Publish(turn, turn.Room.Tempo.At(atUs) with { TrackOriginUs = null }, atUs, null);
        else if (timeline.Status == PlaybackStatus.Play)
            Publish(turn, OnTrack(turn.Room.Tempo.At(atUs) with { TrackOriginUs = tempo.TrackOriginUs }, timeline, atUs), atUs, null);
    }

    /// <summary>The beat as it is if an announced end is taken back: on the track as before, unless somebody has set it anew since.</summary>
    public static Tempo WithoutAnnouncement(Room room)
    {
        var now = room.Tempo.Current;
        return room.Announced?.Beat is { } before && before.Revision + 1 == now.Revision ? before with { Revision = now.Revision } : now;
    }

    /// <summary>The beat is another than was told under its revision.</summary>
    public static void TellAgain(RoomTurn turn) => Publish(turn, turn.Room.Tempo.Current, turn.Now.Us, null);

    private static void Publish(RoomTurn turn, Tempo next, long atUs, string? by)
    {
        var room = turn.Room;
        next = next with
        {
            Epoch = room.Timeline.Epoch, Revision = room.Tempo.Current.Revision + 1, ClockId = room.ClockId, AtUs = atUs,
        };
        turn.Room = room with { Tempo = room.Tempo.Accept(next) };
        turn.SendAll(new TempoState(next, by));
    }

    private static Tempo Anchored(Tempo tempo, BeatGrid grid) => tempo with { OriginUs = grid.OriginUs, OriginBeat = grid.OriginBeat };

    /// <summary>A track that plays says where its downbeats are; while it does not, the beat goes on as it is.</summary>
    private static Tempo OnTrack(Tempo tempo, Timeline holds, long atUs) =>
        holds.Status == PlaybackStatus.Play && tempo.TrackOriginUs is { } position
            ? WithDownbeat(tempo, holds.AtUs + position - holds.PositionUs, atUs)
            : tempo;

    /// <summary>Lays a downbeat on an instant. Beats never count backwards, so cycles of the loop that began are not begun again.</summary>
    private static Tempo WithDownbeat(Tempo tempo, long originUs, long atUs)
    {
        var counted = tempo.Grid.LastBeatAt(atUs);
        var laid = new BeatGrid(originUs, 0, BeatGrid.ToMilli(tempo.Bpm));
        var bars = (counted - laid.LastBeatAt(atUs) + tempo.BeatsPerBar - 1) / tempo.BeatsPerBar;
        var grid = laid with { OriginBeat = bars * tempo.BeatsPerBar };
        return Anchored(tempo, grid.WithTempo(grid.MilliBpm, atUs));
    }

    private static long PositionOfDownbeat(Tempo tempo, Timeline holds, long atUs)
    {
        var beat = tempo.Grid.FirstBeatFrom(atUs);
        beat += (tempo.BeatsPerBar - (beat % tempo.BeatsPerBar)) % tempo.BeatsPerBar;
        return Math.Clamp(holds.PositionAtUs(tempo.Grid.TimeOfUs(beat)), 0, Limits.MaxPositionUs);
    }

    /// <summary>The straight line through the taps: what a hand does too early or too late evens out.</summary>
    private static (double Bpm, long OriginUs) Fit(ImmutableList<long> taps)
    {
        var n = taps.Count;
        var meanIndex = (n - 1) / 2.0;
        var meanUs = taps.Average(tap => (double)(tap - taps[0]));
        double products = 0, squares = 0;
        for (var i = 0; i < n; i++)
        {
            products += (i - meanIndex) * (taps[i] - taps[0] - meanUs);
            squares += (i - meanIndex) * (i - meanIndex);
        }

        var periodUs = products / squares;
        return (60e6 / periodUs, taps[0] + (long)Math.Round(meanUs - (meanIndex * periodUs)));
    }
}
