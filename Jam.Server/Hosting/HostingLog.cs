using Microsoft.Extensions.Logging;

namespace Jam.Server.Hosting;

/// <summary>What the server logs. Never a token or a secret: messages go through <see cref="Contracts.MessageText"/>.</summary>
internal static partial class HostingLog
{
    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "Room {Room} opened")]
    public static partial void RoomOpened(ILogger logger, string room);

    [LoggerMessage(EventId = 2, Level = LogLevel.Information, Message = "Room {Room} closed: nobody was there for a while")]
    public static partial void RoomClosed(ILogger logger, string room);

    [LoggerMessage(EventId = 3, Level = LogLevel.Error, Message = "A message failed; its connection is closed")]
    public static partial void EventFailed(ILogger logger, Exception exception);

    [LoggerMessage(EventId = 4, Level = LogLevel.Information, Message = "Connection {Id} from {Address} to room {Room}")]
    public static partial void Connected(ILogger logger, long id, string? address, string room);

    [LoggerMessage(EventId = 5, Level = LogLevel.Information, Message = "Connection {Id} ended: {Reason}")]
    public static partial void Disconnected(ILogger logger, long id, string reason);

    [LoggerMessage(EventId = 6, Level = LogLevel.Warning, Message = "Refused a connection from {Address}: {Reason}{Unsaid}")]
    public static partial void Refused(ILogger logger, string? address, string reason, string unsaid);

    [LoggerMessage(EventId = 7, Level = LogLevel.Warning, Message = "Stored rooms: {What}")]
    public static partial void StoreDamaged(ILogger logger, string what);

    [LoggerMessage(EventId = 8, Level = LogLevel.Warning, Message = "Room {Room} could not be stored: {Reason}. It goes on; trying again with its next change")]
    public static partial void NotKept(ILogger logger, string room, string reason);

    [LoggerMessage(EventId = 9, Message = "Room {Room}, connection {Id} ({Name}) says {What}{Outcome}")]
    public static partial void Received(ILogger logger, LogLevel level, string room, long id, string name, string what, string outcome);

    [LoggerMessage(EventId = 10, Level = LogLevel.Information, Message = "Connection {Id} to room {Room} is told: {Reason} ({Code}){Unsaid}")]
    public static partial void Complained(ILogger logger, long id, string room, string reason, string code, string unsaid);

    [LoggerMessage(EventId = 11, Level = LogLevel.Information, Message = "Connection {Id} from {Address} never came into room {Room}: {Reason} ({Code}){Unsaid}")]
    public static partial void TurnedAway(ILogger logger, long id, string? address, string room, string reason, string code, string unsaid);

    [LoggerMessage(EventId = 12, Message = "TLS: {What}")]
    public static partial void Tls(ILogger logger, LogLevel level, string what);

    [LoggerMessage(EventId = 13, Level = LogLevel.Information, Message = "No datagrams on port {Port}, {Reason}: peers measure the clock over their connections alone")]
    public static partial void NoClockPort(ILogger logger, int port, string reason);

    /// <summary>How many lines about an address were left out before this one.</summary>
    public static string Unsaid(int lines) => lines == 0 ? "" : FormattableString.Invariant($"; {lines} more like it were not logged");
}
