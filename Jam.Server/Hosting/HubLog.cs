using Jam.Server.Contracts;
using Jam.Server.Rooms;
using Microsoft.Extensions.Logging;

namespace Jam.Server.Hosting;

/// <summary>What members say, and what the room made of it, in the log.</summary>
internal static class HubLog
{
    /// <summary>A message was taken; where it was refused, the reason.</summary>
    public static void Received(ILogger log, ClientConnection connection, ClientMessage message, Step step)
    {
        var refused = Refusal(step, connection.Id);
        var level = refused is null && MessageText.IsRoutine(message) ? LogLevel.Debug : LogLevel.Information;
        // Who is turned away gets one line when it goes.
        if (!log.IsEnabled(level) || (connection.View is null && refused is { Close: true }))
            return;
        var (what, outcome) = (MessageText.Of(message), refused is null ? "" : $": refused, {refused.Message} ({refused.Code})");
        var name = step.Room.Seats.TryGetValue(connection.Id, out var seat) ? seat.Member.Name : "nobody";
        HostingLog.Received(log, level, connection.RoomName, connection.Id, name, what, outcome);
    }

    private static Error? Refusal(Step step, long connection)
    {
        for (var i = 0; i < step.Outgoing.Count; i++)
        {
            if (step.Outgoing[i] is ToOne { Message: Error error } one && one.Connection == connection)
                return error;
        }

        return null;
    }
}
