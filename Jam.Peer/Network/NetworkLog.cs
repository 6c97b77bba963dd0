using System.Net;
using Jam.Server.Contracts;
using Microsoft.Extensions.Logging;

namespace Jam.Peer.Network;

/// <summary>
/// What happens on the network, in the log: every attempt to connect and what came of it, every message to and from the room's
/// authority. Never a secret: messages go through <see cref="MessageText"/>.
/// </summary>
internal static partial class NetworkLog
{
    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "connecting to {Url}")]
    public static partial void Trying(ILogger logger, Uri url);

    [LoggerMessage(EventId = 2, Level = LogLevel.Information, Message = "no connection to {Url}: {Why}")]
    public static partial void Failed(ILogger logger, Uri url, string why);

    [LoggerMessage(EventId = 3, Level = LogLevel.Information, Message = "connected to {Url}")]
    public static partial void Opened(ILogger logger, Uri url);

    [LoggerMessage(EventId = 4, Level = LogLevel.Information, Message = "the connection to {Url} has ended: {Why}")]
    public static partial void Ended(ILogger logger, Uri url, string why);

    [LoggerMessage(EventId = 5, Level = LogLevel.Information, Message = "dialling {Who} at {Addresses}")]
    public static partial void Dialling(ILogger logger, string who, string addresses);

    [LoggerMessage(EventId = 6, Level = LogLevel.Information, Message = "no connection to {Who} at {Addresses}: {Why}")]
    public static partial void NotReached(ILogger logger, string who, string addresses, string why);

    [LoggerMessage(EventId = 7, Level = LogLevel.Information, Message = "connected to {Who} at {Address}, {Way}")]
    public static partial void LinkUp(ILogger logger, string who, string address, string way);

    [LoggerMessage(EventId = 8, Level = LogLevel.Information, Message = "the connection to {Who} at {Address} has ended: {Why}")]
    public static partial void LinkDown(ILogger logger, string who, string address, string why);

    [LoggerMessage(EventId = 9, Level = LogLevel.Information, Message = "a connection from {Address} was not taken: {Why}")]
    public static partial void TurnedAway(ILogger logger, IPAddress address, string why);

    [LoggerMessage(EventId = 10, Message = "sent {What}")]
    private static partial void Sent(ILogger logger, LogLevel level, string what);

    [LoggerMessage(EventId = 11, Message = "received {What}")]
    private static partial void Received(ILogger logger, LogLevel level, string what);

    [LoggerMessage(EventId = 12, Level = LogLevel.Information, Message = "the way to the server has become another: round trip {RttMs:0.0} ms; the clock is measured anew")]
    public static partial void WayChanged(ILogger logger, double rttMs);

    /// <summary>A message went out.</summary>
    public static void Sent(ILogger logger, ClientMessage message)
    {
        var level = message is SyncRequest ? LogLevel.Trace : MessageText.IsRoutine(message) ? LogLevel.Debug : LogLevel.Information;
        if (!logger.IsEnabled(level))
            return;
        var what = MessageText.Of(message);
        Sent(logger, level, what);
    }

    /// <summary>A message came.</summary>
    public static void Received(ILogger logger, ServerMessage message)
    {
        var level = message is SyncResponse ? LogLevel.Trace : MessageText.IsRoutine(message) ? LogLevel.Debug : LogLevel.Information;
        if (!logger.IsEnabled(level))
            return;
        var what = MessageText.Of(message);
        Received(logger, level, what);
    }
}
