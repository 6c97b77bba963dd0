using Jam.Peer.Cli.Commands;
using Jam.Peer.Session;
using static System.FormattableString;

namespace Jam.Peer.Cli.Terminal;

/// <summary>While a peer clicks: arrow keys move its sound, ENTER saves where it is, ESC goes back to where it was.</summary>
internal sealed class LatencyKeys
{
    private const double FineMs = 1;
    private const double CoarseMs = 10;
    private const double LimitMs = 2_000;

    private readonly IJamSession session;
    // Taken with the first nudge: the device, and what is saved for it, may not be open when the clicks begin.
    private double? before;

    /// <summary>Begins to click.</summary>
    /// <param name="session">The peer.</param>
    /// <param name="with">Name of the member to compare with; null: whoever the session takes.</param>
    public LatencyKeys(IJamSession session, string? with = null)
    {
        this.session = session;
        session.ClickPartner = with;
        session.Clicks = true;
    }

    /// <summary>Applies one key; a line for people where that was the last one.</summary>
    public string? Apply(ConsoleKeyInfo key)
    {
        switch (key.Key)
        {
            // A larger latency means that this peer plays earlier.
            case ConsoleKey.LeftArrow: Nudge(FineMs); return null;
            case ConsoleKey.RightArrow: Nudge(-FineMs); return null;
            case ConsoleKey.UpArrow: Nudge(CoarseMs); return null;
            case ConsoleKey.DownArrow: Nudge(-CoarseMs); return null;
            case ConsoleKey.Enter: return End(() => session.SetLatency(session.LatencyMs, save: true));
            case ConsoleKey.Escape or ConsoleKey.Q: return End(() => session.SetLatency(before ?? session.LatencyMs, save: false) + ", as before");
            default: return null;
        }
    }

    /// <summary>What to show meanwhile.</summary>
    public string Line(int columns)
    {
        var text = Invariant($"latency {session.LatencyMs:0.#} ms  LEFT/RIGHT: 1 ms earlier/later, UP/DOWN: 10 ms; ENTER saves, ESC leaves");
        return text.Length <= columns ? text : text[..columns];
    }

    private void Nudge(double ms)
    {
        before ??= session.LatencyMs;
        _ = session.SetLatency(Math.Clamp(session.LatencyMs + ms, -LimitMs, LimitMs), save: false);
    }

    private string End(Func<string> last)
    {
        session.Clicks = false;
        try
        {
            return last();
        }
        catch (JamException problem)
        {
            return Answer.Error(problem.Message).Line;
        }
    }
}
