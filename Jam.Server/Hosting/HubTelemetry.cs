using System.Diagnostics;
using Jam.Server.Contracts;
using Jam.Server.Observing;
using Jam.Server.Rooms;

namespace Jam.Server.Hosting;

/// <summary>What the rooms' loop tells metrics and traces of each message, once everything is in the outboxes. Only that loop uses it.</summary>
internal sealed class HubTelemetry(ServerMetrics metrics, TimeProvider time)
{
    /// <summary>A message was taken, and what came of it was handed out.</summary>
    /// <param name="connection">Who said it.</param>
    /// <param name="message">What was said.</param>
    /// <param name="atUs">When it came, microseconds of the server's clock.</param>
    /// <param name="before">The room before it.</param>
    /// <param name="step">What the room made of it.</param>
    public void Took(ClientConnection connection, ClientMessage message, long atUs, Room before, Step step)
    {
        if (message is Stats stats)
        {
            Report(connection, stats.Report, step.Room);
            return;
        }

        var saysState = SaysState(step);
        var elapsedUs = time.NowUs() - atUs;
        if (saysState)
            metrics.StateHandedOut(elapsedUs / 1e6);
        if (step.Room.Timeline.Epoch > before.Timeline.Epoch)
            metrics.EpochRaised();
        if (metrics.Spans.HasListeners() && (saysState || !MessageText.IsRoutine(message)))
            Trace(message, step, elapsedUs, saysState);
    }

    /// <summary>This server has taken a room over.</summary>
    public void Inherited(Room room)
    {
        metrics.EpochRaised();
        using var span = metrics.Spans.StartActivity("room.inherit", ActivityKind.Server);
        span?.SetTag("jam.room.epoch", room.Timeline.Epoch);
    }

    /// <summary>A connection is over.</summary>
    public void Ended(ClientConnection connection) => metrics.Members.Remove(connection.Id);

    private void Report(ClientConnection connection, MemberStats stats, Room room)
    {
        if (room.Seats.TryGetValue(connection.Id, out var seat))
            metrics.Reported(connection.Id, new MemberEntry(room.Name, seat.Member.Role == Role.Host, stats, stats.Totals));
    }

    private static bool SaysState(Step step)
    {
        for (var i = 0; i < step.Outgoing.Count; i++)
        {
            if (step.Outgoing[i] is ToAll { Message: State } or ToSome { Message: State } or ToOne { Message: State })
                return true;
        }

        return false;
    }

    /// <summary>From its arrival to the outboxes. No name of a room and no id of a member: traces go to other machines.</summary>
    private void Trace(ClientMessage message, Step step, long elapsedUs, bool saysState)
    {
        var start = time.GetUtcNow() - TimeSpan.FromMicroseconds(elapsedUs);
        using var span = metrics.Spans.StartActivity(message is Hello ? "room.hello" : "room.command", ActivityKind.Server, default(ActivityContext), startTime: start);
        if (span is null)
            return;
        span.SetTag("jam.message.type", message.GetType().Name);
        span.SetTag("jam.room.members", step.Room.Seats.Count);
        span.SetTag("jam.room.epoch", step.Room.Timeline.Epoch);
        span.SetTag("jam.room.revision", step.Room.Timeline.Revision);
        span.SetTag("jam.state.handed_out", saysState);
        var refused = step.Outgoing.OfType<ToOne>().Select(one => one.Message).OfType<Error>().FirstOrDefault();
        if (refused is not null)
            span.SetTag("error.type", refused.Code);
    }
}
