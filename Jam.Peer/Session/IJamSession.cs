using System.Net;
using Microsoft.Extensions.Logging;

namespace Jam.Peer.Session;

/// <summary>A running peer, as its command line sees it.</summary>
public interface IJamSession : IAsyncDisposable
{
    /// <summary>Lines for people, in order: who came, what was lost, what was refused. Ends when the session ends.</summary>
    IAsyncEnumerable<string> Notices { get; }

    /// <summary>Ends when the session cannot go on (for example, a port that is taken); faults with a <see cref="JamException"/>.</summary>
    Task Completion { get; }

    /// <summary>Connects and starts everything that the options ask for; the port is bound when it returns.</summary>
    /// <exception cref="JamException">It cannot start; the message says what to do.</exception>
    Task StartAsync(CancellationToken cancellationToken);

    /// <summary>A consistent picture of this moment; cheap enough for ten times a second.</summary>
    PeerReport Report();

    /// <summary>Seeds one more file and adds it to the room's list; it becomes the room's track where there is none.</summary>
    Task<string> SeedAsync(string path, CancellationToken cancellationToken);

    /// <summary>Asks the room to play, from a position in microseconds where one is given.</summary>
    Task<string> PlayAsync(long? positionUs, CancellationToken cancellationToken);

    /// <summary>Asks the room to pause.</summary>
    Task<string> PauseAsync(CancellationToken cancellationToken);

    /// <summary>Asks the room to stop.</summary>
    Task<string> StopPlaybackAsync(CancellationToken cancellationToken);

    /// <summary>Asks the room to move to a position in microseconds.</summary>
    Task<string> SeekAsync(long positionUs, CancellationToken cancellationToken);

    /// <summary>Makes the track at a 1-based place of the playlist the room's.</summary>
    Task<string> SelectTrackAsync(int place, CancellationToken cancellationToken);

    /// <summary>Connects to a peer.</summary>
    Task<string> JoinAsync(DnsEndPoint peer, CancellationToken cancellationToken);

    /// <summary>Closes the connection to a peer and does not dial it again.</summary>
    Task<string> LeaveAsync(DnsEndPoint peer, CancellationToken cancellationToken);

    /// <summary>Roles, list, beat and loop.</summary>
    /// <exception cref="JamException">It is in no room yet.</exception>
    IRoomControls Room { get; }

    /// <summary>0 to 1; takes effect within a few milliseconds, without a click.</summary>
    double Volume { get; set; }

    /// <summary>How much later than it reports the sound device in use sounds, milliseconds.</summary>
    double LatencyMs { get; }

    /// <summary>Sets that, at once; with <paramref name="save"/> also for every later run on this device.</summary>
    /// <returns>What was done, for people.</returns>
    /// <exception cref="JamException">It cannot be saved; it holds all the same.</exception>
    string SetLatency(double ms, bool save);

    /// <summary>What is logged from now on.</summary>
    LogLevel LogLevel { get; set; }

    /// <summary>The log; null where there is none.</summary>
    string? LogFile { get; }

    /// <summary>
    /// Whether this peer clicks at room times instead of playing, so that ears can compare it with another one, which is asked to do so, too.
    /// Setting it to false while another member compares with this one ends that, and no more of it is answered.
    /// </summary>
    bool Clicks { get; set; }

    /// <summary>With which member, by name; null: the room's host, or at the host whoever came first.</summary>
    string? ClickPartner { get; set; }
}

/// <summary>Something that the user has to hear in one line; the message says what to do.</summary>
public sealed class JamException : Exception
{
    /// <summary>With the line for the user.</summary>
    public JamException(string message)
        : base(message)
    {
    }

    /// <summary>With the line for the user and its cause.</summary>
    public JamException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
