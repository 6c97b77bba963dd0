using Microsoft.Extensions.Logging;

namespace Jam.Server.Hosting;

/// <summary>What a server logs as one of several.</summary>
internal static partial class FleetLog
{
    [LoggerMessage(EventId = 40, Level = LogLevel.Information, Message = "One of a fleet on {Database}: server {Id}, reached at {Url}")]
    public static partial void Joined(ILogger logger, string database, Guid id, string url);

    [LoggerMessage(EventId = 41, Level = LogLevel.Information, Message = "Room {Room} is kept here from now on (epoch {Epoch})")]
    public static partial void Took(ILogger logger, string room, long epoch);

    [LoggerMessage(EventId = 42, Level = LogLevel.Information, Message = "Room {Room} is another server's now ({Url}, epoch {Epoch}); its members are sent there")]
    public static partial void Parted(ILogger logger, string room, string url, long epoch);

    [LoggerMessage(EventId = 43, Level = LogLevel.Warning, Message = "The database does not answer ({Reason}). Rooms in progress go on, but their changes are not durable; new rooms wait until it does")]
    public static partial void Absent(ILogger logger, string reason);

    [LoggerMessage(EventId = 51, Level = LogLevel.Warning, Message = "The database {Database} is not there yet ({Reason}); waiting for it. Until it answers no room can be opened")]
    public static partial void Awaited(ILogger logger, string database, string reason);

    [LoggerMessage(EventId = 52, Level = LogLevel.Error, Message = "The database {Database} is there, but cannot be used: {Reason}. Trying again all the same")]
    public static partial void Unusable(ILogger logger, string database, string reason);

    [LoggerMessage(EventId = 53, Level = LogLevel.Warning, Message = "The database {Database} is there after {Seconds:0.0} s")]
    public static partial void Arrived(ILogger logger, string database, double seconds);

    [LoggerMessage(EventId = 44, Level = LogLevel.Warning, Message = "The database answers again after {Seconds:0.0} s: {Kept} rooms are written anew, {Lost} are another server's by now")]
    public static partial void Answers(ILogger logger, double seconds, int kept, int lost);

    [LoggerMessage(EventId = 45, Level = LogLevel.Information, Message = "Servers of the fleet: {Urls}")]
    public static partial void Servers(ILogger logger, string urls);

    [LoggerMessage(EventId = 46, Level = LogLevel.Warning, Message = "Where room {Room} is could not be asked: {Reason}")]
    public static partial void NotAsked(ILogger logger, string room, string reason);

    [LoggerMessage(EventId = 47, Level = LogLevel.Information, Message = "Draining: {Rooms} rooms are handed to other servers")]
    public static partial void Draining(ILogger logger, int rooms);

    [LoggerMessage(EventId = 48, Level = LogLevel.Information, Message = "Drained: {Handed} rooms were handed over, {Left} left to whoever is asked for them")]
    public static partial void Drained(ILogger logger, int handed, int left);

    [LoggerMessage(EventId = 49, Level = LogLevel.Debug, Message = "News of the fleet cannot be heard ({Reason}); looking every half second meanwhile")]
    public static partial void Deaf(ILogger logger, string reason);

    [LoggerMessage(EventId = 54, Level = LogLevel.Warning, Message = "The server at {Url} keeps a room, but cannot be reached from here: {Reason}. Its clients are told to ask again")]
    public static partial void Unreached(ILogger logger, string url, string reason);

    [LoggerMessage(EventId = 50, Level = LogLevel.Error, Message = "The fleet's loop failed; going on")]
    public static partial void Failed(ILogger logger, Exception exception);
}
