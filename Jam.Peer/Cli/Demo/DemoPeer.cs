using Jam.Peer.Session;
using Jam.Server.Contracts;

namespace Jam.Peer.Cli.Demo;

/// <summary>What is known of one peer at one moment.</summary>
/// <param name="Name">As it was started.</param>
/// <param name="Latest">Its last report; null before the first.</param>
/// <param name="ExitCode">How it ended; null while it runs.</param>
/// <param name="LastLines">The last things it said that were no report.</param>
internal sealed record DemoPeerState(string Name, PeerReport? Latest, int? ExitCode, IReadOnlyList<string> LastLines)
{
    /// <summary>Whether it plays at the moment.</summary>
    public bool IsPlaying => Latest?.Playback is { Status: PlaybackStatus.Play } playback && (playback.Sounding || playback.PositionUs > 0);
}

/// <summary>One child process, and the loops that read what it says.</summary>
internal sealed class DemoPeer : IAsyncDisposable
{
    private const int MostLines = 8;
    private static readonly TimeSpan LeaveWithin = TimeSpan.FromSeconds(3);
    private readonly Lock gate = new();
    private readonly Queue<string> lines = new();
    private readonly string name;
    private readonly IPeerProcess process;
    private readonly TimeProvider time;
    private readonly Task reading;
    private PeerReport? latest;

    public DemoPeer(string name, IPeerProcess process, TimeProvider time)
    {
        (this.name, this.process, this.time) = (name, process, time);
        reading = Task.WhenAll(ReadAsync(process.Output), ReadAsync(process.Errors));
    }

    public DemoPeerState State
    {
        get
        {
            lock (gate)
                return new(name, latest, process.ExitCode, [.. lines]);
        }
    }

    /// <summary>Types a command.</summary>
    public void Say(string command) => process.Say(command);

    /// <summary>Asks it to leave, insists after three seconds, and waits until it is gone.</summary>
    public async ValueTask DisposeAsync()
    {
        process.AskToLeave();
        try
        {
            await process.Exited.WaitAsync(LeaveWithin, time);
        }
        catch (TimeoutException)
        {
            process.Kill();
            await process.Exited;
        }
        await reading;
        process.Dispose();
    }

    private async Task ReadAsync(IAsyncEnumerable<string> source)
    {
        await foreach (var line in source)
        {
            var report = CliJson.Read(line);
            lock (gate)
            {
                if (report is not null)
                    latest = report;
                else if (lines.Count < MostLines || lines.TryDequeue(out _))
                    lines.Enqueue(line);
            }
        }
    }
}
