using Jam.Server.Contracts;

namespace Jam.Peer.Session;

/// <summary>What a peer's command line may ask of its room beside playing.</summary>
public interface IRoomControls
{
    /// <summary>Whether this peer hears the shared loop; for itself alone. While it does not, its edits wait.</summary>
    bool IsLoopHeard { get; set; }

    /// <summary>The room beside what a <see cref="PeerReport"/> has of it.</summary>
    RoomReport Describe();

    /// <summary>Sends a command and waits for what the authority makes of it.</summary>
    /// <returns>What is so now, for people.</returns>
    /// <exception cref="JamException">The authority refused, or does not answer.</exception>
    Task<string> AskAsync(ClientMessage command, CancellationToken cancellationToken);

    /// <summary>Taps the beat, now.</summary>
    /// <exception cref="JamException">There is no connection.</exception>
    string Tap();

    /// <summary>Sends a small JSON value to one member, or to all.</summary>
    /// <param name="json">JSON text of at most <see cref="Limits.MaxBlobBytes"/> bytes.</param>
    /// <param name="peerId">Whom it is for; null: everyone.</param>
    /// <exception cref="JamException">There is no connection, or the host has muted this peer.</exception>
    void Tell(string json, string? peerId);

    /// <summary>
    /// Sets this peer's lane of the loop, one entry for each step. It goes out shortly before the loop begins anew, together with what
    /// is edited until then; from which cycle on it sounds comes as a notice.
    /// </summary>
    /// <exception cref="JamException">The host has muted this peer.</exception>
    string SetLane(IReadOnlyList<LoopStep?> steps);

    /// <summary>Measures the clock anew and asks for the whole room.</summary>
    /// <exception cref="JamException">The authority does not answer.</exception>
    Task<string> SyncAsync(CancellationToken cancellationToken);
}

/// <summary>The room beside track, list and members.</summary>
/// <param name="Policy">What it allows.</param>
/// <param name="Tempo">The beat that holds now; null before it is known.</param>
/// <param name="Loop">The loop's shape.</param>
/// <param name="Lanes">How many lanes sound in it.</param>
/// <param name="Repeat">What follows a track.</param>
/// <param name="IsShuffled">Whether the list is played in another order.</param>
/// <param name="RoomUs">Room time, microseconds; null before the clock is known.</param>
/// <param name="Epoch">Which authority.</param>
/// <param name="Revision">Which change of the timeline.</param>
/// <param name="IsMuted">Whether the host keeps this peer from commanding.</param>
public sealed record RoomReport(
    RoomPolicy Policy, Tempo? Tempo, LoopShape Loop, int Lanes, Repeat Repeat, bool IsShuffled, long? RoomUs, long Epoch, long Revision,
    bool IsMuted);
