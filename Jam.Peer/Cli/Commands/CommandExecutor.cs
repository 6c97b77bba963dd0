using System.Globalization;
using Jam.Peer.Cli.Live;
using Jam.Peer.Session;
using Microsoft.Extensions.Logging;

namespace Jam.Peer.Cli.Commands;

/// <summary>Does what a command asks, one at a time. <c>watch</c> and <c>quit</c> belong to whoever owns the terminal.</summary>
internal sealed class CommandExecutor(IJamSession session)
{
    /// <summary>The answer to a command; whatever can go wrong with one is an answer, too.</summary>
    public async Task<Answer> ExecuteAsync(Command command, CancellationToken cancellationToken)
    {
        try
        {
            return command switch
            {
                Command.Seed seed => Say(await session.SeedAsync(FromHome(seed.Path), cancellationToken)),
                Command.Play play => Say(await session.PlayAsync(play.PositionUs is { } us ? OnTrack(us) : null, cancellationToken)),
                Command.Pause => Say(await session.PauseAsync(cancellationToken)),
                Command.Stop => Say(await session.StopPlaybackAsync(cancellationToken)),
                Command.Seek seek => Say(await session.SeekAsync(Target(seek), cancellationToken)),
                Command.Join join => Say(await session.JoinAsync(join.Peer, cancellationToken)),
                Command.Leave leave => Say(await session.LeaveAsync(leave.Peer, cancellationToken)),
                Command.Playlist { Place: { } place } => Say(await session.SelectTrackAsync(place, cancellationToken)),
                Command.Playlist => ReportTexts.Playlist(session.Report()),
                Command.Peers => ReportTexts.Peers(session.Report()),
                Command.Connections => ReportTexts.Connections(session.Report()),
                Command.Ask ask => Say(await session.Room.AskAsync(ask.Message, cancellationToken)),
                Command.OfMember about => await RoomExecutor.AboutAsync(session, about, cancellationToken),
                Command.Blob blob => RoomExecutor.Tell(session, blob),
                Command.List list => await RoomExecutor.ListAsync(session, list, cancellationToken),
                Command.Lane lane => RoomExecutor.Lane(session, lane),
                Command.HearLoop hear => RoomExecutor.Hear(session, hear.IsHeard),
                Command.Tap => Say(session.Room.Tap()),
                Command.Sync => Say(await session.Room.SyncAsync(cancellationToken)),
                Command.Tempo => RoomAnswers.Tempo(session.Room.Describe()),
                Command.Loop => RoomAnswers.Loop(session.Room.Describe()),
                Command.Policy => RoomAnswers.Policy(session.Room.Describe()),
                Command.Members => RoomAnswers.Members(session.Report()),
                Command.Position => RoomAnswers.Position(session.Report(), session.Room.Describe()),
                Command.Stats => ReportTexts.Stats(session.Report()),
                Command.Log log => Log(log.Level),
                Command.Volume volume => SetVolume(volume.Percent),
                Command.Latency { Ms: { } ms } => Say(session.SetLatency(ms, save: true)),
                Command.Latency => new Answer(string.Create(CultureInfo.InvariantCulture, $"latency {session.LatencyMs:0.#} ms")),
                Command.Calibrate calibrate => Calibrate(calibrate),
                Command.Help help => ReportTexts.Help(help.About),
                Command.Watch => Answer.Error("watch needs a terminal; stats says the same in one line"),
                _ => throw new ArgumentOutOfRangeException(nameof(command), command, "no such command"),
            };
        }
        catch (JamException problem)
        {
            return Answer.Error(problem.Message);
        }
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            // The root of every command, typed or piped: one that meets a bug is no reason to stop the music.
            return Answer.Error($"a fault inside ({fault.GetType().Name}: {fault.Message}); nothing was done");
        }
    }

    /// <summary>A distance counts from where the room is now; it never leaves the track.</summary>
    private long Target(Command.Seek seek)
    {
        if (!seek.Relative)
            return OnTrack(seek.Us);
        var report = session.Report();
        return Math.Clamp(report.Playback.PositionUs + seek.Us, 0, report.Track?.DurationUs ?? long.MaxValue);
    }

    /// <summary>A place behind the track's end is a slip of the keyboard: going there would end the track for everyone.</summary>
    private long OnTrack(long us) =>
        session.Report().Track is { DurationUs: { } length } track && us >= length
            ? throw new JamException($"{Figures.Position(us)} is behind the end of {track.Name}, which takes {Figures.Position(length)}")
            : us;

    private Answer SetVolume(double? percent)
    {
        if (percent is { } wanted)
            session.Volume = wanted / 100;
        return new Answer(string.Create(CultureInfo.InvariantCulture, $"volume {session.Volume * 100:0.#} %"));
    }

    private Answer Log(LogLevel? level)
    {
        if (session.LogFile is not { } file)
            return new Answer("there is no log; --log-file FILE makes one");
        session.LogLevel = level ?? session.LogLevel;
        return new Answer($"logging {LogWords.Word(session.LogLevel)} to {file}");
    }

    private Answer Calibrate(Command.Calibrate calibrate)
    {
        if (calibrate.On)
            session.ClickPartner = calibrate.With;
        session.Clicks = calibrate.On;
        return new Answer(calibrate.On
            ? "clicking, and asking the other one to; 'latency MS' moves this peer until both sound as one; 'calibrate off' ends it"
            : string.Create(CultureInfo.InvariantCulture, $"no more clicks; latency {session.LatencyMs:0.#} ms"));
    }

    /// <summary>No shell stands between the prompt and this peer to know what <c>~</c> is.</summary>
    private static string FromHome(string path) =>
        path.StartsWith("~/", StringComparison.Ordinal)
            ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), path[2..])
            : path;

    private static Answer Say(string line) => new(Answer.OneLine(line));
}
