using Jam.Server.Hosting;
using Jam.Peer.Session.Page;
using Microsoft.Extensions.Logging;

namespace Jam.Peer.Session;

/// <summary>What a session did and why, in a file; the server that it may embed logs there, too.</summary>
internal sealed partial class SessionLog : IAsyncDisposable
{
    private readonly FileLog? _file;
    private readonly ILogger _log;

    private SessionLog(FileLog? file, LogLevel level)
    {
        _file = file;
        Level = level;
        Loggers = LoggerFactory.Create(logging =>
        {
            logging.SetMinimumLevel(LogLevel.Trace);
            if (file is not null)
                logging.AddProvider(file);
        });
        _log = Loggers.CreateLogger("session");
    }

    /// <summary>For everyone who logs.</summary>
    public ILoggerFactory Loggers { get; }

    /// <summary>The file; null where there is none.</summary>
    public string? Path => _file?.Path;

    /// <summary>What is logged from now on.</summary>
    public LogLevel Level
    {
        get => _file?.Level ?? LogLevel.None;
        set
        {
            if (_file is not null)
                _file.Level = value;
        }
    }

    /// <summary>Opens the log of a session; one that cannot be written costs a line, not the music.</summary>
    public static SessionLog Open(SessionOptions options, TimeProvider time, Action<string> notice)
    {
        if (options.LogFile is not { } path)
            return new SessionLog(null, LogLevel.None);
        try
        {
            return new SessionLog(FileLog.Open(path, options.LogLevel, time, format: options.LogFormat), options.LogLevel);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            notice($"no log: {path} cannot be written ({e.Message})");
            return new SessionLog(null, LogLevel.None);
        }
    }

    /// <summary>What people are told.</summary>
    public void Told(string line)
    {
        var shown = PageKey.Hide(line);
        Told(_log, shown);
    }

    /// <summary>The session begins.</summary>
    public void Started(string version, SessionOptions options) => Started(_log, version, options.Role, options.Room, options.Name);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Loggers.Dispose();
        if (_file is not null)
            await _file.DisposeAsync();
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "told: {Line}")]
    private static partial void Told(ILogger logger, string line);

    [LoggerMessage(EventId = 2, Level = LogLevel.Information, Message = "SwarmJam {Version} starts as {Role} in room {Room}, named {Name}")]
    private static partial void Started(ILogger logger, string version, Server.Contracts.Role role, string room, string name);
}
